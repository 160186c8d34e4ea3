/** Integrations: testing a connection without leaving the page, and picking a recommended model. */
import { announce } from "./announce.js";
import { postForm } from "./http.js";
import { initRelativeTimes } from "./reltime.js";

const FAILED = { success: false, message: "The portal did not answer.", resolution: "Reload the page and try again." };

async function runTest(form) {
  try {
    const response = await postForm(form.action, form);
    const data = await response.json();
    // An error of the portal itself (signed out, removed meanwhile) has another shape.
    return data.message ? data : { success: false, ...data.error };
  } catch {
    return FAILED;
  }
}

function showResult(card, finding) {
  const region = card.querySelector("[data-test-result]");
  const tone = !finding.success ? "danger" : finding.warnings?.length ? "warning" : "success";
  region.className = `integration-result tone-${tone}`;
  const lines = [finding.message, ...(finding.warnings || []), finding.resolution].filter(Boolean);
  region.replaceChildren(...lines.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  region.hidden = false;
}

/** Puts the card as the portal now draws it in place of the old one. */
async function redraw(card) {
  try {
    const response = await fetch(window.location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    const fresh = page.getElementById(card.id);
    if (!fresh) return card;
    card.replaceWith(document.adoptNode(fresh));
    initRelativeTimes(fresh);
    return fresh;
  } catch {
    return card;
  }
}

function rest(button, busy) {
  button.dataset.label ??= button.textContent;
  button.textContent = busy ? button.dataset.busy : button.dataset.label;
  button.setAttribute("aria-disabled", String(busy));
}

async function testConnection(event) {
  const form = event.target.closest("[data-test-connection]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.getAttribute("aria-disabled") === "true") return;
  const card = form.closest("[data-card]");
  rest(button, true);
  announce("Testing the connection");
  const finding = await runTest(form);
  rest(button, false);
  const focused = card.contains(document.activeElement);
  const shown = await redraw(card);
  showResult(shown, finding);
  announce(finding.message);
  if (focused) shown.querySelector("[data-test-connection] button")?.focus();
}

function initPicks(group) {
  const input = document.getElementById(group.dataset.modelPicks);
  const buttons = [...group.querySelectorAll("[data-model]")];
  const mark = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.model === input.value.trim()));
  };
  for (const button of buttons) {
    button.disabled = false;
    button.addEventListener("click", () => {
      input.value = button.dataset.model;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
  input.addEventListener("input", mark);
  mark();
}

// Before the frame's own handlers, which lock the button of a form that is really sent.
document.addEventListener("submit", testConnection, { capture: true });
document.querySelectorAll("[data-model-picks]").forEach(initPicks);
