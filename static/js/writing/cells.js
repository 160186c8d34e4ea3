/** Several texts written at once: a cell each, a few at a time, the others in turn. */
import { announce } from "../announce.js";
import { DraftView, versionOf } from "./draft-view.js";
import { freshKey, Writer } from "./writer.js";

// Browsers hold six connections to one host: one stays free for Stop and Save.
const AT_ONCE = 5;
const MOST_BUSY_TRIES = 20;

export class Cell {
  /** `order()` gives the FormData of its text; `locale` is the text's language. */
  constructor(template, { name, locale, url, cancelUrl, order }) {
    this.root = template.content.firstElementChild.cloneNode(true);
    Object.assign(this, { name, locale, order, busyTries: 0, version: null, state: "waiting" });
    this.writer = new Writer(url, cancelUrl);
    this.view = new DraftView(this.root, locale);
    this.view.slot("name").textContent = name;
    this.view.slot("text").lang = locale;
    this.stopButton = this.root.querySelector("[data-cell-stop]");
    this.againButton = this.root.querySelector("[data-cell-again]");
    this.stopButton.setAttribute("aria-label", `Stop: ${name}`);
    this.againButton.setAttribute("aria-label", `Try again: ${name}`);
    this.stopButton.addEventListener("click", () => this.stop());
    this.set("waiting");
  }

  set(state) {
    this.state = state;
    this.view.show(state);
    const focused = document.activeElement === this.stopButton || document.activeElement === this.againButton;
    this.stopButton.hidden = !["waiting", "writing"].includes(state);
    this.againButton.hidden = !["failed", "done"].includes(state);
    if (focused) (this.stopButton.hidden ? this.againButton : this.stopButton).focus();
    this.root.dispatchEvent(new CustomEvent("pwb:cell", { bubbles: true, detail: this }));
  }

  /** Write it; resolves to the seconds after which to try again where the portal is busy. */
  async run() {
    this.view.begin();
    this.set("writing");
    const order = this.order();
    order.set("idempotency_key", freshKey());
    const { result, failed } = await this.writer.write(order, (field, text) => this.view.append(field, text));
    if (result) return this.finish(result);
    if (failed.code === "busy" && this.busyTries < MOST_BUSY_TRIES) {
      this.busyTries += 1;
      this.set("waiting");
      return failed.retryAfter || 5;
    }
    this.view.fail(failed);
    this.set("failed");
    return 0;
  }

  finish(result) {
    this.version = versionOf(result);
    this.view.draw(this.version);
    this.set("done");
    return 0;
  }

  stop() {
    if (this.state === "writing") this.writer.stop();
    else if (this.state === "waiting") {
      this.view.fail({ message: "Stopped before it began.", cure: "", code: "cancelled" });
      this.set("failed");
    }
  }
}

export class Cells {
  /** `onChange(cells)` is called whenever a cell begins or ends. */
  constructor(onChange) {
    this.all = [];
    this.running = 0;
    this.onChange = onChange;
  }

  add(cell) {
    this.all.push(cell);
    cell.againButton.addEventListener("click", () => {
      cell.set("waiting");
      this.pump();
    });
  }

  get open() {
    return this.all.filter((cell) => ["waiting", "writing"].includes(cell.state));
  }

  pump() {
    for (const cell of this.all) {
      if (this.running >= AT_ONCE) break;
      if (cell.state === "waiting" && !cell.resting) this.start(cell);
    }
    this.onChange(this);
  }

  async start(cell) {
    this.running += 1;
    const pause = await cell.run();
    this.running -= 1;
    if (pause) {
      cell.resting = true;
      setTimeout(() => {
        cell.resting = false;
        this.pump();
      }, pause * 1000);
    }
    this.pump();
    if (!this.open.length) this.tell();
  }

  tell() {
    const done = this.all.filter((cell) => cell.state === "done" || cell.state === "saved").length;
    announce(`Finished: ${done} of ${this.all.length} texts are written.`);
  }

  /** Those that wait first, so that none of them begins when another ends. */
  stopAll() {
    for (const cell of this.open.sort((one) => (one.state === "waiting" ? -1 : 1))) cell.stop();
    this.pump();
  }
}
