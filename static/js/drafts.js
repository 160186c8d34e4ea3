/** Several languages and variants at once, and keeping one of them as the listing's draft. */
import { announce } from "./announce.js";
import { postForm } from "./http.js";
import { Cell, Cells } from "./writing/cells.js";

const form = document.querySelector("[data-drafts]");
const results = document.querySelector("[data-results]");
const groups = document.querySelector("[data-groups]");
const templates = (name) => document.querySelector(`[data-${name}-template]`);
const start = form.querySelector("[data-start]");
const stopAll = form.querySelector("[data-stop-all]");
const planned = form.querySelector("[data-planned]");
const plain = planned.textContent;
const along = form.querySelector("[data-photos-along]");
let cells = new Cells(() => {});

const photosGo = () => Boolean(along?.checked && !along.disabled);
const chosen = () => [...form.querySelectorAll("[name=locale]:checked")];

function plan() {
  const count = chosen().length * Number(form.elements.variants.value);
  start.disabled = !count;
  if (!count) planned.textContent = "Choose at least one language.";
  else {
    const price = (Number(planned.dataset.price) + (photosGo() ? Number(along.dataset.price) : 0)) * count;
    const known = planned.dataset.price && (!photosGo() || along.dataset.price);
    const about = known ? `, about ${new Intl.NumberFormat("en", { maximumSignificantDigits: 2 }).format(price)} ¢ together` : "";
    planned.textContent = `${count} ${count === 1 ? "text" : "texts"}${about}. ${plain}`;
  }
}

function order(locale, variant) {
  const sent = new FormData();
  for (const name of ["tone", "length"]) sent.set(name, form.elements.namedItem(name).value);
  sent.set("call_to_action", form.querySelector("#call-to-action").checked ? "1" : "0");
  if (photosGo()) sent.set("photos", along.value);
  sent.set("locale", locale);
  sent.set("variant", String(variant));
  return sent;
}

function group(box, variants) {
  const made = templates("group").content.firstElementChild.cloneNode(true);
  made.querySelector("[data-group-name]").textContent = box.dataset.name;
  const row = made.querySelector("[data-group-row]");
  row.dataset.count = variants;
  for (let variant = 0; variant < variants; variant += 1) {
    // Fixed now: what is chosen above may change before this one's turn.
    const sent = order(box.value, variant);
    const name = variants > 1 ? `${box.dataset.name}, variant ${variant + 1}` : box.dataset.name;
    const cell = new Cell(templates("cell"), { name, locale: box.value, url: form.action, cancelUrl: form.dataset.cancelUrl, order: () => sent });
    cells.add(cell);
    row.append(cell.root);
    watchSave(cell);
  }
  return made;
}

function showProgress(all) {
  const open = all.open.length;
  start.hidden = open > 0;
  stopAll.hidden = !open;
  if (open && document.activeElement === document.body) stopAll.focus();
}

function watchSave(cell) {
  const save = cell.root.querySelector("[data-save-draft]");
  save.hidden = true;
  cell.root.addEventListener("pwb:cell", () => {
    save.hidden = cell.state !== "done";
    if (cell.state === "done") cell.root.querySelector("[data-saved]").hidden = true;
  });
  save.querySelector("button").setAttribute("aria-label", `Save as draft: ${cell.name}`);
  save.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(cell, save);
  });
}

// One after the other: each save gives the version that the next one must name.
let turn = Promise.resolve();
const keep = (cell, save) => {
  turn = turn.then(() => saveDraft(cell, save));
};

async function saveDraft(cell, save) {
  const url = form.dataset.saveUrl.replace("/0/", `/${cell.version.requestId}/`);
  const problem = cell.root.querySelector("[data-problem]");
  problem.hidden = true;
  try {
    const answer = await postForm(url, save);
    const data = await answer.json();
    if (data.lock_version) for (const field of document.querySelectorAll("[data-save-draft] [name=lock_version]")) field.value = data.lock_version;
    if (!data.success) throw new Error(`${data.error.message} ${data.error.resolution}`);
    saved(cell, data.locale);
  } catch (error) {
    problem.textContent = error instanceof TypeError || error instanceof SyntaxError ? "It was not saved: the portal could not be reached. Save it again." : error.message;
    problem.hidden = false;
  }
}

function saved(cell, locale) {
  for (const other of cells.all) if (other.locale === locale && other.state === "saved") other.set("done");
  cell.set("saved");
  const note = cell.root.querySelector("[data-saved]");
  const review = note.querySelector("[data-review]");
  review.pathname = review.pathname.replace(/\/xx\/review$/, `/${locale}/review`);
  note.querySelector("[data-open]").hash = `text-${locale}-panel`;
  note.hidden = false;
  review.focus();
  announce(`${cell.name} is saved as a draft.`);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  cells = new Cells(showProgress);
  groups.replaceChildren(...chosen().map((box) => group(box, Number(form.elements.variants.value))));
  results.hidden = false;
  cells.pump();
  announce("Writing.");
});
stopAll.addEventListener("click", () => {
  cells.stopAll();
  start.focus();
});
for (const [name, on] of [["all", true], ["none", false]]) {
  form.querySelector(`[data-${name}]`).addEventListener("click", () => {
    for (const box of form.querySelectorAll("[name=locale]")) box.checked = on;
    plan();
  });
}
form.addEventListener("change", plan);
window.addEventListener("beforeunload", (event) => {
  if (cells.open.length) event.preventDefault();
});
plan();
