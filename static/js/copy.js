/** Buttons that copy the text of another element: data-copy="selector". */
import { announce } from "./announce.js";

async function copyText(source) {
  const text = "value" in source ? source.value : source.textContent.trim();
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // Plain http away from this machine offers no clipboard: the text is selected, ready for Ctrl+C.
  if (source.select) source.select();
  else getSelection().selectAllChildren(source);
  throw new Error("no clipboard");
}

async function onClick(button) {
  const source = document.querySelector(button.dataset.copy);
  if (!source) return;
  const label = button.querySelector("[data-copy-label]");
  const before = button.dataset.copyBefore ??= label.textContent;
  try {
    await copyText(source);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Press Ctrl+C";
  }
  announce(label.textContent);
  setTimeout(() => { label.textContent = before; }, 2500);
}

export function initCopy(root = document) {
  for (const button of root.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => onClick(button));
  }
}
