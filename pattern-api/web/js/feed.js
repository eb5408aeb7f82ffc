// What the page knows: the newest version of every suggestion it has seen.

const KEPT_DECIDED = 2000;

const byPriority = (a, b) =>
  b.priority - a.priority || a.created_at.localeCompare(b.created_at) || a.id.localeCompare(b.id);

/** Suggestions by id. Older versions never replace newer ones, whatever way they come. */
export class Feed {
  #known = new Map();
  #meanwhile = null;
  /** Whether the snapshot held every pending suggestion. */
  complete = false;
  /** Pending suggestions on the server where the snapshot was not complete. */
  total = 0;

  get(id) {
    return this.#known.get(id);
  }

  /** Takes a suggestion from a snapshot, an event or an answer. Returns "new", "changed" or "stale". */
  put(suggestion) {
    this.#meanwhile?.push(suggestion);
    return this.#keep(suggestion);
  }

  /** Everything that arrives until `endSnapshot` outlives the replacement of the whole. */
  beginSnapshot() {
    this.#meanwhile = [];
  }

  endSnapshot(suggestions, total) {
    this.#known.clear();
    suggestions.forEach((suggestion) => this.#keep(suggestion));
    this.#meanwhile?.forEach((suggestion) => this.#keep(suggestion));
    this.#meanwhile = null;
    this.total = total;
  }

  withStatus(status) {
    return [...this.#known.values()].filter((suggestion) => suggestion.status === status).sort(byPriority);
  }

  #keep(suggestion) {
    const before = this.#known.get(suggestion.id);
    if (before && before.version >= suggestion.version) return "stale";
    // Re-inserting keeps the map in order of change, which is the order to forget in.
    this.#known.delete(suggestion.id);
    this.#known.set(suggestion.id, suggestion);
    this.#forgetOldDecided();
    return before ? "changed" : "new";
  }

  #forgetOldDecided() {
    const isOpen = (status) => status === "pending" || status === "deferred";
    if (this.#known.size % 500 !== 0) return;
    const decided = [...this.#known.values()].filter((suggestion) => !isOpen(suggestion.status));
    decided.slice(0, Math.max(0, decided.length - KEPT_DECIDED)).forEach(({ id }) => this.#known.delete(id));
  }
}

/** What a person narrowed the list to. */
export function matches(suggestion, { source, purpose, find }) {
  if (source && suggestion.data_source !== source) return false;
  if (purpose && suggestion.purpose !== purpose) return false;
  if (!find) return true;
  const text = `${suggestion.cluster.label ?? ""} ${suggestion.pattern.name} ${suggestion.pattern.category} ${suggestion.data_source} ${suggestion.equipment?.name ?? ""}`;
  return find
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.toLowerCase().includes(word));
}
