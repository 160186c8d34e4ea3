/** One text being written: the order goes out, pieces come in. Nothing of the page is touched here. */
import { HttpError, postEvents, postForm } from "../http.js";

export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** {message, cure, code, retryAfter} of what went wrong; `data` is the JSON failure, if any. */
export function failure(data, stopped) {
  const error = data?.error;
  if (stopped || error?.code === "cancelled") return { message: "Stopped before the text was finished.", cure: "", code: "cancelled" };
  if (error?.code === "signed_out") {
    return { message: error.message, cure: "Sign in again in another tab, then come back: nothing you typed here is lost.", code: error.code };
  }
  return {
    message: error?.message || "The connection to the portal was lost while the text was being written.",
    cure: error ? error.resolution || "" : "Check your connection, then try again.",
    code: error?.code || "connection",
    retryAfter: error?.retry_after ?? null,
  };
}

/** "claude-sonnet · 3.2 s · 0.41 ¢" */
export function factsOf(result) {
  const parts = [result.model];
  if (result.model !== result.model_asked) parts.push(`asked for ${result.model_asked}`);
  if (result.duration_ms != null) parts.push(`${(result.duration_ms / 1000).toFixed(1)} s`);
  parts.push(result.usage.cost_label || "cost unknown");
  return parts.join(" · ");
}

export class Writer {
  /** `url` takes the order; `cancelUrl` has /0/ in the place of the request's id. */
  constructor(url, cancelUrl) {
    this.url = url;
    this.cancelUrl = cancelUrl;
    this.running = null;
    this.requestId = null;
  }

  /**
   * Resolves to {result} or {failed}; `onDelta(field, text)` is called for every piece, `onProgress(data)`
   * for every step of an order of several texts.
   */
  async write(order, onDelta, onProgress = () => {}) {
    this.running = new AbortController();
    this.requestId = null;
    const { signal } = this.running;
    try {
      for await (const { event, data } of postEvents(this.url, order, { signal })) {
        if (event === "start") this.requestId = data.request_id;
        else if (event === "delta") onDelta(data.field, data.text);
        else if (event === "progress") onProgress(data);
        else if (event === "done") return { result: data };
        else if (event === "error") return { failed: failure(data, signal.aborted) };
      }
      return { failed: failure(null, signal.aborted) };
    } catch (error) {
      return { failed: failure(error instanceof HttpError ? error.data : null, signal.aborted) };
    } finally {
      this.running = null;
    }
  }

  stop() {
    if (this.requestId !== null) {
      const url = this.cancelUrl.replace("/0/", `/${this.requestId}/`);
      postForm(url, new FormData()).catch(() => {});
    }
    this.running?.abort();
  }
}
