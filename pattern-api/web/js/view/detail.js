// Everything needed to judge one suggestion, and the buttons to do it.

import { app, draftOf } from "../app.js";
import { isHeld, isOutdated, readAgain } from "../details.js";
import { byId, h, paint } from "../dom.js";
import { isEdited } from "../draft.js";
import { isOpen } from "../feed.js";
import { clock, confidence, humanDates, past, plural, purpose, relative, span } from "../format.js";
import { closeDetail } from "../selection.js";
import { decisionBar } from "./bar.js";
import { changeTable } from "./changes.js";
import { chart } from "./chart.js";
import { roleTable } from "./roles.js";
import { scoreSplit } from "./scores.js";

const backButton = () => h("button", { type: "button", class: "back", onclick: closeDetail }, "‹ List");

/** What it is about, in words. */
function subject({ kind, cluster, starts_at: starts, ends_at: ends, concerned }) {
  const points = plural(cluster.point_count, "point");
  if (kind === "episode") {
    const of = concerned.length > 0 ? ` of ${concerned.slice(0, 3).join(", ")}${concerned.length > 3 ? ", …" : ""}` : "";
    return `${points}${of} changed within ${span(starts, ends)}, ${clock(starts)}`;
  }
  return cluster.kind === "look_alikes"
    ? `${points} called alike, each standing alone`
    : `${cluster.kind} cluster of ${points}`;
}

function heading(suggestion) {
  const kind = purpose(suggestion.purpose);
  return h(
    "header",
    { class: "head" },
    backButton(),
    h(
      "div",
      { class: "titles" },
      h("h2", {}, suggestion.cluster.label || plural(suggestion.cluster.point_count, "point")),
      h(
        "p",
        { class: "what" },
        suggestion.pattern.name,
        suggestion.pattern.category && h("span", { class: "category" }, suggestion.pattern.category),
      ),
    ),
    h(
      "div",
      { class: "sure" },
      h("span", { class: "number" }, confidence(suggestion.confidence)),
      h(
        "span",
        { class: "meter", vars: { "--value": suggestion.confidence } },
        h("i", { "aria-hidden": "true" }),
      ),
      h("span", { class: "hint" }, "confidence"),
    ),
    h(
      "p",
      { class: "meta" },
      h("span", { class: `badge ${suggestion.purpose}`, title: kind.title }, kind.label),
      h("span", {}, suggestion.data_source),
      h("span", {}, subject(suggestion)),
      h("span", { title: clock(suggestion.created_at) }, `proposed ${relative(suggestion.created_at)}`),
      suggestion.expires_at &&
        suggestion.status === "pending" &&
        h("span", { title: clock(suggestion.expires_at) }, `expires ${relative(suggestion.expires_at)}`),
    ),
  );
}

/** What an approval made; its pattern, too, where that is not the proposed one. */
function madeOf({ outcome, pattern }) {
  if (!outcome) return "";
  const other = ![pattern.name, outcome.label].includes(outcome.pattern) ? `, ${outcome.pattern}` : "";
  return ` as ${outcome.label}${other}`;
}

function outcome(suggestion, decision) {
  if (suggestion.status === "pending") return null;
  const said = app.decisions.find(({ suggestionId }) => suggestionId === suggestion.id);
  const by = decision?.decided_by ?? said?.by;
  const at = decision?.decided_at ?? said?.at;
  const reason = decision?.reason || (said?.action === "reject" ? said.reason : "");
  const verb = decision ? past(decision.action) : suggestion.status;
  const words =
    suggestion.status === "expired"
      ? "This suggestion expired; another one took its place, or nobody answered in time."
      : `${verb[0].toUpperCase()}${verb.slice(1)}${by ? ` by ${by}` : ""}${at ? ` at ${clock(at)}` : ""}${madeOf(suggestion)}.`;
  return h(
    "div",
    { class: `notice ${suggestion.status}` },
    h(
      "p",
      {},
      words,
      reason && h("span", { class: "said" }, ` “${humanDates(reason)}”`),
      isEdited(app.drafts.get(suggestion.id)) &&
        !isOpen(suggestion) &&
        h("span", { class: "said" }, " What you were about to change is kept, should it be asked again."),
    ),
  );
}

function failure(id, problem) {
  return h(
    "div",
    { class: "notice bad" },
    h("p", {}, problem.words),
    h("button", { type: "button", class: "link", onclick: () => readAgain(id) }, "Try again"),
  );
}

