/** Two or three models on one listing, side by side, with a table of what each took and what the checks say. */
import { announce } from "./announce.js";
import { Cell, Cells } from "./writing/cells.js";

const form = document.querySelector("[data-trial]");
const results = document.querySelector("[data-results]");
const row = document.querySelector("[data-groups]");
const template = document.querySelector("[data-cell-template]");
const start = form.querySelector("[data-start]");
const stopAll = form.querySelector("[data-stop-all]");
const note = form.querySelector("[data-choice-note]");
const most = Number(form.dataset.most);
const questions = new Map([...document.querySelectorAll("[data-questions] [data-model]")].map((each) => [each.dataset.model, each]));
let cells = new Cells(() => {});

const chosen = () => [...form.querySelectorAll("[name=model]:checked")];

/** With three chosen the others rest. */
function limit() {
  const count = chosen().length;
  for (const box of form.querySelectorAll("[name=model]")) box.disabled = count >= most && !box.checked;
  start.disabled = count < 2;
  note.classList.toggle("is-over", count < 2);
}

function order(model) {
  const sent = new FormData();
  for (const name of ["tone", "length", "locale"]) sent.set(name, form.elements.namedItem(name).value);
  sent.set("call_to_action", form.querySelector("#call-to-action").checked ? "1" : "0");
  sent.set("model", model);
  return sent;
}

function makeCell(box) {
  const sent = order(box.value);
  const cell = new Cell(template, {
    name: box.dataset.name,
    locale: form.elements.locale.value,
    url: form.action,
    cancelUrl: form.dataset.cancelUrl,
    order: () => sent,
  });
  cell.price = box.dataset.price;
  const make = cell.root.querySelector("[data-make-default]");
  const question = questions.get(box.value);
  make.elements.model.value = box.value;
  make.dataset.confirm = question.textContent;
  make.querySelector("button").setAttribute("aria-label", `Make default: ${cell.name}`);
  const isDefault = "default" in question.dataset;
  make.hidden = isDefault || !("own" in form.dataset); // The operator's key: the model is the operator's choice too.
  cell.root.querySelector("[data-is-default]").hidden = !isDefault;
  return cell;
}

const FIGURES = {
  name: (cell) => cell.name,
  cost: (cell) => cell.version.result.usage.cost_label,
  price: (cell) => cell.price || "not known",
  time: (cell) => (cell.version.result.duration_ms == null ? "not known" : `${(cell.version.result.duration_ms / 1000).toFixed(1)} s`),
  words: (cell) => String(wordsIn(cell.version.parts.description, cell.locale)),
  supported: (cell) => claims(cell, "supported"),
  contradicted: (cell) => claims(cell, "contradicted"),
  unsupported: (cell) => claims(cell, "unsupported"),
  compliance: (cell) => {
    const { violations = [], advice = [] } = cell.version.checked.compliance;
    if (violations.length) return `${violations.length} ${violations.length === 1 ? "violation" : "violations"}`;
    return advice.length ? `no violation, ${advice.length} to review` : "no violation";
  },
};

const claims = (cell, state) => String(cell.version.checked.claims[state] ?? "not checked");
const KNOWN = ["name", "price"];

function wordsIn(text, locale) {
  const parts = new Intl.Segmenter(locale, { granularity: "word" }).segment(text);
  return [...parts].filter((part) => part.isWordLike).length;
}

/** "bad" or "" : what is set off in the table, beside its words. */
const isBad = (key, text) => (key === "contradicted" && text !== "0" && text !== "not checked") || (key === "compliance" && /^\d/.test(text));

function fill() {
  for (const line of document.querySelectorAll("[data-comparison] [data-row]")) {
    const key = line.dataset.row;
    while (line.cells.length > 1) line.lastElementChild.remove();
    for (const cell of cells.all) {
      const made = document.createElement(key === "name" ? "th" : "td");
      if (key === "name") made.scope = "col";
      const ready = KNOWN.includes(key) || cell.version;
      made.textContent = ready ? FIGURES[key](cell) : { failed: "not written", writing: "…", waiting: "…" }[cell.state] || "…";
      if (ready && isBad(key, made.textContent)) made.className = "text-tone tone-danger";
      line.append(made);
    }
  }
}

function showProgress(all) {
  const open = all.open.length;
  start.hidden = open > 0;
  stopAll.hidden = !open;
  if (open && document.activeElement === document.body) stopAll.focus();
  fill();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  cells = new Cells(showProgress);
  const made = chosen().map(makeCell);
  row.dataset.count = made.length;
  row.replaceChildren(...made.map((cell) => cell.root));
  for (const cell of made) cells.add(cell);
  results.hidden = false;
  cells.pump();
  announce("Writing.");
});
stopAll.addEventListener("click", () => {
  cells.stopAll();
  start.focus();
});
form.addEventListener("change", limit);
limit();
