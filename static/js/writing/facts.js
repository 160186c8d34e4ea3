/** The listing's facts form, as far as findings reach into it. */
const form = () => document.getElementById("property-form");

/** The features as the form has them; null where the page has no such form. */
export function chosenFeatures() {
  const other = form()?.elements.other_features;
  if (!other) return null;
  const ticked = [...form().querySelectorAll("[name=features]:checked")].map((box) => box.value);
  return [...ticked, ...other.value.split(/[,\n]/).map((line) => line.trim()).filter(Boolean)];
}

function changed(field) {
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Add a feature by its key, unsaved; returns how to take it back, or null where it is there already. */
export function addFeature(key, label) {
  const box = document.getElementById(`feature-${key}`);
  if (box) {
    if (box.checked) return null;
    box.checked = true;
    changed(box);
    return () => {
      box.checked = false;
      changed(box);
    };
  }
  const other = form()?.elements.other_features;
  if (!other) return null;
  const before = other.value;
  other.value = [before.trim(), label].filter(Boolean).join("\n");
  changed(other);
  return () => {
    other.value = before;
    changed(other);
  };
}

/** Open the facts and show the features. */
export function openFacts() {
  const facts = document.getElementById("facts");
  if (facts) facts.open = true;
}
