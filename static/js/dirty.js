/**
 * Warns on leaving a page whose form[data-guard-unsaved] holds changes that are not saved.
 * data-guard-unsaved="dirty": the page itself shows unsaved text (a form that came back with errors).
 * markClean(form) after a script has saved it.
 */
const clean = new WeakSet();
let sent = null;

function fieldChanged(field) {
  if (!field.name || field.type === "hidden" || field.disabled) return false;
  if (field.closest("[data-generate]")) return false; // How to write is no part of what is saved.
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.type === "file") return field.files.length > 0;
  if (field instanceof HTMLSelectElement) return selectChanged(field);
  return "defaultValue" in field && field.value !== field.defaultValue;
}

function selectChanged(select) {
  const options = [...select.options];
  const given = options.some((option) => option.defaultSelected);
  return options.some((option, index) => {
    const before = given ? option.defaultSelected : !select.multiple && index === 0;
    return option.selected !== before;
  });
}

export function isDirty(form) {
  if (form.dataset.guardUnsaved === "dirty" && !clean.has(form)) return true;
  return [...form.elements].some(fieldChanged);
}

/** What the form holds now counts as saved. */
export function markClean(form) {
  clean.add(form);
  for (const field of form.elements) {
    if (field instanceof HTMLSelectElement) {
      for (const option of field.options) option.defaultSelected = option.selected;
    } else if (field.type === "checkbox" || field.type === "radio") {
      field.defaultChecked = field.checked;
    } else if ("defaultValue" in field && field.type !== "file") {
      field.defaultValue = field.value;
    }
  }
}

export function initDirty() {
  document.addEventListener("submit", (event) => {
    if (!event.defaultPrevented && "guardUnsaved" in event.target.dataset) sent = event.target;
  });
  window.addEventListener("pageshow", () => { sent = null; });
  window.addEventListener("beforeunload", (event) => {
    const forms = [...document.querySelectorAll("form[data-guard-unsaved]")];
    // The form that is on its way is not lost; another one beside it would be.
    if (!forms.some((form) => form !== sent && isDirty(form))) return;
    event.preventDefault();
    sent = null;
    // Timers run on only when the person stays: buttons that already rest are woken again.
    setTimeout(() => document.dispatchEvent(new Event("pwb:stayed")), 300);
  });
}
