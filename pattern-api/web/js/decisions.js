// Approve, reject, defer and undo, and what their answers mean in plain words.

import { app, draftOf, repaint } from "./app.js";
import { get, post } from "./api.js";
import { approvalBody } from "./draft.js";
import { rememberDecision } from "./events.js";
import { clock } from "./format.js";
import { toast } from "./view/toasts.js";

const title = (suggestion) =>
  suggestion.equipment?.name ?? suggestion.cluster.label ?? suggestion.pattern.name;

function decided(suggestion, action, reason) {
  app.feed.put(suggestion);
  rememberDecision(suggestion, {
    action,
    by: app.reviewer || "local",
    at: new Date().toISOString(),
    reason,
  });
  app.details.delete(suggestion.id);
}

/** What the reviewer judged: the detail, which may be older than what events have told since. */
const shownVersion = ({ id, version }) => app.details.get(id)?.data?.version ?? version;

/** The card shows what the server has, whatever the page believed. */
async function refresh(id) {
  try {
    const detail = await get(`api/suggestions/${id}`);
    app.feed.put(detail);
    app.details.set(id, { version: detail.version, data: detail });
  } catch {
    app.details.delete(id);
  }
  repaint();
}

async function explain(problem, suggestion, retry) {
  // A conflict about something else, such as a point that other equipment holds, says so itself.
  if (problem.status === 409 && problem.body.suggestion_status) {
    const { decided_by: by, decided_at: at, suggestion_status: status } = problem.body;
    await refresh(suggestion.id);
    if (status === "expired")
      toast(`${title(suggestion)} has expired; another suggestion took its place, or it waited too long.`);
    else if (by && status !== "pending")
      toast(`${by} already ${status} ${title(suggestion)}${at ? ` at ${clock(at)}` : ""}.`);
    else toast(`${title(suggestion)} changed while you were looking. Please look at it again.`);
    return;
  }
  if (problem.status === 404) {
    await refresh(suggestion.id);
    toast(`${title(suggestion)} is gone.`, { tone: "problem" });
    return;
  }
  const words = problem.words ?? "Something went wrong in the page. Reload it and try again.";
  toast(words, { tone: "problem", action: problem.isPassing ? { label: "Try again", run: retry } : null });
}

async function decide(suggestion, action, body, reason) {
  if (app.deciding.has(suggestion.id)) return false;
  app.deciding.add(suggestion.id);
  repaint();
  try {
    const answer = await post(`api/suggestions/${suggestion.id}/${action}`, body, app.reviewer);
    decided(answer, action, reason);
    return answer;
  } catch (problem) {
    if (problem.status === undefined) console.error(problem);
    await explain(problem, suggestion, () => decide(suggestion, action, body, reason));
    return false;
  } finally {
    app.deciding.delete(suggestion.id);
    repaint();
  }
}

function offerUndo(answer, words) {
  toast(words, { action: { label: "Undo", run: () => undo(answer.id, answer.version) } });
}

export async function approve(suggestion) {
  const loaded = app.details.get(suggestion.id)?.data;
  const draft = draftOf(suggestion.id);
  const shown = loaded ?? { points: [], roles: [] };
  const body = approvalBody(shown, shownVersion(suggestion), draft, app.patterns);
  const answer = await decide(suggestion, "approve", body, "");
  if (!answer) return false;
  app.drafts.delete(suggestion.id);
  offerUndo(answer, `Approved ${title(answer)} as ${answer.pattern.name}.`);
  return true;
}

export async function reject(suggestion, reason) {
  const answer = await decide(suggestion, "reject", { version: shownVersion(suggestion), reason }, reason);
  if (answer) offerUndo(answer, `Rejected ${title(answer)}.`);
  return Boolean(answer);
}

export async function defer(suggestion, until) {
  const body = { version: shownVersion(suggestion), ...(until ? { until } : {}) };
  const answer = await decide(suggestion, "defer", body, until ? `until ${clock(until)}` : "");
  if (answer)
    toast(`Deferred ${title(answer)}.`, {
      action: { label: "Show deferred", run: () => ((app.filter.tab = "deferred"), repaint()) },
    });
  return Boolean(answer);
}

export async function undo(id, version) {
  const suggestion = app.feed.get(id) ?? { id, version, cluster: {}, pattern: { name: "the suggestion" } };
  const answer = await decide(suggestion, "undo", { version }, "");
  if (answer) toast(`${title(answer)} is ${answer.status} again; the decision no longer counts.`);
  return Boolean(answer);
}
