// The points with their proposed roles, each of which a reviewer can correct.

import { app, draftOf, repaint } from "../app.js";
import { h } from "../dom.js";
import { EXCLUDED, assign, isSeveral, machineOf, newDraft, roleOf, rolesOf, shared, unfilled } from "../draft.js";
import { confidence, score } from "../format.js";
import { charted, highlight, sparkline } from "./chart.js";

const OWN = "\u0000own";

/** What is decided is shown as it was decided, whatever somebody else was about to say. */
const draftFor = (detail, isOpen) => (isOpen ? draftOf(detail.id) : newDraft());

const controlOf = (point) => `role-${point.id}`;

function change(point, role, detail) {
  const draft = draftOf(detail.id);
  assign(point, role, detail, draft);
  draft.ownRole = null;
  repaint();
}

function ownRole(point, detail) {
  const draft = draftOf(detail.id);
  const done = (value) =>
    value.trim() ? change(point, value.trim(), detail) : ((draft.ownRole = null), repaint());
  return h("input", {
    class: "own",
    id: controlOf(point),
    value: draft.ownRole.text,
    "aria-label": `Own role of ${point.name}`,
    placeholder: "name of the role",
    maxlength: 200,
    oninput: ({ target }) => (draft.ownRole.text = target.value),
    // A field that is taken away says so as a change.
    onchange: ({ target }) => draft.ownRole && done(target.value),
    onkeydown: (event) => {
      if (event.key === "Escape") {
        event.stopPropagation();
        done("");
      }
    },
  });
}

function roleSelect(point, detail, isOpen) {
  const draft = draftFor(detail, isOpen);
  if (draft.ownRole?.point === point.id) return ownRole(point, detail);
  const role = roleOf(point, detail, draft, app.patterns);
  const offered = rolesOf(detail, draft, app.patterns);
  const isOffered = (wanted) => offered.some(({ name }) => name === wanted);
  const isOwn = role && role !== EXCLUDED && !isOffered(role);
  const read = point.spelled_out && point.spelled_out !== role && !isOffered(point.spelled_out);
  const select = h(
    "select",
    {
      id: controlOf(point),
      "aria-label": `Role of ${point.name}`,
      disabled: !isOpen,
      class: role && role !== EXCLUDED ? "" : "none",
      onchange: (event) => {
        const { target } = event;
        if (target.value === OWN) {
          // The focus goes on to the name of the role.
          event.stopPropagation();
          draft.ownRole = { point: point.id, text: "" };
          repaint();
        } else change(point, target.value || null, detail);
      },
    },
    h("option", { value: "" }, "no role"),
    h("option", { value: EXCLUDED }, "Not part of it"),
    offered.map(({ name, required }) => h("option", { value: name }, required ? `${name} •` : name)),
    isOwn && h("option", { value: role }, `${role} (own)`),
    read && h("option", { value: point.spelled_out }, `${point.spelled_out} (as it reads)`),
    h("option", { value: OWN }, "Own role…"),
  );
  select.value = role ?? "";
  return select;
}

/** Where the points are of several machines: which one this is of. */
function machine(point, detail, isOpen) {
  if (!isOpen) return point.equipment && h("span", { class: "machine" }, point.equipment);
  const draft = draftOf(detail.id);
  const role = roleOf(point, detail, draft, app.patterns);
  if (!isSeveral(detail, draft) || !role || role === EXCLUDED) return null;
  return h("input", {
    class: "machine",
    id: `machine-${point.id}`,
    value: machineOf(point, detail, draft),
    placeholder: "Which machine?",
    "aria-label": `Machine of ${point.name}`,
    maxlength: 500,
    oninput: ({ target }) => draft.machines.set(point.id, target.value),
  });
}

/** What the engine thinks likeliest of a point that it proposes no role for, where its words do not say the same. */
function guess({ opinion, spelled_out: read }) {
  if (!opinion || opinion.role === read) return "";
  const of = opinion.equipment ? ` of ${opinion.equipment}` : "";
  return `probably ${opinion.role}${of} (${confidence(opinion.confidence)})`;
}

function row(point, detail, root, colors, isOpen) {
  const draft = draftFor(detail, isOpen);
  const edited = draft.roles.has(point.id);
  const role = roleOf(point, detail, draft, app.patterns);
  const color = colors.indexOf(point.id);
  return h(
    "li",
    {
      class: edited ? "point edited" : "point",
      "data-point": point.id,
      onmouseenter: () => highlight(root, point.id),
      onmouseleave: () => highlight(root, null),
    },
    h(
      "span",
      { class: "name" },
      h("span", { class: "tag", title: point.name }, point.name),
      point.description && h("span", { class: "description" }, point.description),
      !role && point.spelled_out && h("span", { class: "description spelled" }, `reads as ${point.spelled_out}`),
      !role && guess(point) && h("span", { class: "description guess" }, guess(point)),
    ),
    h("span", { class: "unit" }, point.unit || "–"),
    sparkline(point, color < 0 ? null : color),
    h("span", { class: "role" }, roleSelect(point, detail, isOpen), machine(point, detail, isOpen)),
    h(
      "span",
      { class: "number", title: edited ? "Changed by you" : "How well the point fits the role" },
      edited ? "edited" : point.role ? score(point.role_score) : "",
    ),
  );
}

function remarks(detail, isOpen) {
  const draft = draftFor(detail, isOpen);
  const all = unfilled(detail, draft, app.patterns);
  const again = shared(detail, draft, app.patterns);
  const required = all.filter((role) => role.required);
  const optional = all.filter((role) => !role.required);
  return [
    required.length > 0 &&
      h(
        "p",
        { class: "missing required" },
        h(
          "b",
          {},
          required.length === 1 ? "A required role has no point: " : "Required roles without a point: ",
        ),
        required.map(({ name }) => name).join(", "),
      ),
    optional.length > 0 &&
      h("p", { class: "missing" }, "Also without a point: ", optional.map(({ name }) => name).join(", ")),
    again.length > 0 && h("p", { class: "missing" }, "With several points: ", again.join(", ")),
  ];
}

export function roleTable(detail, root, isOpen) {
  const colors = charted(detail.points).map(({ id }) => id);
  const ordered = [...detail.points].sort((a, b) => Boolean(b.role) - Boolean(a.role));
  return [
    h(
      "ul",
      { class: "points", "aria-label": "Points and their roles" },
      ordered.map((point) => row(point, detail, root, colors, isOpen)),
    ),
    remarks(detail, isOpen),
  ];
}
