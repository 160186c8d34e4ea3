/** The listing's form: opens sections that hold a linked or wrong field, and shows what is chosen of two changes. */
function openAround(element) {
  for (let at = element?.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
}

function followHash() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  openAround(target);
}

/** "Use theirs" puts their value into the field, "Keep mine" puts mine back; typing means mine. */
function watchConflict(box) {
  const field = document.getElementById(box.dataset.conflict);
  if (!field || !("theirs" in box.dataset)) return;
  let mine = field.value;
  box.addEventListener("change", (event) => {
    field.value = event.target.value === "theirs" ? box.dataset.theirs : mine;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  field.addEventListener("input", (event) => {
    if (!event.isTrusted) return;
    mine = field.value;
    box.querySelector("[value=mine]").checked = true;
  });
}

document.querySelectorAll("[data-conflict]").forEach(watchConflict);
window.addEventListener("hashchange", followHash);
followHash();
