// Approve, reject, defer and undo, and what their answers mean in plain words.

import { app, draftOf, repaint } from "./app.js";
import { get, post } from "./api.js";
import { readAgain } from "./details.js";
import { approvalBody, isEdited } from "./draft.js";
import { rememberDecision, rememberOwn } from "./events.js";
import { isOpen } from "./feed.js";
import { clock } from "./format.js";
import { landOn } from "./land.js";
import { select } from "./selection.js";
import { toast } from "./view/toasts.js";

export const title = (suggestion) =>
  suggestion.equipment?.name || suggestion.cluster.label || suggestion.pattern.name;

function decided(suggestion, action, reason) {
  app.take(suggestion);
  const entry = { action, by: app.reviewer, at: new Date().toISOString(), reason, isGuess: true };
  rememberDecision(suggestion, entry);
  rememberOwn(suggestion, action);
  app.details.delete(suggestion.id);
}

/** The card shows what the server has, whatever the page believed. What is being edited stays as it was. */
async function refresh(id) {
  try {
    const detail = await get(`api/suggestions/${id}`);
    app.take(detail);
    const isKept = isOpen(detail) && isEdited(app.drafts.get(id));
    if (!isKept) app.details.set(id, { version: detail.version, data: detail });
  } catch {
    app.details.delete(id);
  }
  repaint();
}

const kept = (id) => {
  const draft = app.drafts.get(id);
  return isEdited(draft) || draft?.reason ? " What you typed is kept." : "";
};

/** Points would be added to a machine that the suggestion is not about. */
const EQUIPMENT_EXISTS = "urn:naia:problem:equipment-exists";

async function explain(problem, suggestion, { retry, extend }) {
  const { id } = suggestion;
  const name = title(suggestion);
  const show = { label: "Show it", run: () => select(id, { open: true }) };
  // A conflict about something else, such as a point that other equipment holds, says so itself.
  if (problem.status === 409 && problem.body.suggestion_status) {
    const { decided_by: by, decided_at: at, suggestion_status: status } = problem.body;
    await refresh(id);
    if (status === "expired")
      toast(`${name} has expired; another suggestion took its place, or it waited too long.${kept(id)}`);
    else if (by && status !== "pending")
      toast(`${by} already ${status} ${name}${at ? ` at ${clock(at)}` : ""}.${kept(id)}`, { action: show });
    else {
      const what = by === "engine" ? `The points or roles of ${name} changed` : `${by} reopened ${name}`;
      toast(`${what} while you were looking. Please look at it again.${kept(id)}`, { action: show });
    }
    return;
  }
  if (problem.status === 404) {
    await refresh(id);
    toast(`${name} is gone.`, { tone: "problem" });
    return;
  }
  if (problem.body?.type === EQUIPMENT_EXISTS) {
    toast(`${name}: ${problem.words}`, { tone: "problem", stays: true, action: { label: "Add the points to it", run: extend } });
    return;
  }
  const words = problem.words ?? "something went wrong in the page. Reload it and try again.";
  const again = problem.isPassing ? { label: "Try again", run: retry } : show;
  toast(`${name} was not stored: ${words}`, { tone: "problem", stays: true, action: again });
}

const underWay = new Set();

/** Resolves when every decision that was made so far has its answer. */
export const allSent = () => Promise.allSettled(underWay);

function decide(...decision) {
  const sent = send(...decision).finally(() => underWay.delete(sent));
  underWay.add(sent);
  return sent;
}

async function send(suggestion, action, body, reason, onDone) {
  if (app.deciding.has(suggestion.id)) return false;
  app.deciding.add(suggestion.id);
  repaint();
  try {
    const answer = await post(`api/suggestions/${suggestion.id}/${action}`, body, app.reviewer);
    app.notStored = null;
    decided(answer, action, reason);
    onDone(answer);
    return answer;
  } catch (problem) {
    if (problem.status === undefined) console.error(problem);
    app.notStored = action === "undo" ? app.notStored : suggestion;
    const again = (changed) => () => decide(suggestion, action, changed, reason, onDone);
    await explain(problem, suggestion, { retry: again(body), extend: again({ ...body, extend: true }) });
    return false;
  } finally {
    app.deciding.delete(suggestion.id);
    repaint();
  }
}

const offerUndo = (words) => (answer) => {
  app.drafts.delete(answer.id);
  toast(words(answer), { action: { label: "Undo", run: () => undo(answer.id, answer.version) } });
};

/** `version`: what was shown when it was decided. */
export function approve(suggestion, version) {
  const { data } = app.details.get(suggestion.id);
  const body = approvalBody(data, version, draftOf(suggestion.id), app.patterns);
  const machines = new Set(Object.values(body.equipment_names ?? {})).size;
  const what = (answer) => (machines > 1 ? `${machines} machines` : title(answer));
  const done = offerUndo((answer) => `Approved ${what(answer)} as ${answer.outcome?.pattern ?? answer.pattern.name}.`);
  return decide(suggestion, "approve", body, "", done);
}

/** `version`: what was shown when the reason was asked for. */
export function reject(suggestion, reason, version) {
  const done = offerUndo((answer) => `Rejected ${title(answer)}.`);
  return decide(suggestion, "reject", { version, reason }, reason, done);
}

export function defer(suggestion, until, version) {
  const body = { version, ...(until ? { until } : {}) };
  const words = until ? `until ${clock(until)}` : "";
  const done = offerUndo((answer) => `Deferred ${title(answer)}${words && ` ${words}`}.`);
  return decide(suggestion, "defer", body, words, done);
}

/** Takes a decision back, and shows what is asked again. */
export async function undo(id, version) {
  const suggestion = app.feed.get(id) ?? { id, version, cluster: {}, pattern: { name: "the suggestion" } };
  const done = (answer) => {
    readAgain(answer.id);
    toast(`${title(answer)} is ${answer.status} again; the decision no longer counts.`);
  };
  const reopened = await decide(suggestion, "undo", { version }, "", done);
  if (reopened) await landOn(id);
}
