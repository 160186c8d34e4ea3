/** Writing posts: the order goes out, the platforms' cards wait, the portal draws what was written. */
import { announce } from "../announce.js";
import { initCopy } from "../copy.js";
import { initRelativeTimes } from "../reltime.js";
import { freshKey, Writer } from "../writing/writer.js";

const form = document.querySelector("[data-posts]");
const results = document.querySelector("[data-results]");
const template = (name) => document.querySelector(`template[data-${name}]`).content.cloneNode(true);

const STEPS = { writing: "Writing…", written: "Written", shortening: "Too long, is shortened…", failed: "Not written" };

function showWaiting() {
  const waiting = template("waiting");
  for (const box of form.querySelectorAll("[name=platforms]:checked")) {
    const card = template("waiting-card").firstElementChild;
    card.dataset.platform = box.value;
    card.querySelector("[data-name]").textContent = form.querySelector(`label[for="${box.id}"]`).textContent.trim();
    waiting.querySelector("[data-waiting-grid]").append(card);
  }
  results.replaceChildren(waiting);
}

function showStep({ platform, state }) {
  const step = results.querySelector(`[data-platform="${platform}"] [data-step]`);
  if (step && STEPS[state]) step.textContent = STEPS[state];
}

function failed(message, cure) {
  const told = template("failed");
  told.querySelector(".alert-heading").textContent = message;
  told.querySelector("[data-cure]").textContent = cure;
  return told;
}

/** Platforms that got no post, above those that did. */
function showMissing(missing) {
  for (const { platform, error } of missing) {
    const label = form.querySelector(`label[for="platform-${platform}"]`).textContent.trim();
    results.querySelector(".post-grid").before(failed(`${label}: ${error.message}`, error.resolution).querySelector(".alert"));
  }
}

/** The portal's own drawing of the posts; its address is kept, so that a reload shows them again. */
async function showPosts(posts) {
  const url = new URL(form.action);
  for (const post of posts) url.searchParams.append("posts", post.id);
  const answer = await fetch(url, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  if (!answer.ok) return location.assign(url);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  results.replaceChildren(...page.querySelector("[data-results]").childNodes);
  history.replaceState(null, "", url);
  initCopy(results);
  initRelativeTimes(results);
}

function busy(on) {
  const start = form.querySelector("[data-start]");
  const stop = form.querySelector("[data-stop]");
  start.hidden = on;
  stop.hidden = !on;
  (on ? stop : start).focus();
}

/** What the portal said of an earlier order says nothing of this one. */
function forgetComplaints() {
  for (const told of form.querySelectorAll("[data-error-summary], .field-error")) told.remove();
  for (const field of form.querySelectorAll(".is-invalid, [aria-invalid]")) {
    field.classList.remove("is-invalid");
    field.removeAttribute("aria-invalid");
  }
}

async function write(writer, order) {
  busy(true);
  forgetComplaints();
  showWaiting();
  announce("Writing.");
  const { result, failed: problem } = await writer.write(order, () => {}, showStep);
  // What the form lacks is told beside its fields: the portal sends the page with all that was typed.
  if (problem?.code === "invalid_input") {
    form.submit();
    return;
  }
  try {
    if (problem) results.replaceChildren(failed(problem.message, problem.cure));
    else {
      await showPosts(result.posts);
      showMissing(result.failed ?? []);
    }
  } catch {
    results.replaceChildren(failed("The posts are written and saved, but could not be shown.", "Reload this page to see them."));
  }
  busy(false);
  // Another click is another order; the same form sent twice is one.
  form.elements.idempotency_key.value = freshKey();
  results.focus();
  announce(problem ? problem.message : "Done. The posts are below.");
}

if (form) {
  const writer = new Writer(form.action, form.dataset.cancelUrl);
  // Stop stands where Write stood: the second click of a double one is not meant for it.
  form.querySelector("[data-stop]").addEventListener("click", (event) => {
    if (event.detail < 2) writer.stop();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!writer.running) write(writer, new FormData(form));
  });
  window.addEventListener("beforeunload", (event) => {
    if (writer.running) event.preventDefault();
  });
}
