/** What changed between two texts, word by word. */
import { element } from "./marks.js";

// Beyond this many comparisons whole lines are compared instead: a page must not stand still.
const MOST = 4_000_000;

function words(text, locale) {
  if (typeof Intl.Segmenter !== "function") return text.match(/\s+|[^\s]+/gu) || [];
  return Array.from(new Intl.Segmenter(locale, { granularity: "word" }).segment(text), (each) => each.segment);
}

const lines = (text) => text.split(/(?<=\n)/);

function tokens(one, other, locale) {
  const pair = [words(one, locale), words(other, locale)];
  return pair[0].length * pair[1].length > MOST ? [lines(one), lines(other)] : pair;
}

function sharedStart(one, other) {
  let at = 0;
  while (at < one.length && at < other.length && one[at] === other[at]) at += 1;
  return at;
}

/** Lengths of the longest common run of words from each pair of places on. */
function lengths(one, other) {
  const width = other.length + 1;
  const table = new Uint16Array((one.length + 1) * width);
  for (let i = one.length - 1; i >= 0; i -= 1) {
    for (let j = other.length - 1; j >= 0; j -= 1) {
      const here = i * width + j;
      table[here] = one[i] === other[j] ? table[here + width + 1] + 1 : Math.max(table[here + width], table[here + 1]);
    }
  }
  return table;
}

function walk(one, other) {
  const table = lengths(one, other);
  const width = other.length + 1;
  const found = [];
  let [i, j] = [0, 0];
  while (i < one.length && j < other.length) {
    if (one[i] === other[j]) {
      found.push(["same", one[i]]);
      i += 1;
      j += 1;
    } else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) found.push(["del", one[i++]]);
    else found.push(["ins", other[j++]]);
  }
  while (i < one.length) found.push(["del", one[i++]]);
  while (j < other.length) found.push(["ins", other[j++]]);
  return found;
}

/** A lone space between two changes belongs to them: "del ins del ins" reads as one of each. */
function joined(steps) {
  const runs = [];
  let pending = { del: "", ins: "" };
  const flush = () => {
    for (const kind of ["del", "ins"]) if (pending[kind]) runs.push([kind, pending[kind]]);
    pending = { del: "", ins: "" };
  };
  steps.forEach(([kind, text], at) => {
    const between = kind === "same" && text === " " && (pending.del || pending.ins) && steps[at + 1] && steps[at + 1][0] !== "same";
    if (between) {
      pending.del += text;
      pending.ins += text;
    } else if (kind === "same") {
      flush();
      if (runs.at(-1)?.[0] === "same") runs.at(-1)[1] += text;
      else runs.push(["same", text]);
    } else pending[kind] += text;
  });
  flush();
  return runs;
}

/** [["same" | "del" | "ins", text], …] that lead from one text to the other. */
export function diff(before, after, locale = "en") {
  const [one, other] = tokens(before, after, locale);
  const start = sharedStart(one, other);
  const end = sharedStart(one.slice(start).reverse(), other.slice(start).reverse());
  const same = (part) => part.map((text) => ["same", text]);
  return joined([
    ...same(one.slice(0, start)),
    ...walk(one.slice(start, one.length - end), other.slice(start, other.length - end)),
    ...same(one.slice(one.length - end)),
  ]);
}

/** Fill `root` with the changes; screen readers hear which words went and came. */
export function drawDiff(root, before, after, locale) {
  root.replaceChildren(
    ...diff(before, after, locale).map(([kind, text]) => {
      if (kind === "same") return text;
      const hint = kind === "del" ? "removed: " : "added: ";
      return element(kind, "", element("span", "visually-hidden", ` ${hint}`), text);
    }),
  );
}
