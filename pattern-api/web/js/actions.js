// What buttons and keys do with the selected suggestion.

import { app, repaint } from "./app.js";
import { approve, defer, reject, undo } from "./decisions.js";
import { closeDetail, isNarrow, select } from "./selection.js";
import { isUndoable } from "./view/activity.js";
import { askReason, askUntil } from "./view/dialogs.js";
import { revealSelected, visibleSuggestions } from "./view/list.js";

function current() {
  const suggestion = app.selected ? app.feed.get(app.selected) : null;
  return suggestion && (suggestion.status === "pending" || suggestion.status === "deferred")
    ? suggestion
    : null;
}

const nameOf = (suggestion) => suggestion.cluster.label || suggestion.pattern.name;

/** The one that takes the decided one's place, so that a reviewer can go on without looking for it. */
function neighbour(id) {
  const list = visibleSuggestions();
  const at = list.findIndex((suggestion) => suggestion.id === id);
  return list[at + 1] ?? list[at - 1] ?? null;
}

async function decideAndGoOn(decide) {
  const suggestion = current();
  if (!suggestion) return;
  const next = neighbour(suggestion.id);
  const done = await decide(suggestion);
  if (!done || app.selected !== suggestion.id) return;
  if (isNarrow()) closeDetail();
  else if (next) select(next.id);
  repaint();
}

function move(by) {
  const list = visibleSuggestions();
  if (list.length === 0) return;
  const at = list.findIndex(({ id }) => id === app.selected);
  const to = at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by));
  select(list[to].id);
  setTimeout(revealSelected, 40);
}

export const act = {
  approve: () => decideAndGoOn(approve),
  reject: () =>
    decideAndGoOn(async (suggestion) => {
      const reason = await askReason(nameOf(suggestion));
      return reason === null ? false : reject(suggestion, reason);
    }),
  defer: () =>
    decideAndGoOn(async (suggestion) => {
      const answer = await askUntil(nameOf(suggestion));
      return answer === null ? false : defer(suggestion, answer.until);
    }),
  undo: () => {
    const last = app.decisions.find((entry) => isUndoable(entry) && entry.by === (app.reviewer || "local"));
    if (last) undo(last.suggestionId, last.version);
  },
  next: () => move(1),
  previous: () => move(-1),
  open: () => app.selected && select(app.selected, { open: true }),
};
