// How many suggestions are open: counted by the server, moved on by what is known to have happened.

import { get } from "./api.js";
import { isOpen } from "./feed.js";

const total = (items, { status, purpose }) =>
  items
    .filter((item) => item.status === status && (!purpose || item.purpose === purpose))
    .reduce((sum, { count }) => sum + count, 0);

async function read({ source, kind, find }) {
  const query = new URLSearchParams();
  if (source) query.set("data_source", source);
  if (kind) query.set("kind", kind);
  if (find) query.set("search", find);
  return (await get(`api/suggestions/counts?${query}`)).items;
}

export class Counts {
  #changed;
  #filter = { source: "", kind: "", find: "" };
  #all = null;
  #found = null;
  #round = 0;
  #due = null;

  constructor(changed) {
    this.#changed = changed;
  }

  /** Of the data source, whatever is searched; null until it is known. */
  open(status) {
    return this.#all && total(this.#all, { status });
  }

  /** Of what is searched. */
  found(status, purpose = "") {
    return total(this.#found ?? [], { status, purpose });
  }

  /** Counts anew. Where that fails the next change brings the next chance. */
  async read(filter = this.#filter) {
    this.#filter = filter;
    clearTimeout(this.#due);
    this.#due = null;
    this.#round += 1;
    const round = this.#round;
    try {
      const all = await read({ source: filter.source, kind: filter.kind });
      const found = filter.find ? await read(filter) : all;
      if (round !== this.#round) return;
      [this.#all, this.#found] = [all, found];
      this.#changed();
    } catch (problem) {
      console.warn(problem.message);
    }
  }

  readSoon() {
    this.#due ??= setTimeout(() => this.read(), 300 + Math.random() * 700);
  }

  /** A suggestion changed from what the page knew, if anything, to what it is. */
  take(before, after, isCreated) {
    if (this.#filter.source && after.data_source !== this.#filter.source) return;
    if (this.#filter.kind && after.kind !== this.#filter.kind) return;
    const isExact = !this.#filter.find && (before || isCreated);
    if (!isExact) this.readSoon();
    if (!this.#all || !(before || isCreated)) return;
    if (before) this.#add(before, -1);
    this.#add(after, 1);
  }

  #add(suggestion, step) {
    if (!isOpen(suggestion)) return;
    const { status, purpose } = suggestion;
    let item = this.#all.find((one) => one.status === status && one.purpose === purpose);
    if (!item) this.#all.push((item = { status, purpose, count: 0 }));
    item.count = Math.max(0, item.count + step);
  }
}
