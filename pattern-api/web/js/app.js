// The page's state in one place, and the one repaint that follows any change of it.

import { Feed } from "./feed.js";
import { byId, keepFocus } from "./dom.js";
import { newDraft } from "./draft.js";

const KEPT_ENTRIES = 60;

function stored(key) {
  try {
    return localStorage.getItem(key) ?? "";
  } catch {
    return "";
  }
}

export const app = {
  feed: new Feed(),
  /** "loading" | "ready" | "failed" */
  snapshot: "loading",
  snapshotProblem: null,
  connection: { name: "connecting", since: null },
  /** As the API's /health/ready; null until it is known. */
  health: null,
  filter: { tab: "pending", source: "", purpose: "", find: "" },
  selected: null,
  /** On a narrow screen: the detail covers the list. */
  open: false,
  details: new Map(),
  drafts: new Map(),
  /** Ids of suggestions with a decision under way. */
  deciding: new Set(),
  patterns: new Map(),
  sources: [],
  runs: new Map(),
  starting: false,
  decisions: [],
  changes: [],
  reviewer: stored("naia.reviewer"),
};

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

/** Newest first; the same thing seen twice (answer and event) stays one entry. */
export function remember(list, entry) {
  if (list.some(({ key }) => key === entry.key)) return;
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
