/** The import page: sends the file and shows what happens to it, row by row. Without it the answer is a plain page. */
import { announce } from "./announce.js";
import { HttpError, postEvents } from "./http.js";

const numbers = new Intl.NumberFormat("en");
const form = document.querySelector("[data-import]");
const run = document.querySelector("[data-import-run]");
const part = (name) => run.querySelector(`[data-import-${name}]`);
const meter = part("meter");
const problems = part("problems");
let running = null;

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

function begin(file) {
  complain("");
  run.hidden = false;
  part("stop").hidden = false;
  part("title").textContent = `Importing ${file.name}`;
  part("outcome").replaceChildren();
  problems.hidden = true;
  problems.querySelector("tbody").replaceChildren();
  meter.max = file.size || 1;
  meter.removeAttribute("value"); // No value yet: the file is on its way.
  count({ rows: 0, created: 0, updated: 0, unchanged: 0, problems: 0 });
  form.querySelector("[type=submit]").disabled = true;
  part("title").focus();
}

function count(numbersByName) {
  for (const [name, value] of Object.entries(numbersByName)) {
    const place = run.querySelector(`[data-import-count="${name}"]`);
    if (place) place.textContent = numbers.format(value);
  }
}

function addProblem({ line, column, value, reason }) {
  const row = document.createElement("tr");
  row.append(
    element("td", numbers.format(line), { "data-label": "Line", class: "text-end with-label" }),
    element("td", column || "Whole row", { "data-label": "Column" }),
    element("td", value || "–", { "data-label": "Value" }),
    element("td", reason, { "data-label": "Problem", class: "whole-line" }),
  );
  problems.querySelector("tbody").append(row);
  problems.hidden = false;
}

function conclude(kind, title, text) {
  const box = element("div", "", { class: `alert alert-${kind}`, role: kind === "success" ? "status" : "alert" });
  const words = element("div", "");
  words.append(element("p", title, { class: "alert-heading" }), element("div", text, { class: "alert-text" }));
  box.append(words);
  part("outcome").replaceChildren(box);
  part("title").textContent = title;
  part("stop").hidden = true;
}

function finish(summary) {
  meter.value = meter.max;
  count(summary);
  const more = summary.problems > 200 ? " Only the first 200 problems are listed." : "";
  conclude(summary.failed_rows ? "warning" : "success", "Import finished", summary.sentence + more);
  part("outcome").append(element("a", "Go to the properties", { class: "btn", href: new URL(".", form.action).pathname.replace(/\/$/, "") }));
}

function take({ event, data }) {
  if (event === "progress") {
    meter.value = data.bytes_read;
    count(data);
  } else if (event === "problem") {
    addProblem(data);
  } else if (event === "done") {
    finish(data);
  } else if (event === "error") {
    conclude("danger", "Import stopped", `${data.message} ${data.resolution}`);
  }
}

/** A complaint about the file, beside its field; none for "". */
function complain(message) {
  const field = form.elements.file;
  let note = document.getElementById("file-error");
  if (!note) {
    note = element("div", "", { class: "field-error", id: "file-error" });
    field.after(note);
    field.setAttribute("aria-describedby", `file-error ${field.getAttribute("aria-describedby") || ""}`.trim());
  }
  note.textContent = message;
  field.classList.toggle("is-invalid", Boolean(message));
  if (message) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
}

function fail(error) {
  if (error instanceof HttpError && error.status < 500) {
    run.hidden = true;
    complain(error.message);
    form.elements.file.focus();
  } else if (running.signal.aborted) {
    conclude("warning", "Import stopped", "What was imported so far is kept. Import the file again to go on.");
  } else {
    conclude("danger", "Connection lost", "What was imported so far is kept. Import the same file again to go on: what is in already stays as it is.");
  }
}

async function send(event) {
  if (event.defaultPrevented || running) return;
  event.preventDefault();
  const file = form.elements.file.files[0];
  if (!file) {
    complain("Choose a file first.");
    form.elements.file.focus();
    return;
  }
  running = new AbortController();
  begin(file);
  try {
    let ended = false;
    for await (const item of postEvents(form.action, form, { signal: running.signal })) {
      take(item);
      ended ||= item.event === "done" || item.event === "error";
    }
    if (!ended) throw new TypeError("the answer broke off");
    announce(part("title").textContent);
  } catch (error) {
    fail(error);
  } finally {
    running = null;
    form.querySelector("[type=submit]").disabled = false;
  }
}

form.addEventListener("submit", send);
part("stop").addEventListener("click", () => running?.abort());
window.addEventListener("beforeunload", (event) => {
  if (running) event.preventDefault();
});
