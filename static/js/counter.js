/** Characters used in [data-max], told beside the field; spoken only near and past the limit. */
import { announce } from "./announce.js";

const numbers = new Intl.NumberFormat("en");

// Characters as the server counts them: one for an emoji, one for a line end.
const count = (text) => [...text].length;

function words(used, max) {
  if (used > max) return `${numbers.format(used - max)} over the ${numbers.format(max)} characters allowed`;
  return `${numbers.format(used)} of ${numbers.format(max)} characters`;
}

function update(field, note, max) {
  const used = count(field.value);
  note.textContent = words(used, max);
  note.classList.toggle("is-over", used > max);
  return used;
}

function watch(field) {
  const note = document.getElementById(`${field.id}-counter`);
  if (!note) return;
  const max = Number(field.dataset.max);
  let timer = 0;
  update(field, note, max);
  field.addEventListener("input", () => {
    const used = update(field, note, max);
    clearTimeout(timer);
    if (used > max * 0.9) timer = setTimeout(() => announce(words(used, max)), 1200);
  });
}

export function initCounters(root = document) {
  root.querySelectorAll("[data-max]").forEach(watch);
}
