/** The check of what stands in the form, whoever wrote it: counts and findings below the description. */
import { announce } from "../announce.js";
import { Checker } from "./checking.js";
import { chosenFeatures } from "./facts.js";
import { drawFindings } from "./findings.js";
import { toIndex } from "./points.js";
import { countWords, FIELDS, itemsOf } from "./reading.js";
import { remediesFor } from "./remedies.js";
import { Undo } from "./undo.js";

const AFTER_TYPING = 1200;

export class Handwritten {
  constructor(root) {
    this.root = root;
    this.locale = root.dataset.locale;
    this.fields = Object.fromEntries(FIELDS.map((name) => [name, document.querySelector(`[name="text-${this.locale}-${name}"]`)]));
    this.undo = new Undo(root.querySelector("[data-undo]"));
    this.checker = new Checker(root.dataset.checkUrl, this.locale, {
      onChecked: (checked) => this.draw(checked),
      onFailed: (problem) => this.say(problem),
    });
    root.querySelector("[data-check-now]").addEventListener("click", () => this.check(0));
    for (const field of Object.values(this.fields)) {
      field.addEventListener("input", () => this.check(AFTER_TYPING));
      field.addEventListener("blur", () => this.waiting && this.check(0));
    }
    document.getElementById("property-form")?.addEventListener("change", (event) => {
      if (["features", "other_features"].includes(event.target.name) && this.seen) this.check();
    });
    this.whenSeen();
  }

  /** A language's text is checked when its panel is first looked at, not all ten at once. */
  whenSeen() {
    this.seen = false;
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      this.seen = true;
      this.check(0);
    });
    watch.observe(this.root);
  }

  get parts() {
    return Object.fromEntries(FIELDS.map((name) => [name, this.fields[name].value]));
  }

  check(pause) {
    this.waiting = true;
    if (FIELDS.every((name) => !this.fields[name].value.trim())) {
      this.checker.forget();
      this.draw(null);
      return;
    }
    this.checker.soon(this.parts, chosenFeatures(), pause);
  }

  say(words) {
    this.root.querySelector("[data-slot=counts]").textContent = words;
  }

  draw(checked) {
    this.waiting = false;
    const items = itemsOf(checked);
    this.root.dataset.state = checked ? (items.some((item) => ["violation", "contradicted"].includes(item.state)) ? "blocked" : "checked") : "";
    this.say(checked ? countWords(checked) : "No text to check yet.");
    drawFindings(this.root.querySelector("[data-slot=findings]"), items, (item) => remediesFor(item, this.target()));
  }

  /** What the cures work on: the form's own fields. */
  target() {
    return {
      locale: this.locale,
      text: (name) => this.fields[name].value,
      edit: (item, text, words) => this.edit(item, text, words),
      features: (words, back) => {
        this.undo.add(words, back);
        this.check(0);
      },
      show: (item) => this.show(item),
      stale: () => this.check(0),
    };
  }

  edit(item, text, words) {
    const field = this.fields[item.field];
    const before = field.value;
    const put = (value) => {
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      this.check(0);
    };
    put(text);
    this.undo.add(words, () => put(before));
    this.root.querySelector("[data-undo]").focus();
    announce(`${words}.`);
  }

  show(item) {
    const field = this.fields[item.field];
    const index = toIndex(field.value);
    field.focus();
    field.setSelectionRange(index(item.start), index(item.end));
  }
}
