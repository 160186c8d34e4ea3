/**
 * A listing's photos without leaving the page: dropped or chosen files go up one by one, and what
 * the buttons do is fetched. What is shown comes from the server each time.
 */
import { announce } from "../announce.js";
import { postForm } from "../http.js";
import { sortable } from "./order.js";
import { upload } from "./uploads.js";

class Manager {
  constructor(root) {
    this.root = root;
    this.form = root.querySelector("[data-photo-upload]");
    this.list = root.querySelector("[data-photo-uploads]");
    this.grid = root.querySelector("[data-photo-grid]");
    // One after the other: whatever is asked for while something else is under way has its turn after it.
    this.turn = Promise.resolve();
    this.uploads = Promise.resolve();
    this.uploading = 0;
    this.waiting = new Set();
    this.drawing = 0;
    const field = this.form.elements.photos;
    field.addEventListener("change", () => this.take(field.files));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.listenToDrops();
    root.addEventListener("submit", (event) => this.submit(event));
    sortable(this.grid, (ids) => this.order(ids));
    window.addEventListener("beforeunload", (event) => this.uploading > 0 && event.preventDefault());
  }

  listenToDrops() {
    const files = (event) => [...event.dataTransfer.types].includes("Files");
    this.root.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.root.classList.add("is-over");
    });
    this.root.addEventListener("dragleave", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.root.classList.remove("is-over");
    });
    this.root.addEventListener("drop", (event) => {
      this.root.classList.remove("is-over");
      if (!files(event)) return;
      event.preventDefault();
      this.take(event.dataTransfer.files);
    });
  }

  take(files) {
    const chosen = [...files];
    if (!chosen.length) return;
    const goesOn = this.uploading > 0;
    this.uploading += 1;
    this.form.elements.photos.disabled = true;
    this.uploads = this.uploads.then(() => this.send(chosen, goesOn));
  }

  async send(chosen, goesOn) {
    const kept = await upload(this.form.action, chosen, this.list, goesOn);
    this.uploading -= 1;
    if (!this.uploading) {
      this.form.elements.photos.disabled = false;
      this.form.reset();
    }
    if (kept) await this.redraw();
    const refused = chosen.length - kept;
    announce(`${kept} ${kept === 1 ? "photo" : "photos"} added${refused ? `, ${refused} refused` : ""}.`);
  }

  submit(event) {
    const form = event.target;
    if (!form.matches("[data-photo-form]") || event.defaultPrevented) return;
    event.preventDefault();
    // Pressed twice counts once.
    const body = new FormData(form);
    const key = [...body.values(), event.submitter?.formAction].join();
    if (this.waiting.has(key)) return;
    this.waiting.add(key);
    event.submitter?.setAttribute("aria-busy", "true");
    this.turn = this.turn.then(() => this.act(form, event.submitter, body)).finally(() => this.waiting.delete(key));
  }

  async act(form, button, body) {
    const describes = Boolean(button && "photoDescribe" in button.dataset);
    if (describes) announce("Looking at the photo.");
    const { ok, data } = await this.post(button?.getAttribute("formaction") || form.action, body);
    button?.removeAttribute("aria-busy");
    if (!ok) this.complain(this.present(form), data);
    else if (describes) this.fill(this.present(form), data, body.get("alt_text"));
    else await this.shown(form, data, button, body);
  }

  /** The photo's form as it stands now: the grid may have been drawn anew while an answer was on its way. */
  present(form) {
    if (form.isConnected) return form;
    const place = form.closest("[data-photo]").dataset.photo;
    return this.grid.querySelector(`[data-photo="${place}"] [data-photo-alt]`)?.form ?? form;
  }

  async post(url, body) {
    try {
      const response = await postForm(url, body);
      return { ok: response.ok, data: await response.json() };
    } catch {
      return { ok: false, data: null };
    }
  }

  /** The photos as they are now, and what was done in words; other alt texts that are being written stay. */
  async shown(form, data, button, body) {
    const place = form.closest("[data-photo]").dataset.photo;
    const nameOf = (each) => each?.title || each?.textContent.trim();
    if (!(await this.redraw(form, body.get("alt_text")))) return;
    announce(data.message);
    // The pressed button is a new one now, or cannot be pressed any more: focus goes on beside it.
    const card = this.grid.querySelector(`[data-photo="${place}"]`);
    const others = [...(card?.querySelectorAll("button:not(:disabled)") ?? [])];
    (others.find((each) => nameOf(each) === nameOf(button)) ?? others[0] ?? this.form.elements.photos).focus();
  }

  /** Draws the photos as the server has them; words that are typed and not saved stay. Whether it could. */
  async redraw(saved = null, sent = null) {
    const mine = ++this.drawing;
    const fresh = await this.fetched();
    // A later drawing knows more.
    if (mine !== this.drawing) return true;
    if (!fresh) {
      this.tell("The photos could not be drawn anew: the connection was lost, or you were signed out. What you typed is still here; sign in again in another tab, then reload this page.");
      return false;
    }
    const unsaved = [...this.grid.querySelectorAll("[data-photo-alt]")]
      .filter((field) => field.value !== field.defaultValue && !(field.form.action === saved?.action && field.value === sent))
      .map((field) => [field.id, field.value, field.form.elements.request_id.value]);
    this.grid.replaceChildren(...fresh.children);
    for (const [id, value, request] of unsaved) {
      const field = document.getElementById(id);
      if (!field) continue;
      field.value = value;
      field.form.elements.request_id.value = request;
    }
    return true;
  }

  async fetched() {
    try {
      const response = await fetch(this.root.dataset.page, { credentials: "same-origin", headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      return response.ok ? page.querySelector("[data-photo-grid]") : null;
    } catch {
      return null;
    }
  }

  /** Said in sight, above the photos. */
  tell(words) {
    const line = document.createElement("li");
    line.className = "photo-upload is-refused";
    line.setAttribute("role", "alert");
    line.textContent = words;
    this.list.replaceChildren(line);
    this.list.hidden = false;
  }

  async order(ids) {
    const body = new FormData();
    for (const id of ids) body.append("order", id);
    const url = this.grid.querySelector('input[name="steps"]').form.action;
    const { ok, data } = await this.post(url, body);
    if (!ok) this.tell(this.words(data));
    else if (await this.redraw()) announce(data.message);
  }

  fill(form, data, asked) {
    const field = form.elements.alt_text;
    if (field.value !== asked) {
      // Somebody wrote on meanwhile: that stays.
      this.complain(form, null, `Written meanwhile: “${data.alt_text}”`);
      return;
    }
    field.value = data.alt_text;
    form.elements.request_id.value = data.request_id;
    this.complain(form, null, (data.warnings ?? []).join(" "));
    field.focus();
    announce("An alt text is written. Save it to keep it.");
  }

  words(data) {
    return [data?.error?.message, data?.error?.resolution].filter(Boolean).join(" ") || "The connection was lost. Try again.";
  }

  complain(form, data, words = null) {
    const told = words ?? this.words(data);
    const note = form.closest("[data-photo]").querySelector("[data-photo-problem]");
    note.textContent = told;
    note.hidden = !told;
  }
}

for (const root of document.querySelectorAll("[data-photos]")) new Manager(root);
