/** Tabs after the ARIA pattern, over links to panels that all show when scripts do not run. */
function select(tabs, chosen, focus) {
  for (const tab of tabs) {
    const on = tab === chosen;
    tab.classList.toggle("active", on);
    tab.setAttribute("aria-selected", String(on));
    tab.tabIndex = on ? 0 : -1;
    panelOf(tab).hidden = !on;
  }
  if (focus) chosen.focus();
}

const panelOf = (tab) => document.getElementById(tab.hash.slice(1));

function onKey(event, tabs) {
  const at = tabs.indexOf(event.target);
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (at < 0 || next === undefined) return;
  event.preventDefault();
  choose(tabs, tabs[(next + tabs.length) % tabs.length], true);
}

function choose(tabs, tab, focus) {
  select(tabs, tab, focus);
  history.replaceState(history.state, "", tab.hash);
}

function dress(list, tabs) {
  list.setAttribute("role", "tablist");
  for (const tab of tabs) {
    tab.parentElement.setAttribute("role", "presentation");
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", tab.hash.slice(1));
    const panel = panelOf(tab);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    // A field that the browser finds wrong must be seen before it can be pointed at.
    panel.addEventListener("invalid", () => select(tabs, tab, false), { capture: true });
  }
}

function first(tabs) {
  const withError = tabs.find((tab) => panelOf(tab).querySelector(".is-invalid"));
  const linked = tabs.find((tab) => tab.hash === location.hash || holdsTarget(panelOf(tab)));
  return withError || linked || tabs.find((tab) => tab.classList.contains("active")) || tabs[0];
}

function holdsTarget(panel) {
  const id = decodeURIComponent(location.hash.slice(1));
  return Boolean(id) && panel.contains(document.getElementById(id));
}

/** A link to a field inside a closed panel opens that panel. */
function followLinks(tabs) {
  window.addEventListener("hashchange", () => {
    const tab = tabs.find((each) => each.hash === location.hash || holdsTarget(panelOf(each)));
    if (!tab) return;
    select(tabs, tab, false);
    document.getElementById(location.hash.slice(1))?.focus();
  });
}

export function initTabs(root = document) {
  for (const box of root.querySelectorAll("[data-tabs]")) {
    const list = box.querySelector("[data-tab-list]");
    const tabs = [...list.querySelectorAll("[data-tab]")];
    dress(list, tabs);
    select(tabs, first(tabs), false);
    box.classList.add("is-ready");
    list.addEventListener("keydown", (event) => onKey(event, tabs));
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[data-tab]");
      if (!tab) return;
      event.preventDefault();
      choose(tabs, tab, false);
    });
    followLinks(tabs);
  }
}
