/**
 * Asks once before a dangerous submit: data-confirm="Question?" on the button or its form, with
 * data-confirm-action (label of the button that does it) and data-confirm-danger.
 * Without JavaScript the form is sent plainly.
 */
const confirmed = new WeakSet();
let dialog = null;

function build() {
  const made = document.createElement("dialog");
  made.className = "confirm";
  made.setAttribute("aria-labelledby", "confirm-question");
  made.innerHTML = `<form method="dialog" class="confirm-form">
    <p class="confirm-question" id="confirm-question"></p>
    <div class="confirm-actions">
      <button class="btn" type="submit" value="cancel" autofocus>Cancel</button>
      <button class="btn" type="submit" value="go" data-go></button>
    </div>
  </form>`;
  document.body.append(made);
  return made;
}

/** Resolves to true when the person agrees. Usable by other modules. */
export function ask(question, { action = "Continue", danger = false } = {}) {
  dialog ??= build();
  dialog.querySelector(".confirm-question").textContent = question;
  const go = dialog.querySelector("[data-go]");
  go.textContent = action;
  go.className = danger ? "btn btn-danger" : "btn btn-primary";
  dialog.returnValue = "cancel";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "go"), { once: true });
  });
}

async function onSubmit(event) {
  const form = event.target;
  const source = [event.submitter, form].find((element) => element?.dataset.confirm);
  if (!source || confirmed.delete(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const action = source.dataset.confirmAction || event.submitter?.textContent.trim();
  const danger = "confirmDanger" in source.dataset;
  const submitter = event.submitter;
  if (!(await ask(source.dataset.confirm, { action, danger }))) return;
  confirmed.add(form);
  form.requestSubmit(submitter);
}

export function initConfirm() {
  document.addEventListener("submit", onSubmit, { capture: true });
}
