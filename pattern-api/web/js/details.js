// The points of what is looked at, and of the next two, so that deciding never waits for them.

import { app, draftOf, repaint } from "./app.js";
import { get } from "./api.js";
import { byId } from "./dom.js";
import { isEdited } from "./draft.js";
import { contentOf, isOpen } from "./feed.js";

const KEPT = 60;
const AHEAD = 2;
const underWay = new Map();

async function read(id) {
  const controller = new AbortController();
  underWay.set(id, controller);
  try {
    const data = await get(`api/suggestions/${id}`, controller.signal);
    app.learn(data);
    keep(id, { version: data.version, data });
  } catch (problem) {
    if (problem.name === "AbortError") return;
    keep(id, { version: Infinity, problem });
  } finally {
    if (underWay.get(id) === controller) underWay.delete(id);
  }
  repaint();
}

function keep(id, detail) {
  app.details.delete(id);
  app.details.set(id, detail);
  const old = [...app.details.keys()].filter((one) => one !== app.selected && !isEdited(app.drafts.get(one)));
  old.slice(0, Math.max(0, app.details.size - KEPT)).forEach((one) => app.details.delete(one));
}

const isTypedInto = (id) =>
  id === app.selected && document.activeElement?.matches("#detail :is(input, select, textarea)");

/**
 * Whether what was read stays as it is although there is something newer: what a reviewer edits is not pulled from
 * under their hands, and new scores do not disturb whoever is in a field.
 */
export function isHeld(suggestion) {
  const loaded = app.details.get(suggestion.id);
  if (!loaded?.data || !isOpen(loaded.data) || !isOpen(suggestion)) return false;
  if (isEdited(app.drafts.get(suggestion.id))) return true;
  return isTypedInto(suggestion.id) && !isOutdated(suggestion);
}

/** Whether other points, roles or another pattern are proposed by now than were read. */
export function isOutdated(suggestion) {
  const loaded = app.details.get(suggestion.id);
  return Boolean(loaded?.data) && loaded.version < contentOf(suggestion);
}

function isMissing(id) {
  const loaded = app.details.get(id);
  const suggestion = app.feed.get(id);
  if (!loaded) return true;
  return Boolean(suggestion) && loaded.version < suggestion.version && !isHeld(suggestion);
}

function nextOnes() {
  const at = app.list.indexOf(app.selected);
  if (at < 0) return [];
  return Array.from({ length: AHEAD }, (_, i) => app.list.at(at + 1 + i)?.id).filter(Boolean);
}

/** Reads what is selected, then the next ones; what nobody looks at any more is not waited for. */
export function readWhatIsNeeded() {
  if (!app.selected || app.list.state === "loading") return;
  const wanted = [app.selected, ...nextOnes()];
  underWay.forEach((controller, id) => wanted.includes(id) || controller.abort());
  const missing = wanted.filter((id) => isMissing(id) && !underWay.has(id));
  if (missing.includes(app.selected)) read(app.selected);
  else if (!underWay.has(app.selected)) missing.forEach(read);
}

/** Drops what was read, and reads it again. What was typed stays. */
export function readAgain(id) {
  underWay.get(id)?.abort();
  underWay.delete(id);
  app.details.delete(id);
  draftOf(id).ownRole = null;
  repaint();
}

/** Problems that may have passed: the next repaint asks again. */
export function forgetProblems() {
  app.details.forEach(({ problem }, id) => problem && app.details.delete(id));
}

/** Which version of the suggestion the reviewer sees, with its points; 0 where they are not there yet. */
export function shownVersion(id) {
  const [shown, version] = (byId("detail").dataset.shows ?? "").split(" ");
  return shown === id ? Number(version) : 0;
}
