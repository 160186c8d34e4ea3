/**
 * One click, one post: after the submit of a post form its button rests, reading data-busy (or "Working…").
 * A script that handles the submit itself (preventDefault) is left alone; data-no-lock opts a form out.
 */
const locked = new Map();

function lock(button) {
  locked.set(button, [...button.childNodes]);
  // The width stays, so that nothing jumps.
  button.style.minWidth = `${button.offsetWidth}px`;
  const busy = document.createElement("span");
  busy.className = "spinner-border spinner-border-sm me-2";
  busy.setAttribute("aria-hidden", "true");
  const words = button.classList.contains("btn-icon") ? "" : button.dataset.busy || "Working…";
  button.replaceChildren(busy, words);
  button.disabled = true;
}

function restore() {
  for (const [button, nodes] of locked) {
    button.replaceChildren(...nodes);
    button.style.minWidth = "";
    button.disabled = false;
    delete button.form?.dataset.submitted;
  }
  locked.clear();
}

function onSubmit(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || "noLock" in form.dataset) return;
  if (form.dataset.submitted) {
    event.preventDefault();
    return;
  }
  form.dataset.submitted = "1";
  // After this turn: the button's own name and value must still be part of what is sent.
  const button = event.submitter || form.querySelector("[type=submit]");
  setTimeout(() => button && lock(button), 0);
}

export function initDoubleSubmit() {
  document.addEventListener("submit", onSubmit);
  window.addEventListener("pageshow", restore);
  document.addEventListener("pwb:stayed", restore);
}
