/** The preview of one text: its parts marked, what was found, how it stands. Used by every page that writes. */
import { connect, drawFindings } from "./findings.js";
import { drawDiff } from "./diff.js";
import { drawLegend, markText } from "./marks.js";
import { FIELDS, countWords, itemsOf } from "./reading.js";
import { factsOf } from "./writer.js";

const STATE = { writing: "Writing…", waiting: "Waiting", done: "Draft", failed: "Not written", saved: "Saved" };
const TONE = { failed: "danger", saved: "success", writing: "info" };

export class DraftView {
  constructor(root, locale) {
    this.root = root;
    this.locale = locale;
    connect(this.slot("findings"), this.slot("text"));
  }

  slot(name) {
    return this.root.querySelector(`[data-slot="${name}"]`);
  }

  /** Show a state: writing, done, failed, waiting or saved. */
  show(state) {
    this.root.dataset.state = state;
    this.root.hidden = false;
    const badge = this.slot("state");
    badge.textContent = STATE[state];
    badge.className = `badge tone tone-${TONE[state] || "warning"}`;
  }

  clear() {
    for (const name of [...FIELDS, "facts", "notes", "error", "cure", "counts"]) this.slot(name)?.replaceChildren();
    for (const name of ["findings", "legend"]) this.slot(name).hidden = true;
    this.slot("text").removeAttribute("aria-busy");
  }

  begin() {
    this.clear();
    this.show("writing");
    this.slot("text").setAttribute("aria-busy", "true");
  }

  append(field, text) {
    this.slot(field)?.append(text);
  }

  fail({ message, cure }) {
    this.slot("error").textContent = message;
    this.slot("cure").textContent = cure;
    this.slot("text").removeAttribute("aria-busy");
    this.show("failed");
  }

  /** Draw a version {result, parts, checked}; `saved` given: compared with it instead of marked. */
  draw(version, { curesOf, saved } = {}) {
    this.slot("text").removeAttribute("aria-busy");
    const items = itemsOf(version.checked);
    for (const field of FIELDS) {
      if (saved) drawDiff(this.slot(field), saved[field], version.parts[field], this.locale);
      else markText(this.slot(field), version.parts[field], items.filter((item) => item.field === field));
    }
    drawLegend(this.slot("legend"), saved ? [] : items);
    drawFindings(this.slot("findings"), items, curesOf);
    this.slot("facts").textContent = factsOf(version.result);
    this.slot("notes").textContent = version.problem || (version.result.notes || []).join(" ");
    this.slot("counts").textContent = countWords(version.checked);
    this.show("done");
  }
}

/** A finished generation as a version of the draft. */
export function versionOf(result) {
  const parts = Object.fromEntries(FIELDS.map((field) => [field, result[field] || ""]));
  const { compliance, claims, words } = result;
  return { result, parts, requestId: result.request_id, seen: result.seen_in_photos ?? null, checked: { compliance, claims, words } };
}
