/** Models: the shortlist's stars without leaving the page, and a look again while the list is being fetched. */
import { announce } from "./announce.js";
import { postForm } from "./http.js";

function show(button, starred) {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, starred ? "#star-filled" : "#star"));
  button.setAttribute("aria-pressed", String(starred));
  button.setAttribute("formaction", button.getAttribute("formaction").replace(/starred=\d/, `starred=${starred ? 0 : 1}`));
}

async function star(button, form) {
  const wanted = button.getAttribute("aria-pressed") !== "true";
  const url = button.getAttribute("formaction");
  const fields = new FormData(form);
  fields.set(button.name, button.value);
  show(button, wanted);
  try {
    const response = await postForm(url, fields);
    const data = await response.json();
    if (!data.success) throw new Error(data.error?.message);
    show(button, data.starred);
    announce(`${button.dataset.name} is ${data.starred ? "on" : "off"} the shortlist.`);
  } catch {
    // Sent plainly, the portal's own page says what is wrong.
    form.action = url;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: button.name, value: button.value }));
    form.submit();
  }
}

// Before the frame's own handlers, which lock the button of a form that is really sent.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-shortlist]") || !event.submitter) return;
  event.preventDefault();
  if (event.submitter.getAttribute("aria-busy") === "true") return;
  event.submitter.setAttribute("aria-busy", "true");
  star(event.submitter, event.target).finally(() => event.submitter.removeAttribute("aria-busy"));
}, { capture: true });

const waiting = document.querySelector("[data-reload-after]");
if (waiting) setTimeout(() => window.location.reload(), Number(waiting.dataset.reloadAfter) * 1000);
