/** The box that sends photos along rests while a model is chosen that does not read them. */
export function offerPhotos(box, models) {
  if (!box) return;
  const readers = box.dataset.readers.split(" ");
  const note = box.closest("[data-photos-offer]").querySelector("[data-photos-unread]");
  const follow = () => {
    const model = models?.value ?? "";
    box.disabled = !readers.includes(model);
    note.hidden = !box.disabled;
    if (model) note.textContent = " The chosen model does not read photos.";
  };
  models?.addEventListener("change", follow);
  follow();
}
