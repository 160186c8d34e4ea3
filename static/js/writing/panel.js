/**
 * The writing panel of one language: writes, refines and translates into the preview.
 * Nothing is saved here: "Use this text" fills the form's fields, and Save saves.
 */
import { announce } from "../announce.js";
import { Checker } from "./checking.js";
import { DraftView, versionOf } from "./draft-view.js";
import { chosenFeatures } from "./facts.js";
import { afterEdit, FIELDS, FIELD_NAMES, itemsOf } from "./reading.js";
import { RefineBox } from "./refine-box.js";
import { offerPhotos } from "./photos-along.js";
import { instructionFor, remediesFor } from "./remedies.js";
import { Undo } from "./undo.js";
import { freshKey, Writer } from "./writer.js";

export class Panel {
  constructor(root) {
    this.root = root;
    this.locale = root.dataset.locale;
    this.saved = JSON.parse(root.dataset.saved);
    this.writer = new Writer(root.dataset.url, root.dataset.cancelUrl);
    this.view = new DraftView(this.find("preview"), this.locale);
    this.undo = new Undo(this.find("undo"));
    this.checker = new Checker(root.dataset.checkUrl, this.locale, {
      onChecked: (checked) => this.checked(checked, ""),
      onFailed: (problem) => this.checked(null, `${problem} The marks are from before the change.`),
    });
    this.refineBox = new RefineBox(root, () => this.refine());
    Object.assign(this, { versions: [], at: -1, comparing: false, extra: {} });
    this.listen();
    if (root.dataset.outcome) this.take(JSON.parse(root.dataset.outcome));
  }

  find(name) {
    return this.root.querySelector(`[data-${name}]`);
  }

  listen() {
    const on = (name, run) => this.find(name)?.addEventListener("click", (event) => {
      event.preventDefault();
      run(event);
    });
    on("generate-start", () => this.start({}));
    on("generate-again", () => this.start(this.extra));
    // Stop stands where Generate stood: the second click of a double one is not meant for it.
    on("generate-stop", ({ detail }) => detail < 2 && this.writer.stop());
    on("generate-use", () => this.use(FIELDS));
    on("compare", () => this.compare(!this.comparing));
    on("version-back", () => this.step(-1));
    on("version-forward", () => this.step(1));
    on("refresh", () => this.start({ refresh: "1" }));
    offerPhotos(this.find("photos-along"), this.find("model"));
    this.root.addEventListener("click", (event) => {
      const button = event.target.closest("[data-use-part], [data-translate-from]");
      if (!button) return;
      event.preventDefault();
      button.closest("details")?.removeAttribute("open");
      if (button.dataset.usePart) this.use([button.dataset.usePart]);
      else this.start({ translate_from: button.dataset.translateFrom });
    });
  }

  get current() {
    return this.versions[this.at];
  }

  field(name) {
    return document.querySelector(`[name="text-${this.locale}-${name}"]`);
  }

  order(extra) {
    const form = new FormData();
    form.set("locale", this.locale);
    form.set("tone", this.find("tone").value);
    form.set("length", this.find("length").value);
    form.set("call_to_action", this.find("call-to-action").checked ? "1" : "0");
    form.set("idempotency_key", this.find("idempotency-key").value);
    const model = this.find("model")?.value;
    if (model) form.set("model", model);
    // Photos go along with a new text, and not where one is worked on.
    const along = this.find("photos-along");
    if (along?.checked && !along.disabled && !Object.keys(extra).length) form.set("photos", along.value);
    for (const [name, value] of Object.entries(extra)) form.set(name, value);
    return form;
  }

  async start(extra) {
    if (this.writer.running) return;
    this.extra = extra;
    this.checker.forget();
    this.compare(false, false);
    this.view.begin();
    announce("Writing.");
    const writing = this.writer.write(this.order(extra), (field, text) => this.view.append(field, text));
    this.toggle();
    const { result, failed } = await writing;
    // The next click is another order, also after a failure.
    this.find("idempotency-key").value = freshKey();
    if (result) this.take(result);
    else this.fail(failed);
    this.toggle();
  }

  take(result) {
    this.versions.push(versionOf(result));
    this.at = this.versions.length - 1;
    this.refineBox.close();
    this.draw();
    const found = itemsOf(this.current.checked).filter((item) => item.state !== "supported").length;
    announce(`Done. The text is in the preview${found ? `, with ${found} ${found === 1 ? "finding" : "findings"}` : ""}.`);
  }

