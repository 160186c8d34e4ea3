/** The list beneath a text: what was found, why it matters, and buttons that cure it. */
import { element } from "./marks.js";
import { FIELD_NAMES } from "./reading.js";

const SHOWN = 6;
const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  violation: ["alert-triangle", "tone-danger", "Violation"],
  contradicted: ["x", "tone-danger", "Contradicted"],
  unsupported: ["help-circle", "tone-warning", "Unsupported"],
  word: ["ban", "tone-warning", "Word to avoid"],
  advice: ["info-circle", "tone-info", "Advice"],
};

const spriteUrl = () => document.querySelector("[data-sprite]")?.dataset.sprite || "";

export function icon(name, className = "", label = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `icon ${className}`.trim());
  svg.setAttribute("width", "20");
  svg.setAttribute("height", "20");
  svg.setAttribute("focusable", "false");
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${spriteUrl()}#${name}`);
  svg.append(use);
  return svg;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** The first line, with what the text says in bold: [bold, rest]. */
function told(item) {
  const about = item.protected_class ? ` (${item.protected_class})` : "";
  if (item.state === "violation") return [`“${item.text}”`, ` may break fair housing law${about}.`];
  if (item.state === "advice") return [`“${item.text}”`, ` is worth a second look${about}.`];
  if (item.state === "word" && !item.message) return [`“${item.text}”`, " is a word your agency avoids."];
  const message = item.message || `${item.text} is ${item.state}.`;
  const claimed = [capital(item.claimed || ""), capital(item.text || ""), `“${item.text}”`].find((words) => words && message.startsWith(words));
  return claimed ? [claimed, message.slice(claimed.length)] : ["", message];
}

function advice(item) {
  const kinds = {
    contradicted: "Change the text, or the fact if the record is wrong.",
    unsupported: item.kind === "feature" ? "Add it to the features, or take it out." : "Add it to the record if it is true, or take it out.",
    word: item.suggestion || "Say it in other words, or take it out.",
  };
  return kinds[item.state] || [item.why, item.suggestion].filter(Boolean).join(" ");
}

function cureButton(item, cure) {
  const button = element("button", "btn btn-sm", cure.label);
  button.type = "button";
  button.setAttribute("aria-label", `${cure.label}: ${item.text}`);
  button.dataset.cure = cure.name;
  button.addEventListener("click", () => cure.run());
  return button;
}

function row(item, cures) {
  const [name, tone, label] = ICONS[item.state];
  const [bold, rest] = told(item);
  const where = item.field && item.field !== "description" ? ` In the ${FIELD_NAMES[item.field]}.` : "";
  const body = element(
    "div",
    "finding-body",
    element("p", "finding-told", ...(bold ? [element("strong", "", bold)] : []), rest),
    element("p", "finding-advice", advice(item) + where),
  );
  const made = element("li", `finding finding-${item.state}`, icon(name, `text-tone ${tone}`, label), body);
  if (cures.length) made.append(element("div", "finding-cures", ...cures.map((cure) => cureButton(item, cure))));
  made.dataset.finding = item.id ?? "";
  return made;
}

function moreRow(rows) {
  const button = element("button", "btn btn-sm btn-link", `Show ${rows.length} more`);
  button.type = "button";
  const made = element("li", "finding-more", button);
  button.addEventListener("click", () => {
    made.replaceWith(...rows);
    rows[0].tabIndex = -1;
    rows[0].focus();
  });
  return made;
}

/** Fill the list. `curesOf(item)` gives [{name, label, run}]; supported claims are not listed. */
export function drawFindings(list, items, curesOf = () => []) {
  const rows = items.filter((item) => item.state !== "supported").map((item) => row(item, curesOf(item)));
  const rest = rows.length > SHOWN + 1 ? rows.splice(SHOWN) : [];
  list.replaceChildren(...rows, ...(rest.length ? [moreRow(rest)] : []));
  list.hidden = !rows.length;
}

/** Pointing at a finding shows its place in the text, and a click on the text its finding. */
export function connect(list, text) {
  const point = (id) => {
    for (const mark of text.querySelectorAll("mark")) mark.classList.toggle("is-pointed", Boolean(id) && mark.dataset.finding === id);
  };
  for (const kind of ["mouseover", "focusin"]) list.addEventListener(kind, (event) => point(event.target.closest("[data-finding]")?.dataset.finding));
  for (const kind of ["mouseleave", "focusout"]) list.addEventListener(kind, () => point(""));
  text.addEventListener("click", (event) => {
    const id = event.target.closest("mark")?.dataset.finding;
    const found = id && [...list.children].find((each) => each.dataset.finding === id);
    found?.querySelector("button")?.focus();
  });
}
