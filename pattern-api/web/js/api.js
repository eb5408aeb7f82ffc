// The REST side: problem details as errors, the reviewer's name, and one Idempotency-Key per click.

/** What the server (or the lack of one) answered instead of the wanted result. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.title || `The server answered ${status}.`);
    this.status = status;
    this.body = body ?? {};
  }

  get isUnreachable() {
    return this.status === 0;
  }

  /** The same request may work a little later. */
  get isPassing() {
    return this.status === 0 || this.status === 502 || this.status === 503 || this.status === 504;
  }

  /** For a person: what happened and what to do. */
  get words() {
    if (this.isUnreachable) return "The server does not answer. Trying again is safe: nothing is done twice.";
    if (this.status === 503)
      return `The server cannot work right now: ${this.message}. Try again in a moment.`;
    return this.message;
  }
}

export const address = (path) => new URL(path, document.baseURI);

/** `randomUUID` exists on secure origins only; plants serve pages over plain http. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Header values are bytes; a name outside Latin-1 travels as UTF-8. */
function headerBytes(text) {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

async function request(method, path, { body, headers = {}, signal } = {}) {
  let response;
  try {
    response = await fetch(address(path), {
      method,
      signal,
      headers: {
        accept: "application/json",
        ...(body ? { "content-type": "application/json" } : {}),
        ...headers,
      },
      body: body ? JSON.stringify(body) : undefined,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  const text = await response.text();
  let parsed = null;
  try {
    parsed = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Problem(response.status, { detail: "The server's answer is not JSON." });
  }
  if (response.status === 401) dispatchEvent(new Event("signed-out"));
  if (!response.ok) throw new Problem(response.status, parsed);
  return parsed;
}

/** A write that is no decision, once. */
export const send = (method, path, body) => request(method, path, { body });

export const get = (path, signal) => request("GET", path, { signal });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A write by `reviewer`. A lost answer is asked for again under the same key. */
export async function post(path, body, reviewer) {
  const headers = { "idempotency-key": newKey() };
  if (reviewer) headers["x-naia-reviewer"] = headerBytes(reviewer);
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await request("POST", path, { body, headers });
    } catch (error) {
      if (!error.isPassing || attempt === 2) throw error;
      await pause(300 + Math.random() * 700 * (attempt + 1));
    }
  }
}