  fail(failed) {
    this.view.fail(failed);
    this.showVersions();
    announce(failed.code === "cancelled" ? "Stopped." : `Not written. ${failed.message}`);
  }

  refine() {
    const instruction = this.refineBox.value;
    if (instruction && this.current) this.start({ instruction, refine_request_id: String(this.current.requestId) });
  }

  draw() {
    const curesOf = (item) => remediesFor(item, this.target());
    this.view.draw(this.current, { curesOf, saved: this.comparing ? this.saved : null });
    this.find("generate-use").disabled = false;
    this.showVersions();
    this.toggle();
  }

  showVersions() {
    const failed = this.view.root.dataset.state === "failed";
    this.find("versions").hidden = this.versions.length < 2 && !(failed && this.versions.length);
    this.find("version-back").disabled = !failed && this.at <= 0;
    this.find("version-forward").hidden = failed || this.at >= this.versions.length - 1;
    this.view.slot("version").textContent = failed ? "" : `Version ${this.at + 1} of ${this.versions.length}`;
  }

  step(by) {
    if (this.view.root.dataset.state !== "failed") this.at = Math.min(Math.max(this.at + by, 0), this.versions.length - 1);
    this.draw();
    announce(`Version ${this.at + 1} of ${this.versions.length}.`);
  }

  compare(on, redraw = true) {
    this.comparing = on;
    this.find("compare").setAttribute("aria-pressed", String(on));
    const note = this.view.slot("comparison");
    const empty = FIELDS.every((name) => !this.saved[name]);
    note.hidden = !on;
    note.textContent = empty ? "There is no saved text yet: all of it is new." : "Compared with the saved text: struck through goes, underlined comes.";
    if (redraw && this.current) this.draw();
  }

  /** While it writes, Stop stands in the place of Generate, and keeps its focus. */
  toggle() {
    const writing = Boolean(this.writer.running);
    const [start, stop] = [this.find("generate-start"), this.find("generate-stop")];
    const focused = document.activeElement;
    start.hidden = writing;
    stop.hidden = !writing;
    if (writing) this.find("generate-use").disabled = true;
    if (writing && (focused === start || focused === document.body)) stop.focus();
    if (!writing && focused === stop) start.focus();
  }

  /** What the findings' cures work on: the version that is shown. */
  target() {
    return {
      locale: this.locale,
      text: (field) => this.current.parts[field],
      edit: (item, text, words, span) => this.edit(item, text, words, span),
      features: (words, back) => this.changed(words, back),
      rewrite: (item) => this.refineBox.open(instructionFor(item)),
      stale: () => this.recheck(0),
    };
  }

  edit(item, text, words, span) {
    const version = this.current;
    const before = { parts: version.parts, checked: version.checked };
    version.parts = { ...version.parts, [item.field]: text };
    if (span) version.checked = afterEdit(version.checked, item.field, ...span);
    this.changed(words, () => Object.assign(version, before));
    announce(`${words}.`);
  }

  changed(words, back) {
    const at = this.at;
    this.undo.add(words, () => {
      back();
      this.at = at;
      this.draw();
      this.recheck();
    });
    this.draw();
    this.find("undo").focus();
    this.recheck(0);
  }

  recheck(pause) {
    this.checker.soon(this.current.parts, chosenFeatures(), pause, this.current.seen);
  }

  checked(checked, problem) {
    if (checked) this.current.checked = checked;
    this.current.problem = problem;
    if (!this.writer.running) this.draw();
  }

  use(names) {
    const { parts, requestId } = this.current;
    const all = [...FIELDS, "request_id"];
    const before = Object.fromEntries(all.map((name) => [name, this.field(name)?.value ?? ""]));
    for (const name of names) fill(this.field(name), parts[name]);
    fill(this.field("request_id"), String(requestId));
    const what = names.length > 1 ? "text" : FIELD_NAMES[names[0]];
    this.undo.add(`${what} put into the form`, () => {
      for (const name of all) fill(this.field(name), before[name]);
      this.find("generate-use").focus();
    });
    this.field(names[0])?.focus();
    announce(`The ${what} is in the form. Save to keep it.`);
  }
}

function fill(field, value) {
  if (!field) return;
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
