/** The buttons that choose Auto, Light or Dark; kept in this browser. */
const KEY = "pwb-theme";

function stored() {
  try {
    return localStorage.getItem(KEY) || "auto";
  } catch {
    return "auto";
  }
}

function store(theme) {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice cannot outlast the page, and the page stays as it is.
  }
}

function show(group) {
  for (const button of group.querySelectorAll("[data-theme-value]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeValue === stored()));
  }
}

export function initThemeChoice(root = document) {
  for (const group of root.querySelectorAll("[data-theme-choice]")) {
    group.hidden = false;
    show(group);
    group.addEventListener("click", (event) => {
      const button = event.target.closest("[data-theme-value]");
      if (!button) return;
      store(button.dataset.themeValue);
      document.dispatchEvent(new Event("pwb:theme"));
      show(group);
    });
  }
}
