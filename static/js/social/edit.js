/** The editor of a post: the preview follows what is typed, the server counts it, photos change places. */
import { announce } from "../announce.js";
import { postForm, postJson } from "../http.js";

const COUNT_AFTER = 250;
const form = document.querySelector("[data-post-form]");
const stage = document.querySelector("[data-preview]");
const counter = form.querySelector("[data-counter]");
const value = (name) => form.elements.namedItem(name)?.value ?? "";
let timer = 0;
let turn = 0;
let drawing = 0;

const tags = () => value("hashtags").split(/[\s,]+/).filter(Boolean).map((tag) => (tag.startsWith("#") ? tag : `#${tag}`));

function showIn(selector, text) {
  for (const part of stage.querySelectorAll(selector)) {
    part.textContent = text;
    part.hidden = !text;
  }
}

/** What was typed, at once; cleaned tags and the count come from the server a moment later. */
function follow() {
  showIn("[data-look-caption]", value("caption"));
  showIn("[data-look-hashtags]", tags().join(" "));
  showIn("[data-look-link]", value("link"));
  for (const note of stage.querySelectorAll("[data-look-bio]")) note.hidden = !value("link");
  clearTimeout(timer);
  timer = setTimeout(count, COUNT_AFTER);
}

async function count() {
  const mine = ++turn;
  const order = { platform: form.dataset.platform, format: value("format"), caption: value("caption"), hashtags: tags(), link: value("link") };
  const { ok, data } = await postJson(form.dataset.countUrl, order).catch(() => ({ ok: false }));
  // An answer that was overtaken by more typing says nothing any more.
  if (mine !== turn) return;
  if (!ok) {
    counter.textContent = "Not counted just now. It is counted again when you save.";
    return;
  }
  const was = counter.classList.contains("is-over");
  counter.textContent = data.words;
  counter.classList.toggle("is-over", data.over_by > 0);
  document.querySelector("[data-text]").textContent = data.text;
  if (was !== data.over_by > 0) announce(data.words);
}

/** Another choice of photos or format is drawn by the portal: the pictures are cut anew. */
async function redraw() {
  const mine = ++drawing;
  const answer = await postForm(form.dataset.previewUrl, form, { accept: "text/html" }).catch(() => null);
  if (!answer?.ok) return;
  const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").body.firstElementChild;
  if (mine !== drawing) return;
  stage.replaceChildren(drawn);
  follow();
}

function move(button) {
  const item = button.closest("[data-photo]");
  const forward = button.dataset.move === "-1";
  const other = forward ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (forward) other.before(item);
  else other.after(item);
  button.focus();
  const place = [...item.parentElement.children].indexOf(item) + 1;
  announce(`Moved to place ${place}.`);
  item.querySelector("input").dispatchEvent(new Event("change", { bubbles: true }));
}

form.addEventListener("input", (event) => {
  if (["caption", "hashtags", "link"].includes(event.target.name)) follow();
});
form.addEventListener("change", (event) => {
  if (["photos", "format"].includes(event.target.name)) redraw();
});
form.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (button) move(button);
});
// Back in the browser's history the fields hold what was typed: the preview catches up.
window.addEventListener("pageshow", (event) => {
  if (event.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward") follow();
});
