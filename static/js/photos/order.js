/** Photos dragged to another place. The arrows on each photo do the same for keys and touch. */

function sideOf(card, event) {
  const box = card.getBoundingClientRect();
  return event.clientX < box.left + box.width / 2 ? "is-before" : "is-after";
}

/** `onOrder(ids)` is called with the new order after a drop that changed it. */
export function sortable(root, onOrder) {
  let dragged = null;
  const cards = () => [...root.querySelectorAll("[data-photo]")];
  const clear = () => cards().forEach((card) => card.classList.remove("is-before", "is-after", "is-dragged"));

  // Only the picture is a handle: words in the field below can be selected.
  root.addEventListener("pointerdown", (event) => {
    const card = event.target.closest("[data-photo]");
    if (card) card.draggable = Boolean(event.target.closest(".photo-frame")) && !event.target.closest("button");
  });
  root.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.("[data-photo]");
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.dataset.photo);
    dragged.classList.add("is-dragged");
  });
  root.addEventListener("dragover", (event) => {
    const card = dragged && event.target.closest("[data-photo]");
    if (!card) return;
    event.preventDefault();
    cards().forEach((other) => other.classList.remove("is-before", "is-after"));
    if (card !== dragged) card.classList.add(sideOf(card, event));
  });
  root.addEventListener("drop", (event) => {
    const card = dragged && event.target.closest("[data-photo]");
    if (!card) return;
    event.preventDefault();
    const before = cards().map((each) => each.dataset.photo);
    if (card !== dragged) card[sideOf(card, event) === "is-before" ? "before" : "after"](dragged);
    const after = cards().map((each) => each.dataset.photo);
    if (String(before) !== String(after)) onOrder(after);
  });
  root.addEventListener("dragend", () => {
    clear();
    dragged = null;
  });
}
