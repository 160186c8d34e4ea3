/* Runs before the first paint: the chosen theme, else the system's. Not a module, so that it blocks. */
(function () {
  "use strict";
  var root = document.documentElement;
  var dark = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return window.localStorage.getItem("pwb-theme") || "auto";
    } catch (error) {
      return "auto"; // Storage may be blocked; the system's theme serves.
    }
  }

  function apply() {
    var theme = chosen();
    if (theme !== "light" && theme !== "dark") theme = dark.matches ? "dark" : "light";
    root.setAttribute("data-bs-theme", theme);
  }

  root.classList.add("js");
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("pwb:theme", apply);
})();
