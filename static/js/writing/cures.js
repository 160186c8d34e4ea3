/** Changes to a text that a finding asks for. All of them work on indexes of the string itself. */

/** `text` with the part between two indexes replaced. */
export const splice = (text, start, end, by) => text.slice(0, start) + by + text.slice(end);

function sentences(text, locale) {
  if (typeof Intl.Segmenter !== "function") {
    return [...text.matchAll(/[^.!?。！？]+[.!?。！？]*\s*/gu)].map((match) => [match.index, match.index + match[0].length]);
  }
  const parts = new Intl.Segmenter(locale, { granularity: "sentence" }).segment(text);
  return [...parts].map((each) => [each.index, each.index + each.segment.length]);
}

/** A title's parts, as commas and dashes cut it; each ends after its separator. */
function clauses(text) {
  const found = [];
  let start = 0;
  for (const match of text.matchAll(/\s+[-–—|·:]\s+|[,;，、]\s*(?!\d)|:\s+/gu)) {
    found.push([start, match.index + match[0].length]);
    start = match.index + match[0].length;
  }
  found.push([start, text.length]);
  return found;
}

const around = (parts, start, end) => {
  const held = parts.filter(([from, to]) => from < end && start < to);
  return held.length ? [held[0][0], held.at(-1)[1]] : [start, end];
};

const covers = ([from, to], text) => !text.slice(0, from).trim() && !text.slice(to).trim();

/**
 * What to take out so that the claim between two indexes is gone and the rest still reads:
 * the sentence, in a text of one sentence the clause, and in one of one clause the words themselves.
 */
export function spanToTakeOut(text, start, end, locale) {
  const whole = around(sentences(text, locale), start, end);
  if (!covers(whole, text)) return whole;
  const clause = around(clauses(text), start, end);
  return covers(clause, text) ? [start, end] : clause;
}

/** A text after something was taken out: no doubled or stray space, no separator at its ends. */
export function tidy(text) {
  return text
    .replace(/[^\S\n]{2,}/g, " ")
    .replace(/[^\S\n]+\n/g, "\n")
    .replace(/\n{3,}/g, "\n\n")
    .replace(/^[\s,;|·–—:-]+|[\s,;|·–—:-]+$/gu, "");
}
