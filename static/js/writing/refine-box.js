/** The box that says what should be different: opened by a button, filled by chips or by a finding. */
export class RefineBox {
  constructor(root, onSend) {
    this.box = root.querySelector("[data-refine]");
    this.opener = root.querySelector("[data-refine-open]");
    this.text = root.querySelector("[data-instruction]");
    this.opener.addEventListener("click", () => (this.isOpen ? this.close() : this.open("")));
    this.box.addEventListener("click", (event) => {
      const chip = event.target.closest("[data-chip]");
      if (chip) this.add(chip.dataset.chip);
    });
    root.querySelector("[data-refine-start]").addEventListener("click", (event) => {
      event.preventDefault();
      if (this.value) onSend();
      else this.text.focus();
    });
    this.text.addEventListener("keydown", (event) => {
      // Enter would otherwise send the whole form.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (this.value) onSend();
    });
  }

  get isOpen() {
    return this.box.classList.contains("is-open");
  }

  get value() {
    return this.text.value.trim();
  }

  open(words) {
    this.box.classList.add("is-open");
    this.opener.setAttribute("aria-expanded", "true");
    if (words) this.add(words);
    this.text.focus();
    this.box.scrollIntoView({ block: "nearest" });
  }

  close() {
    this.box.classList.remove("is-open");
    this.opener.setAttribute("aria-expanded", "false");
    this.text.value = "";
  }

  add(words) {
    const there = this.value;
    if (there.includes(words)) return;
    const joined = there && !/[.!?]$/.test(there) ? `${there}. ${words}` : [there, words].filter(Boolean).join(" ");
    this.text.value = joined.slice(0, this.text.maxLength > 0 ? this.text.maxLength : joined.length);
    this.text.focus();
  }
}
