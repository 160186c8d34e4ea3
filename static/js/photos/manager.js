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
    this.uploading = false;
    this.busy = false;
    const field = this.form.elements.photos;
    field.addEventListener("change", () => this.take(field.files));
    this.form.addEventListener("submit", (event) => event.preventDefault());
    this.listenToDrops();
    root.addEventListener("submit", (event) => this.submit(event));
    sortable(this.grid, (ids) => this.order(ids));
    window.addEventListener("beforeunload", (event) => this.uploading && event.preventDefault());
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

  async take(files) {
    const chosen = [...files];
    if (!chosen.length || this.uploading) return;
    this.uploading = true;
    this.form.elements.photos.disabled = true;
    const kept = await upload(this.form.action, chosen, this.list);
    this.uploading = false;
    this.form.elements.photos.disabled = false;
    this.form.reset();
    if (kept) await this.redraw();
    const refused = chosen.length - kept;
    announce(`${kept} ${kept === 1 ? "photo" : "photos"} added${refused ? `, ${refused} refused` : ""}.`);
  }

  async submit(event) {
    const form = event.target;
    if (!form.matches("[data-photo-form]") || event.defaultPrevented) return;
    event.preventDefault();
    if (this.busy) return;
    this.busy = true;
    const button = event.submitter;
    const describes = Boolean(button && "photoDescribe" in button.dataset);
    if (describes) announce("Looking at the photo.");
    button?.setAttribute("aria-busy", "true");
    const { ok, data } = await this.post(button?.getAttribute("formaction") || form.action, new FormData(form));
    button?.removeAttribute("aria-busy");
    this.busy = false;
    if (!ok) this.complain(this.present(form), data);
    else if (describes) this.fill(this.present(form), data);
    else await this.shown(form, data, button);
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
  async shown(form, data, button) {
    const place = form.closest("[data-photo]").dataset.photo;
    const nameOf = (each) => each?.title || each?.textContent.trim();
    await this.redraw(form);
    announce(data.message);
    // The pressed button is a new one now, or cannot be pressed any more: focus goes on beside it.
    const card = this.grid.querySelector(`[data-photo="${place}"]`);
    const others = [...(card?.querySelectorAll("button:not(:disabled)") ?? [])];
    (others.find((each) => nameOf(each) === nameOf(button)) ?? others[0] ?? this.form.elements.photos).focus();
  }

  async redraw(saved = null) {
    const unsaved = [...this.grid.querySelectorAll("[data-photo-alt]")]
      .filter((field) => field.value !== field.defaultValue && field.form !== saved)
      .map((field) => [field.id, field.value, field.form.elements.request_id.value]);
    const response = await fetch(this.root.dataset.page, { credentials: "same-origin", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.querySelector("[data-photo-grid]");
    if (!response.ok || !fresh) return window.location.reload();
    this.grid.replaceChildren(...fresh.children);
    for (const [id, value, request] of unsaved) {
      const field = document.getElementById(id);
      if (!field) continue;
      field.value = value;
      field.form.elements.request_id.value = request;
    }
    return undefined;
  }

  async order(ids) {
    const body = new FormData();
    for (const id of ids) body.append("order", id);
    const url = this.grid.querySelector('input[name="steps"]').form.action;
    const { ok, data } = await this.post(url, body);
    await this.redraw();
    announce(ok ? data.message : "The order could not be saved.");
  }

  fill(form, data) {
    const field = form.elements.alt_text;
    field.value = data.alt_text;
    form.elements.request_id.value = data.request_id;
    this.complain(form, null, (data.warnings ?? []).join(" "));
    field.focus();
    announce("An alt text is written. Save it to keep it.");
  }

  complain(form, data, words = null) {
    const error = data?.error;
    const told = words ?? ([error?.message, error?.resolution].filter(Boolean).join(" ") || "The connection was lost. Try again.");
    const note = form.closest("[data-photo]").querySelector("[data-photo-problem]");
    note.textContent = told;
    note.hidden = !told;
  }
}

for (const root of document.querySelectorAll("[data-photos]")) new Manager(root);
