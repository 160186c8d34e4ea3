/** Has the portal check a text that was changed here, a moment after the last change. */
import { postJson } from "../http.js";

const PAUSE = 350;

export class Checker {
  /** `onChecked(checked)` hears {compliance, claims}, `onFailed(message)` why there is none. */
  constructor(url, locale, { onChecked, onFailed }) {
    Object.assign(this, { url, locale, onChecked, onFailed, timer: 0, running: null });
  }

  /**
   * Check `parts` soon; `features` are the listing's as the form has them, saved or not, and `seen`
   * the wordings that the text owes to photos.
   */
  soon(parts, features, pause = PAUSE, seen = null) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(parts, features, seen), pause);
  }

  async now(parts, features, seen = null) {
    clearTimeout(this.timer);
    this.running?.abort();
    const running = (this.running = new AbortController());
    try {
      const body = { locale: this.locale, ...parts, ...(features ? { features } : {}), ...(seen?.length ? { seen_in_photos: seen } : {}) };
      const answer = await postJson(this.url, body, { signal: running.signal });
      if (running !== this.running) return;
      if (answer.ok && answer.data?.claims) this.onChecked(answer.data);
      else this.onFailed(answer.data?.error?.message || "The text could not be checked.");
    } catch (error) {
      if (error.name !== "AbortError") this.onFailed("The portal could not be reached to check the text.");
    }
  }

  forget() {
    clearTimeout(this.timer);
    this.running?.abort();
    this.running = null;
  }
}
