/** Draws a text with its findings underlined by their state; never by colour alone, and never as HTML. */
import { toIndex } from "./points.js";
import { STATES, STATE_WORDS } from "./reading.js";

export function element(tag, className = "", ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

/** What a mark says when the pointer rests on it. */
export function words(item) {
  if (item.state === "violation" || item.state === "advice") {
    const about = item.protected_class ? ` (${item.protected_class})` : "";
    return `${sentence(STATE_WORDS[item.state])}${about}. ${item.suggestion || item.why || ""}`.trim();
  }
  return item.message || `${sentence(STATE_WORDS[item.state])}.`;
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Stretches of text, each with the gravest item that covers it. */
function stretches(text, items) {
  const index = toIndex(text);
  const spans = items
    .map((item) => ({ item, start: index(item.start), end: index(item.end) }))
    .filter((span) => span.start < span.end);
  const cuts = [...new Set([0, text.length, ...spans.flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  const gravest = (start) =>
    spans
      .filter((span) => span.start <= start && start < span.end)
      .sort((one, other) => STATES.indexOf(one.item.state) - STATES.indexOf(other.item.state))[0]?.item;
  const found = [];
  for (let at = 0; at + 1 < cuts.length; at += 1) {
    const item = gravest(cuts[at]);
    const last = found.at(-1);
    if (last && last.item === item) last.end = cuts[at + 1];
    else found.push({ item, start: cuts[at], end: cuts[at + 1] });
  }
  return found;
}

function mark(item, text, isLast) {
  const made = element("mark", `mark mark-${item.state}`, text);
  made.dataset.finding = item.id ?? "";
  made.title = words(item);
  // Said aloud for what needs a look; a text full of "supported" would be hard to hear.
  if (isLast && item.state !== "supported") {
    made.append(element("span", "visually-hidden", ` (${STATE_WORDS[item.state]})`));
  }
  return made;
}

/** Fill `root` with the text, marked. `items` are those of this field. */
export function markText(root, text, items) {
  const found = stretches(text, items);
  const last = new Map(found.map((stretch) => [stretch.item, stretch]));
  root.replaceChildren(
    ...found.map((stretch) => {
      const piece = text.slice(stretch.start, stretch.end);
      return stretch.item ? mark(stretch.item, piece, last.get(stretch.item) === stretch) : piece;
    }),
  );
}

/** What the underlines mean, for the states that occur. */
export function drawLegend(list, items) {
  const states = STATES.filter((state) => items.some((item) => item.state === state)).reverse();
  list.replaceChildren(
    ...states.map((state) => {
      const sample = element("span", `mark mark-${state}`, "abc");
      sample.setAttribute("aria-hidden", "true");
      return element("li", "", sample, ` ${sentence(STATE_WORDS[state])}`);
    }),
  );
  list.hidden = !states.length;
}
