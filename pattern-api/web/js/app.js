// The page's state in one place, and the one repaint that follows any change of it.

import { Counts } from "./counts.js";
import { Feed } from "./feed.js";
import { byId, keepFocus } from "./dom.js";
import { newDraft } from "./draft.js";
import { List } from "./list.js";
import { readList } from "./snapshot.js";

const KEPT_ENTRIES = 60;

function stored(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

const feed = new Feed();
let tellPosition = () => {};

async function readPage(query, place) {
  const page = await readList(query, place);
  tellPosition(page.position);
  return page;
}

export const app = {
  feed,
  list: new List(feed, readPage, () => repaint()),
  counts: new Counts(() => repaint()),
  connection: { name: "connecting", since: null },
  /** As the API's /health/ready; null until it is known. */
  health: null,
  filter: null,
  selected: null,
  /** When the selected one took the place of the one before; null where somebody chose it. */
  cameByItself: null,
  /** On a narrow screen: the detail covers the list. */
  open: false,
  /** Suggestions that came while one looked. */
  arrivals: new Set(),
  details: new Map(),
  drafts: new Map(),
  /** The suggestion of the last decision, where that was not stored. */
  notStored: null,
  /** Ids of suggestions with a decision under way. */
  deciding: new Set(),
  patterns: new Map(),
  /** What there is to say of each kind of suggestion: the parts of its scores. */
  kinds: new Map(),
  sources: [],
  runs: new Map(),
  starting: false,
  decisions: [],
  changes: [],
  /** One's own decisions, in the order in which they were made. */
  own: [],
  reviewer: stored("naia.reviewer"),

  /** Takes a suggestion, from wherever it came. Answers what the feed says of it. */
  take(suggestion, { isCreated = false } = {}) {
    const before = feed.get(suggestion.id);
    const outcome = feed.put(suggestion);
    if (outcome === "stale") return outcome;
    app.counts.take(before, suggestion, isCreated);
    app.list.take(suggestion);
    return outcome;
  },

  /** What was read beside the list: it may tell of a change before its event does. */
  learn(suggestion) {
    if (feed.get(suggestion.id)) app.take(suggestion);
    else feed.put(suggestion);
  },
};

app.list.keep(() => app.selected);

/** Calls back once, with the position of the first page that is read. */
export function onFirstPosition(use) {
  tellPosition = (position) => {
    tellPosition = () => {};
    use(position);
  };
}

export function draftOf(id) {
  if (!app.drafts.has(id)) app.drafts.set(id, newDraft());
  return app.drafts.get(id);
}

export function setReviewer(name) {
  app.reviewer = name.trim();
  try {
    localStorage.setItem("naia.reviewer", app.reviewer);
  } catch {
    // Then the name lasts as long as the page.
  }
}

/** Newest first; the same thing seen twice stays one entry, with the server's time where the page guessed one. */
export function remember(list, entry) {
  const known = list.find(({ key }) => key === entry.key);
  if (known && (entry.isGuess || !known.isGuess)) return;
  if (known) list.splice(list.indexOf(known), 1);
  list.push(entry);
  list.sort((a, b) => new Date(b.at) - new Date(a.at));
  list.length = Math.min(list.length, KEPT_ENTRIES);
}

const painters = [];
let scheduled = false;

export function onRepaint(painter) {
  painters.push(painter);
}

/** Many events in a burst make one repaint. A timer, because hidden tabs get no animation frames. */
export function repaint() {
  if (scheduled) return;
  scheduled = true;
  setTimeout(() => {
    scheduled = false;
    keepFocus(byId("detail"), () => painters.forEach((painter) => painter()));
  }, 16);
}
