// What buttons and keys do with the selected suggestion.

import { app, draftOf, repaint } from "./app.js";
import { approve, defer, reject, title } from "./decisions.js";
import { isHeld, shownVersion } from "./details.js";
import { byId } from "./dom.js";
import { EXCLUDED, lacksName, newKindOf, pointWithoutMachine, roleOf } from "./draft.js";
import { contentOf, isOpen } from "./feed.js";
import { readOwnDecisions, undoLast } from "./own.js";
import { closeDetail, isNarrow, select } from "./selection.js";
import { askName, askReason, askUntil } from "./view/dialogs.js";
import { reveal } from "./view/list.js";
import { hint } from "./view/toasts.js";

/** A press so soon after the one before is about that one: nobody has looked at the next. */
const HASTE = 300;

const isInHaste = () => app.cameByItself !== null && performance.now() - app.cameByItself < HASTE;

/** Why the selected one cannot be decided; null where it can. Keys act on what is in the list only. */
function obstacle(byKey) {
  const suggestion = app.selected && app.feed.get(app.selected);
  if (!app.selected) return "Nothing is selected. Press j for the first suggestion of the list.";
  if (byKey && app.list.state !== "ready") return "The list is still being read. Press again when it is there.";
  if (!suggestion)
    return app.details.get(app.selected)?.problem?.words ?? "It is still being read. Press again when it is there.";
  const name = title(suggestion);
  if (byKey && isInHaste()) return `That was fast: look at ${name} before you decide, and press again.`;
  if (app.deciding.has(suggestion.id)) return `Your answer about ${name} is being sent.`;
  if (!isOpen(suggestion)) return `${name} is ${suggestion.status}. Press j for the next one.`;
  if (byKey && app.list.indexOf(suggestion.id) < 0)
    return `${name} is not in the list as you see it. Press j for one that is, or empty Find and the filters.`;
  if (byKey && isNarrow() && !app.open) return `${name} is not open. Press Enter to look at it first.`;
  const isRead = Boolean(app.details.get(suggestion.id)?.data);
  if (isRead && shownVersion(suggestion.id) >= contentOf(suggestion)) return null;
  return isHeld(suggestion)
    ? `${name} changed while you were editing. Look at the new one first; your edits are kept.`
    : `The points of ${name} are still being read. Press again when you see them.`;
}

/** The one that takes the decided one's place, so that a reviewer can go on without looking for it. */
function neighbour(id) {
  const at = app.list.indexOf(id);
  if (at < 0) return null;
  const isFree = (one) => one && !app.deciding.has(one.id);
  for (let by = 1; by < 50; by += 1) {
    const next = app.list.at(at + by);
    if (isFree(next)) return next;
  }
  const before = app.list.at(at - 1);
  return isFree(before) ? before : null;
}

function goOn(id) {
  if (app.selected !== id) return;
  const next = neighbour(id);
  if (isNarrow()) closeDetail();
  else if (next) select(next.id, { byItself: true });
  repaint();
}

/** Asks what has to be asked, and goes on: the answer is sent meanwhile. */
const deciding = (ask, send) => async (byKey) => {
  const why = obstacle(byKey);
  if (why) return hint(why);
  const suggestion = app.feed.get(app.selected);
  const version = shownVersion(suggestion.id);
  if (!app.reviewer && !(await askName())) return hint("Nothing was decided: a decision needs a name.");
  const answer = await ask(suggestion);
  if (answer === null) return;
  if (app.deciding.has(suggestion.id)) return hint(`Your answer about ${title(suggestion)} is being sent.`);
  const sent = send(suggestion, answer, version);
  goOn(suggestion.id);
  await sent;
};

async function move(by) {
  const { list } = app;
  if (list.length === 0) return hint(list.state === "ready" ? "The list is empty." : "The list is still being read.");
  const at = list.indexOf(app.selected);
  const to = at < 0 ? 0 : Math.min(list.length - 1, Math.max(0, at + by));
  if (at === to) return hint(by > 0 ? "This is the last one in the list." : "This is the first one in the list.");
  const from = app.selected;
  const next = await list.find(to);
  if (!next || app.selected !== from) return;
  select(next.id);
  reveal(to);
}

/** A label that lists points is no name: only the reviewer may know one. */
function isNamed(suggestion) {
  if (suggestion.kind === "episode") return true;
  const draft = draftOf(suggestion.id);
  const { data } = app.details.get(suggestion.id);
  const point = pointWithoutMachine(data, draft, app.patterns);
  if (point) {
    byId(`machine-${point.id}`)?.focus();
    hint(`Which machine is ${point.name} of? Type its name, and press Ctrl+Enter.`);
    return false;
  }
  if (!lacksName(suggestion, draft)) return true;
  byId("equipment")?.focus();
  const [first] = data.equipment_names ?? [];
  const guess = first ? ` Perhaps ${first}?` : "";
  hint(`No name is known for this equipment. Type one, and press Ctrl+Enter.${guess}`);
  return false;
}

/** A new kind has a name and parts. */
function isWholeKind(suggestion) {
  const draft = draftOf(suggestion.id);
  const kind = newKindOf(suggestion, draft);
  if (kind === null) return true;
  if (!kind.trim()) {
    byId("kind")?.focus();
    hint("The new kind has no name yet. Type one, and press Ctrl+Enter.");
    return false;
  }
  if (suggestion.kind === "episode") return true;
  const { data } = app.details.get(suggestion.id);
  const plays = (point) => ![null, EXCLUDED].includes(roleOf(point, data, draft, app.patterns));
  if (data.points.some(plays)) return true;
  hint(`What do the points of ${kind.trim()} measure? Give at least one of them a role.`);
  return false;
}

export const act = {
  approve: deciding(
    async (suggestion) => (isWholeKind(suggestion) && isNamed(suggestion) ? true : null),
    (suggestion, _, version) => approve(suggestion, version),
  ),
  reject: deciding((suggestion) => askReason(title(suggestion), draftOf(suggestion.id)), reject),
  defer: deciding(
    (suggestion) => askUntil(title(suggestion)),
    (suggestion, { until }, version) => defer(suggestion, until, version),
  ),
  undo: async () => {
    if (!app.reviewer) {
      if (!(await askName())) return;
      await readOwnDecisions();
    }
    await undoLast();
  },
  next: () => move(1),
  previous: () => move(-1),
  open: () => (app.selected ? select(app.selected, { open: true }) : move(1)),
};
