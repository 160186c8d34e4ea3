/** Rewrites <time data-relative> to "2 minutes ago"; the full time stays in its title. */
const STEPS = [[60, "second"], [60, "minute"], [24, "hour"], [30, "day"]];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function wording(moment) {
  let amount = (moment - Date.now()) / 1000;
  if (Math.abs(amount) < 45) return amount > 0 ? "in a moment" : "just now";
  for (const [size, unit] of STEPS) {
    if (Math.abs(amount) < size) return relative.format(Math.round(amount), unit);
    amount /= size;
  }
  return null; // Older than a month: the date says more.
}

function refresh(root) {
  for (const element of root.querySelectorAll("time[data-relative]")) {
    const moment = Date.parse(element.dateTime);
    const words = Number.isNaN(moment) ? null : wording(moment);
    if (words) element.textContent = words;
    else if (element.title) element.textContent = element.title;
  }
}

export function initRelativeTimes(root = document) {
  refresh(root);
  setInterval(() => refresh(root), 60_000);
}
