/**
 * Requests to the portal with the CSRF token.
 * postJson(url, body, {signal}) → {ok, status, data}; data is null where the answer is no JSON.
 * postForm(url, formOrFormData, {accept, signal}) → Response
 * postEvents(url, formOrFormData, {signal}) → async iterator of {event, data}; throws HttpError when the
 *   answer is no event stream (its .data holds the JSON failure, if any).
 */
export class HttpError extends Error {
  constructor(status, data) {
    super(data?.error?.message || `The portal answered with status ${status}.`);
    this.name = "HttpError";
    this.status = status;
    this.data = data;
  }
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content || "";
}

async function jsonOrNull(response) {
  try {
    return await response.json();
  } catch {
    return null;
  }
}

/**
 * After signing in again in another tab this page's token is of an ended session: take the new one from
 * the page as the portal sends it now. Whether there is a new one.
 */
export async function renewToken() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const token = page.querySelector('meta[name="csrf-token"]')?.content;
  if (!answer.ok || !token || token === csrfToken()) return false;
  document.querySelector('meta[name="csrf-token"]').content = token;
  for (const field of document.querySelectorAll('input[name="csrf_token"]')) field.value = token;
  return true;
}

async function post(url, body, headers, signal) {
  const send = () =>
    fetch(url, { method: "POST", headers: { ...headers, "X-CSRFToken": csrfToken() }, body, credentials: "same-origin", signal });
  const answer = await send();
  if (answer.status !== 400 || (await jsonOrNull(answer.clone()))?.error?.code !== "csrf") return answer;
  if (!(await renewToken())) return answer;
  if (body instanceof FormData && body.has("csrf_token")) body.set("csrf_token", csrfToken());
  return send();
}

export async function postJson(url, body, { signal } = {}) {
  const headers = { Accept: "application/json", "Content-Type": "application/json" };
  const response = await post(url, JSON.stringify(body ?? {}), headers, signal);
  return { ok: response.ok, status: response.status, data: await jsonOrNull(response) };
}

export function postForm(url, form, { accept = "application/json", signal } = {}) {
  const body = form instanceof HTMLFormElement ? new FormData(form) : form;
  return post(url, body, { Accept: accept }, signal);
}

function parseEvent(block) {
  let event = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) event = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? { event, data: JSON.parse(data.join("\n")) } : null;
}

async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      // A carriage return at the end may be half of a line end: it waits for what follows.
      buffer = (buffer + value).replace(/\r\n/g, "\n").replace(/\r(?!$)/g, "\n");
      const blocks = buffer.split("\n\n");
      buffer = blocks.pop();
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

export async function* postEvents(url, form, { signal } = {}) {
  const response = await postForm(url, form, { accept: "text/event-stream", signal });
  const type = response.headers.get("Content-Type") || "";
  if (!type.startsWith("text/event-stream")) {
    throw new HttpError(response.status, await jsonOrNull(response));
  }
  yield* readEvents(response.body);
}