function body(suggestion, loaded, root) {
  if (!loaded) return [h("p", { class: "hint" }, "Reading the points…")];
  if (loaded.problem) return [failure(suggestion.id, loaded.problem)];
  return [
    h(
      "div",
      { class: "evidence" },
      h("section", {}, h("h3", {}, "Score split"), scoreSplit(suggestion)),
      h("section", {}, h("h3", {}, "Signals, each in its own range"), chart(loaded.data.points, root)),
    ),
    h(
      "section",
      { class: "assignments" },
      suggestion.kind === "episode"
        ? h("h3", {}, "What changed, in this order")
        : h("h3", {}, "Points and roles", h("span", { class: "note" }, "• required")),
      h("div", { class: "table" }),
    ),
  ];
}

function nothingSelected() {
  const problem = app.details.get(app.selected)?.problem;
  if (problem)
    return [h("header", { class: "head" }, backButton(), h("h2", {}, "This cannot be shown")), failure(app.selected, problem)];
  // Where there is nothing to choose, the list says what to do.
  if (app.list.length === 0) return [];
  return h(
    "div",
    { class: "empty" },
    h("h2", {}, "Nothing selected"),
    h(
      "p",
      {},
      "Choose a suggestion to see its points, the roles they would take, and why the engine thinks so.",
    ),
  );
}

export function paintDetail() {
  const root = byId("detail");
  const opens = app.open && !document.body.hasAttribute("data-open");
  document.body.toggleAttribute("data-open", app.open);
  for (const covered of ["top", "feed", "activity", "strip"]) byId(covered).inert = app.open;
  const suggestion = app.selected ? app.feed.get(app.selected) : null;
  if (!suggestion) {
    delete root.dataset.shows;
    const key = `none ${app.list.length === 0} ${app.details.get(app.selected)?.problem?.words}`;
    paint(root, key, nothingSelected);
    if (opens) root.querySelector(".back")?.focus();
    return;
  }
  const loaded = app.details.get(suggestion.id);
  const held = isHeld(suggestion);
  paintSuggestion(root, held ? loaded.data : suggestion, loaded);
  const isNewer = held && isOutdated(suggestion);
  paint(root.querySelector(".newer"), String(isNewer), () => (isNewer ? newer(suggestion) : []));
  if (opens) root.querySelector(".back")?.focus();
}

function newer({ id }) {
  return h(
    "div",
    { class: "notice" },
    h("p", {}, "This suggestion changed while you were editing."),
    h(
      "button",
      { type: "button", class: "link", onclick: () => readAgain(id) },
      "Show the new one (keeps your edits)",
    ),
  );
}

function paintSuggestion(root, suggestion, loaded) {
  const isAsked = isOpen(suggestion);
  const decision = loaded?.version === suggestion.version ? loaded.data?.decision : null;
  const key = JSON.stringify([
    suggestion.id,
    suggestion.version,
    loaded?.version,
    Boolean(loaded?.problem),
    decision,
  ]);
  const scrolled = root.scrollTop;
  const isSame = root.dataset.of === suggestion.id;
  const painted = paint(root, key, () => [
    heading(suggestion),
    outcome(suggestion, decision),
    h("div", { class: "newer" }),
    h("p", { class: "reason" }, suggestion.reason),
    body(suggestion, loaded, root),
    h("footer", { class: "bar" }),
  ]);
  root.dataset.of = suggestion.id;
  if (painted) root.scrollTop = isSame ? scrolled : 0;
  if (loaded?.data) root.dataset.shows = `${suggestion.id} ${loaded.version}`;
  else delete root.dataset.shows;
  paintEditable(root, suggestion, loaded, isAsked);
}

function paintEditable(root, suggestion, loaded, isAsked) {
  const draft = draftOf(suggestion.id);
  const table = root.querySelector(".assignments .table");
  const key = JSON.stringify([
    [...draft.roles],
    draft.patternId,
    draft.newKind !== null,
    draft.ownRole?.point,
    draft.several,
    isAsked,
    app.patterns.size > 0,
  ]);
  if (table && loaded?.data) {
    const { data } = loaded;
    paint(table, key, () => (data.kind === "episode" ? changeTable(data, root) : roleTable(data, root, isAsked)));
  }
  const busy = app.deciding.has(suggestion.id);
  const bar = root.querySelector(".bar");
  paint(bar, JSON.stringify([isAsked, busy, app.patterns.size, draft.several, draft.patternId, draft.newKind !== null]), () =>
    decisionBar(suggestion, { isOpen: isAsked, busy }),
  );
}
