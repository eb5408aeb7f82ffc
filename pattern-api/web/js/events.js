// What each event of the stream means for the page.

import { app, remember, repaint } from "./app.js";
import { get } from "./api.js";
import { announceArrival } from "./view/announcer.js";

const ACTIONS = {
  SuggestionApproved: "approve",
  SuggestionRejected: "reject",
  SuggestionDeferred: "defer",
  SuggestionReopened: "undo",
};

export function rememberDecision(suggestion, { action, by, at, reason }) {
  remember(app.decisions, {
    key: `${suggestion.id}:${suggestion.version}`,
    action,
    by,
    at,
    // Events say "rejected: why"; the verb is shown already.
    reason: (reason ?? "").replace(/^(approved|rejected|deferred)\b:?\s*/, ""),
    suggestionId: suggestion.id,
    version: suggestion.version,
    label: suggestion.equipment?.name ?? suggestion.cluster.label ?? suggestion.pattern.name,
    pattern: suggestion.pattern.name,
  });
}

function suggestionEvent(event) {
  const { actor, cause, ...suggestion } = event.data;
  const outcome = app.feed.put(suggestion);
  if (ACTIONS[event.type]) {
    rememberDecision(suggestion, { action: ACTIONS[event.type], by: actor, at: event.time, reason: cause });
  }
  if (outcome === "new" && event.type === "SuggestionCreated") announceArrival(suggestion);
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

/** Only a list too long to be held whole needs the server to count. */
async function recount() {
  if (app.feed.complete) return;
  try {
    app.feed.total = (await get("api/suggestions/stats")).pending;
    repaint();
  } catch {
    // The next change brings the next chance.
  }
}

export function receive(event) {
  if (event.type === "PendingCountChanged") recount();
  else if (event.type.startsWith("Suggestion")) suggestionEvent(event);
  else if (event.type.startsWith("Pattern")) patternEvent(event);
  repaint();
}
