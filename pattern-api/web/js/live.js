// The WebSocket: connects, resumes from the last position, and reconnects for as long as it makes sense.

const CHANNELS = ["suggestions", "patterns", "jobs", "health"];
const PING_EVERY = 20_000;
const PONG_WITHIN = 8_000;
const SUBSCRIBED_WITHIN = 15_000;
const FIRST_DELAY = 400;
const LONGEST_DELAY = 15_000;
const OFFLINE_AFTER = 12_000;

/** Full jitter: a thousand pages do not come back in the same moment. */
export function reconnectDelay(attempt, random = Math.random) {
  return random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** attempt);
}

/** The connection needs somebody who is signed in: nobody is, or not any more. */
export const isSignedOut = (code) => code === 3500 || code === 3502 || code === 3504;

/** From this close code on, coming back with the same request is pointless. */
export const isFinal = (code) => code >= 3500 && code < 5000;

export class Live {
  #socket = null;
  #attempt = 0;
  #retry = null;
  #ping = null;
  #pong = null;
  #lostAt = null;

  /**
   * `on.state({name, since, reason, code})`, name one of connecting, live, reconnecting, offline, ended;
   * `on.event(cloudEvent)`; `on.jobs(runs)`; `on.health(health)`;
   * `on.missed()` when only a new snapshot helps.
   */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.position = null;
  }

  start(position) {
    this.position = position;
    this.#say("connecting");
    this.#connect();
    addEventListener("online", () => this.#hurry());
    document.addEventListener(
      "visibilitychange",
      () => document.visibilityState === "visible" && this.#hurry(),
    );
  }

  #connect() {
    clearTimeout(this.#retry);
    this.#retry = null;
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    this.#pong = setTimeout(() => this.#abandon(), SUBSCRIBED_WITHIN);
    socket.onmessage = ({ data }) => socket === this.#socket && this.#receive(JSON.parse(data));
    socket.onclose = ({ code, reason }) => socket === this.#socket && this.#closed(code, reason);
  }

  #receive(message) {
    switch (message.type) {
      case "connected":
        this.#send({ type: "subscribe", channels: CHANNELS, position: this.position ?? undefined });
        break;
      case "subscribed":
        this.#attempt = 0;
        this.#lostAt = null;
        // Recovered events follow and carry their own positions; only an unrecovered client jumps.
        if (!message.recovered) {
          this.position = message.position;
          this.on.missed();
        }
        this.#keepAlive();
        this.#say("live");
        break;
      case "event":
        this.position = message.position;
        this.on.event(message.event);
        break;
      case "jobs":
        this.on.jobs(message.runs ?? []);
        break;
      case "health":
        this.on.health(message);
        break;
      case "pong":
        clearTimeout(this.#pong);
        this.#pong = null;
        if (message.position) this.position = message.position;
        break;
    }
  }

  #closed(code, reason) {
    this.#socket = null;
    this.#stopTimers();
    if (isFinal(code)) {
      this.#say("ended", reason || `code ${code}`, code);
      return;
    }
    this.#lostAt ??= Date.now();
    this.#say(Date.now() - this.#lostAt > OFFLINE_AFTER || !navigator.onLine ? "offline" : "reconnecting");
    this.#retry = setTimeout(() => this.#connect(), reconnectDelay(this.#attempt));
    this.#attempt += 1;
  }

  /** The network or the person is back: do not sit out a long delay. */
  #hurry() {
    if (this.#retry === null) return;
    this.#attempt = 0;
    this.#connect();
  }

  #keepAlive() {
    this.#stopTimers();
    this.#ping = setInterval(() => {
      this.#send({ type: "ping" });
      this.#pong ??= setTimeout(() => this.#abandon(), PONG_WITHIN);
    }, PING_EVERY);
  }

  /** A peer that vanished never completes the closing handshake, so it is not waited for. */
  #abandon() {
    const socket = this.#socket;
    this.#closed(1006, "no pong");
    socket?.close();
  }

  #stopTimers() {
    clearInterval(this.#ping);
    clearTimeout(this.#pong);
    this.#pong = null;
  }

  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #say(name, reason, code) {
    this.on.state({ name, since: this.#lostAt, reason, code });
  }
}
