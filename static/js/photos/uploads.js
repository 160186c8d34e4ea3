/** Sends photos one after the other and tells of each how it goes. */
import { csrfToken, renewToken } from "../http.js";

const LOST = "The connection was lost. Try this photo again.";

function message(document, status) {
  if (document?.error?.message) return [document.error.message, document.error.resolution].filter(Boolean).join(" ");
  return status === 413 ? "The file is larger than the portal takes." : LOST;
}

/** Resolves to "" where the file was kept, else to what is wrong with it. */
async function send(url, file, onProgress) {
  let answer = await sendOnce(url, file, onProgress);
  if (answer?.document?.error?.code === "csrf" && (await renewToken().catch(() => false))) answer = await sendOnce(url, file, onProgress);
  if (!answer) return LOST;
  return answer.document?.success ? "" : message(answer.document, answer.status);
}

/** Resolves to {document, status}, or to null where nothing came back. fetch() tells no progress of a body. */
function sendOnce(url, file, onProgress) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => event.lengthComputable && onProgress(event.loaded / event.total));
    request.addEventListener("load", () => resolve({ document: request.response, status: request.status }));
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => resolve(null));
    const body = new FormData();
    body.append("photos", file, file.name);
    request.send(body);
  });
}

function line(file) {
  const made = document.createElement("li");
  made.className = "photo-upload";
  const words = document.createElement("span");
  words.className = "photo-upload-words";
  words.textContent = file.name;
  const meter = document.createElement("progress");
  meter.className = "meter";
  meter.max = 1;
  meter.setAttribute("aria-label", `Part of ${file.name} that is sent`);
  made.append(words, meter);
  return { made, words, meter };
}

/**
 * How many of the files were kept; the list shows each with its progress, and keeps those that were refused.
 * `goesOn`: what was refused of the files before these is still to be read.
 */
export async function upload(url, files, list, goesOn = false) {
  if (!goesOn) for (const old of list.querySelectorAll(".is-done, .is-refused")) old.remove();
  const lines = [...files].map((file) => ({ file, ...line(file) }));
  list.append(...lines.map(({ made }) => made));
  list.hidden = false;
  let kept = 0;
  for (const { file, made, words, meter } of lines) {
    const problem = await send(url, file, (part) => { meter.value = part; });
    meter.remove();
    made.classList.add(problem ? "is-refused" : "is-done");
    if (problem) {
      words.textContent = problem.includes(file.name) ? problem : `${file.name}: ${problem}`;
      words.setAttribute("role", "alert");
    } else {
      kept += 1;
      made.remove();
    }
  }
  list.hidden = !list.children.length;
  return kept;
}
