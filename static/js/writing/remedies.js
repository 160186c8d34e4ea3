/** Which buttons a finding gets, and what they do to the text that it stands in. */
import { announce } from "../announce.js";
import { addFeature, openFacts } from "./facts.js";
import { spanToTakeOut, splice, tidy } from "./cures.js";
import { characters, part, toIndex } from "./points.js";

const lower = (text) => text.charAt(0).toLowerCase() + text.slice(1);

/** The instruction that "Rewrite" puts into the refine box. */
export function instructionFor(item) {
  const advice = item.suggestion ? ` ${item.suggestion}` : "";
  return item.state === "word" ? `Say “${item.text}” in other words.${advice}` : `Rewrite “${item.text}”.${advice}`;
}

/**
 * The cures of one finding. `target` is the text that it is in:
 * {locale, text(field), edit(item, text, words), features(words, back), rewrite?(item), show?(item), stale(item)}.
 */
export function remediesFor(item, target) {
  const cures = [];
  const add = (name, label, run) => cures.push({ name, label, run: () => (fits(item, target) ? run() : target.stale()) });
  if (item.state === "contradicted" && item.correction) add("correct", `Use ${item.correction}`, () => correct(item, target));
  if (["violation", "advice", "word"].includes(item.state) && target.rewrite) add("rewrite", "Rewrite", () => target.rewrite(item));
  if (item.state === "unsupported" && item.kind === "feature") add("feature", "Add feature", () => feature(item, target));
  if (target.show) add("show", "Show", () => target.show(item));
  const removable = ["violation", "unsupported", "word"].includes(item.state) || (item.state === "contradicted" && !item.correction);
  if (removable) add("remove", "Take out", () => takeOut(item, target));
  return cures;
}

/** Whether the finding's words still stand where they were found. */
function fits(item, target) {
  return part(target.text(item.field), item.start, item.end) === item.text;
}

function correct(item, target) {
  const text = target.text(item.field);
  const index = toIndex(text);
  const changed = splice(text, index(item.start), index(item.end), item.correction);
  target.edit(item, changed, `“${item.text}” replaced by “${item.correction}”`, [item.start, item.end, characters(item.correction)]);
}

function takeOut(item, target) {
  const text = target.text(item.field);
  const index = toIndex(text);
  const [start, end] = spanToTakeOut(text, index(item.start), index(item.end), target.locale);
  const gone = text.slice(start, end).trim();
  target.edit(item, tidy(splice(text, start, end, "")), `“${gone}” taken out`);
}

function feature(item, target) {
  const label = item.text.charAt(0).toUpperCase() + item.text.slice(1);
  const back = addFeature(item.subject, label);
  if (!back) {
    openFacts();
    announce("It is among the features already. Save the listing to keep it.");
    return;
  }
  target.features(`${lower(label)} added to the features`, back);
  announce("Added to the features. Save the listing to keep it.");
}
