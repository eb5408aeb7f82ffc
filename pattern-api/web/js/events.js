// What each event of the stream means for the page.

import { app, remember, repaint } from "./app.js";
import { newDraft } from "./draft.js";
import { isOpen } from "./feed.js";
import { humanDates } from "./format.js";
import { announceArrival } from "./view/announcer.js";

const ACTIONS = {
  SuggestionApproved: "approve",
  SuggestionRejected: "reject",
  SuggestionDeferred: "defer",
  SuggestionReopened: "undo",
};

export function rememberDecision(suggestion, { action, by, at, reason, isGuess = false }) {
  remember(app.decisions, {
    isGuess,
    key: `${suggestion.id}:${suggestion.version}`,
    action,
    by,
    at,
    // Events say "rejected: why"; the verb is shown already.
    reason: humanDates((reason ?? "").replace(/^(approved|rejected|deferred)\b:?\s*/, "")),
    suggestionId: suggestion.id,
    version: suggestion.version,
    label: suggestion.equipment?.name ?? suggestion.cluster.label ?? suggestion.pattern.name,
    pattern: suggestion.outcome?.pattern ?? suggestion.pattern.name,
  });
}

/** One's own decisions, on this page or on another. */
export function rememberOwn({ id, version }, action) {
  const isKnown = app.own.some((one) => one.suggestionId === id && one.version === version);
  if (!isKnown && action !== "undo") app.own.push({ suggestionId: id, version, action });
}

/** What was typed about a cluster that is asked about anew: its names and reason, and not the roles of another pattern. */
function carryOver({ id, cluster }) {
  for (const [before, draft] of app.drafts) {
    const asked = app.feed.get(before);
    if (before === id || asked?.cluster.id !== cluster.id || isOpen(asked) || app.drafts.has(id)) continue;
    const { equipmentName, newKind, reason } = draft;
    app.drafts.set(id, { ...newDraft(), equipmentName, newKind, reason });
    app.drafts.delete(before);
  }
}

function suggestionEvent(event) {
  const { actor, cause, ...suggestion } = event.data;
  const isCreated = event.type === "SuggestionCreated";
  const outcome = app.take(suggestion, { isCreated });
  if (ACTIONS[event.type]) {
    rememberDecision(suggestion, { action: ACTIONS[event.type], by: actor, at: event.time, reason: cause });
    if (actor === app.reviewer) rememberOwn(suggestion, ACTIONS[event.type]);
  }
  if (isCreated) carryOver(suggestion);
  if (outcome === "new" && isCreated) {
    app.arrivals.add(suggestion.id);
    announceArrival(suggestion);
  }
}

function patternEvent(event) {
  const { data } = event;
  const known = app.patterns.get(data.id);
  if (known && known.version >= data.version) return;
  if (app.patterns.size > 0) app.patterns.set(data.id, data);
  const before = data.previous_confidence ?? known?.confidence ?? null;
  // The library's own loading is no news; what decisions change is.
  if (event.type === "PatternUpdated" && before === null) return;
  if (event.type === "PatternCreated" && data.source === "library") return;
  remember(app.changes, {
    key: event.id,
    kind: event.type,
    at: event.time,
    name: data.name,
    before,
    after: data.confidence,
    support: data.support,
    by: data.actor,
    cause: data.cause,
    dataSource: data.data_source,
  });
}

export function receive(event) {
  if (event.type.startsWith("Suggestion")) suggestionEvent(event);
  else if (event.type.startsWith("Pattern")) patternEvent(event);
  repaint();
}
