// The list as the server filters and orders it. A short one is held whole and kept by events alone; of a long one the
// page holds what is looked at, and reads that again where an event may have moved it.

import { reconnectDelay } from "./live.js";

const BLOCK = 200;
const HELD_WHOLE = 1000;

const ORDERS = {
  priority: (a, b) => b.priority - a.priority,
  confidence: (a, b) => b.confidence - a.confidence,
  newest: (a, b) => new Date(b.created_at) - new Date(a.created_at),
  name: (a, b) => (a.cluster.label < b.cluster.label ? -1 : Number(a.cluster.label > b.cluster.label)),
};

export const SORTS = Object.keys(ORDERS);

/** What can be told without the server: which words a suggestion has is not. */
export function fits(suggestion, { status, source, kind, purpose }) {
  return (
    suggestion.status === status &&
    (!source || suggestion.data_source === source) &&
    (!kind || suggestion.kind === kind) &&
    (!purpose || suggestion.purpose === purpose)
  );
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class List {
  #feed;
  #read;
  #changed;
  #query = null;
  /** By place; what is not held is a hole. */
  #ids = [];
  #held = 0;
  #asked = new Map();
  #shown = [0, 0];
  /** Counts the readings: the answer of an older one is not wanted. */
  #round = 0;
  /** Counts what was put in and taken out: a block that was asked for before is about other places. */
  #edits = 0;
  #meanwhile = null;
  #due = null;
  #around = null;
  /** "loading" | "ready" | "failed": as the query that was asked last. */
  state = "loading";
  problem = null;
  /** Whether the list begins anew where it is shown; whoever shows it takes note. */
  isAtTop = false;

  /** `read(query, {offset, around, limit})` answers a page; `changed()` is told whenever there is something to see. */
  constructor(feed, read, changed) {
    this.#feed = feed;
    this.#read = read;
    this.#changed = changed;
  }

  get length() {
    return this.#ids.length;
  }

  get isWhole() {
    return this.state === "ready" && this.#held === this.#ids.length;
  }

  at(index) {
    const id = this.#ids[index];
    return id && this.#feed.get(id);
  }

  indexOf(id) {
    return this.#ids.indexOf(id);
  }

  /** What is held is no longer what is asked for; the query follows. */
  expect() {
    this.state = "loading";
  }

  /** Another query; `around`: what is to be in the first page, if it fits. */
  open(query, around = null) {
    this.#query = query;
    this.#shown = [0, 0];
    this.state = "loading";
    this.isAtTop = !around;
    return this.reread(around);
  }

  /** Reads until it succeeds, or until there is something newer to read. */
  async reread(around = null) {
    clearTimeout(this.#due);
    this.#due = null;
    this.#round += 1;
    const round = this.#round;
    this.#meanwhile = new Set();
    for (let attempt = 0; ; attempt += 1) {
      try {
        const place = around ? { around } : { offset: Math.max(0, this.#shown[0] - BLOCK / 2) };
        let page = await this.#read(this.#query, { ...place, limit: BLOCK });
        // The list may have become shorter than where one looked.
        if (page.items.length === 0 && page.total > 0 && round === this.#round)
          page = await this.#read(this.#query, { offset: 0, limit: BLOCK });
        if (round !== this.#round) return;
        this.#replace(page);
        await this.#readRest(round);
        return;
      } catch (problem) {
        if (round !== this.#round) return;
        if (this.state !== "ready") this.state = "failed";
        this.problem = problem.words ?? problem.message;
        this.#changed();
        await pause(reconnectDelay(attempt + 1));
        if (round !== this.#round) return;
      }
    }
  }

  /** Makes sure that these places are held. Resolves when they are, or cannot be read. */
  async show(from, to) {
    this.#shown = [from, to];
    await this.#want(from, to);
  }

  /** The one at this place, read where it is not held. */
  async find(index) {
    await this.#want(index, index + 1);
    return this.at(index);
  }

  /** Something happened to a suggestion, whose newest version is in the feed. */
  take(suggestion) {
    this.#meanwhile?.add(suggestion.id);
    if (this.state === "ready") this.#apply(suggestion);
  }

  #apply(suggestion) {
    const at = this.indexOf(suggestion.id);
    const fit = fits(suggestion, this.#query);
    const isKnowable = this.isWhole && !this.#query.find;
    if (at >= 0 && (!fit || isKnowable)) this.#remove(at);
    if (fit && isKnowable) this.#insert(suggestion);
    const mayBeElsewhere = !this.#query.source || suggestion.data_source === this.#query.source;
    if (at < 0 && mayBeElsewhere && (this.isWhole ? fit && !isKnowable : true)) this.#rereadSoon();
  }

  #remove(at) {
    this.#ids.splice(at, 1);
    this.#held -= 1;
    this.#edits += 1;
  }

  #insert(suggestion) {
    const order = ORDERS[this.#query.sort];
    const comesAfter = (id) => {
      const other = this.#feed.get(id);
      return (order(suggestion, other) || (suggestion.id < other.id ? -1 : 1)) < 0;
    };
    const at = this.#ids.findIndex(comesAfter);
    this.#ids.splice(at < 0 ? this.#ids.length : at, 0, suggestion.id);
    this.#held += 1;
    this.#edits += 1;
  }

  /** A thousand pages do not ask in the same moment. */
  #rereadSoon() {
    this.#due ??= setTimeout(() => this.reread(this.#around?.()), 300 + Math.random() * 700);
  }

  /** Which one is to stay in the list whenever it is read again. */
  keep(idOf) {
    this.#around = () => {
      const id = idOf();
      return id && this.indexOf(id) >= 0 ? id : null;
    };
  }

  #replace(page) {
    this.#ids = new Array(page.total);
    this.#held = 0;
    this.#edits += 1;
    this.#asked.clear();
    this.state = "ready";
    this.problem = null;
    this.#place(page);
    this.#changed();
  }

  #place({ items, offset }) {
    items.forEach((suggestion, i) => {
      this.#feed.put(suggestion);
      const before = this.indexOf(suggestion.id);
      if (before >= 0 && before !== offset + i) {
        // It moved between two readings, and others with it.
        delete this.#ids[before];
        this.#held -= 1;
        this.#rereadSoon();
      }
      if (!this.#ids[offset + i]) this.#held += 1;
      this.#ids[offset + i] = suggestion.id;
    });
  }

  async #readRest(round) {
    if (this.#ids.length <= HELD_WHOLE) await this.#want(0, this.#ids.length);
    else await this.#want(...this.#shown);
    if (round !== this.#round) return;
    const meanwhile = [...this.#meanwhile];
    this.#meanwhile = null;
    for (const id of meanwhile) if (this.#feed.get(id)) this.#apply(this.#feed.get(id));
    this.#changed();
  }

  async #want(from, to) {
    const blocks = [];
    const last = Math.min(to, this.#ids.length);
    for (let block = Math.floor(Math.max(0, from) / BLOCK); block * BLOCK < last; block += 1)
      if (this.#hasHole(block)) blocks.push(block);
    await Promise.all(blocks.map((block) => this.#readBlock(block)));
  }

  #hasHole(block) {
    const end = Math.min((block + 1) * BLOCK, this.#ids.length);
    for (let i = block * BLOCK; i < end; i += 1) if (!this.#ids[i]) return true;
    return false;
  }

  #readBlock(block) {
    if (!this.#asked.has(block)) {
      const asked = this.#fetchBlock(block).finally(() => {
        if (this.#asked.get(block) === asked) this.#asked.delete(block);
      });
      this.#asked.set(block, asked);
    }
    return this.#asked.get(block);
  }

  async #fetchBlock(block) {
    const [round, edits] = [this.#round, this.#edits];
    try {
      const page = await this.#read(this.#query, { offset: block * BLOCK, limit: BLOCK });
      if (round !== this.#round) return;
      if (edits === this.#edits && page.total === this.#ids.length) this.#place(page);
      else this.#rereadSoon();
      this.#changed();
    } catch (problem) {
      console.warn(problem.message);
      if (round === this.#round) this.#rereadSoon();
    }
  }
}
