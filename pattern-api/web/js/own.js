// One's own decisions, and the way back through them.

import { app } from "./app.js";
import { allSent, title, undo } from "./decisions.js";
import { contentOf } from "./feed.js";
import { readDecisions } from "./snapshot.js";
import { hint } from "./view/toasts.js";

const OUTCOMES = { approve: "approved", reject: "rejected", defer: "deferred" };

/** A decision can be undone while it is the newest about its suggestion. */
export function isUndoable({ suggestionId, version, action }) {
  const now = app.feed.get(suggestionId);
  if (!OUTCOMES[action]) return false;
  return !now || (now.status === OUTCOMES[action] && contentOf(now) === version);
}

/** What was decided before the page was opened, by whoever sits before it. */
export async function readOwnDecisions() {
  const reviewer = app.reviewer;
  if (!reviewer) return;
  const items = await readDecisions(reviewer);
  if (reviewer !== app.reviewer) return;
  items.forEach(({ suggestion }) => app.learn(suggestion));
  const before = items
    .filter(({ action }) => OUTCOMES[action])
    .map(({ suggestion, version, action }) => ({ suggestionId: suggestion.id, version, action }))
    .reverse();
  const isIn = (one) => before.some((b) => b.suggestionId === one.suggestionId && b.version === one.version);
  app.own = [...before, ...app.own.filter((one) => !isIn(one))];
}

let last = Promise.resolve();

/** Takes back the newest of one's own decisions that still counts; several in haste, one after the other. */
export function undoLast() {
  last = last.catch(console.error).then(async () => {
    await allSent();
    if (app.notStored) {
      const words = `Your decision about ${title(app.notStored)} was not stored. Press u again to undo the one before.`;
      app.notStored = null;
      return hint(words);
    }
    const entry = app.own.findLast(isUndoable);
    if (!entry) return hint("None of your decisions is left to undo.");
    await undo(entry.suggestionId, entry.version);
  });
  return last;
}
