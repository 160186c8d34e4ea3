/** The frame: side navigation on small screens, drop-downs, shown passwords, the error summary. */
function initSidebar() {
  const toggle = document.querySelector("[data-sidebar-toggle]");
  if (!toggle) return;
  const set = (open) => {
    toggle.setAttribute("aria-expanded", String(open));
    toggle.closest(".sidebar").classList.toggle("is-open", open);
  };
  toggle.addEventListener("click", () => set(toggle.getAttribute("aria-expanded") !== "true"));
  toggle.closest(".sidebar").addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || toggle.getAttribute("aria-expanded") !== "true") return;
    set(false);
    toggle.focus();
  });
}

/** Near the left edge a drop-down opens to the right. */
function placeMenu(event) {
  const menu = event.target;
  if (!menu.matches?.("details.menu") || !menu.open) return;
  menu.classList.remove("menu-start");
  const body = menu.querySelector(".menu-body");
  menu.classList.toggle("menu-start", body.getBoundingClientRect().left < 0);
}

function initMenus() {
  document.addEventListener("toggle", placeMenu, { capture: true });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details[data-menu][open]");
    if (event.key !== "Escape" || !menu) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  }, { capture: true });
}

function initReveal(root) {
  for (const button of root.querySelectorAll("[data-reveal]")) {
    const field = document.getElementById(button.dataset.reveal);
    const use = button.querySelector("use");
    button.hidden = false;
    button.addEventListener("click", () => {
      const shown = field.type === "text";
      field.type = shown ? "password" : "text";
      button.setAttribute("aria-pressed", String(!shown));
      use.setAttribute("href", use.getAttribute("href").replace(/#.*/, shown ? "#eye" : "#eye-off"));
    });
  }
}

export function initFrame(root = document) {
  initSidebar();
  initMenus();
  initReveal(root);
  root.querySelector("[data-error-summary]")?.focus();
}
