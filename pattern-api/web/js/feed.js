// What the page knows: the newest version of every suggestion it has seen.

const KEPT_DECIDED = 2000;

export const isOpen = ({ status }) => status === "pending" || status === "deferred";

/** The version in which what is asked changed last; later ones differ in scores only. */
export const contentOf = ({ content_version: content, version }) => content ?? version;

/** Suggestions by id. Older versions never replace newer ones, whatever way they come. */
export class Feed {
  #known = new Map();

  get(id) {
    return this.#known.get(id);
  }

  /** Takes a suggestion from a list, an event or an answer. Returns "new", "changed" or "stale". */
  put(suggestion) {
    const before = this.#known.get(suggestion.id);
    if (before && before.version >= suggestion.version) return "stale";
    // Re-inserting keeps the map in order of change, which is the order to forget in.
    this.#known.delete(suggestion.id);
    this.#known.set(suggestion.id, suggestion);
    this.#forgetOldDecided();
    return before ? "changed" : "new";
  }

  #forgetOldDecided() {
    if (this.#known.size % 500 !== 0) return;
    const decided = [...this.#known.values()].filter((suggestion) => !isOpen(suggestion));
    decided.slice(0, Math.max(0, decided.length - KEPT_DECIDED)).forEach(({ id }) => this.#known.delete(id));
  }
}
