/** Steps that can be taken back, newest first, behind one button. */
import { announce } from "../announce.js";

export class Undo {
  constructor(button) {
    this.button = button;
    this.steps = [];
    button.addEventListener("click", () => this.back());
    this.show();
  }

  /** `words` say what was done; `back` takes it back. */
  add(words, back) {
    this.steps.push({ words, back });
    this.show();
  }

  back() {
    const step = this.steps.pop();
    if (!step) return;
    step.back();
    this.show();
    announce(`Taken back: ${step.words}`);
    // The button that was pressed is gone: the keyboard must not be left nowhere.
    const lost = [this.button, document.body].includes(document.activeElement);
    if (!this.steps.length && lost) this.button.closest("[data-undo-scope]")?.querySelector("[data-after-undo]")?.focus();
  }

  show() {
    this.button.hidden = !this.steps.length;
    this.button.title = this.steps.length ? `Undo: ${this.steps.at(-1).words}` : "";
  }
}
