// Who decided what, and what the library learned from it.

import { app } from "../app.js";
import { undo } from "../decisions.js";
import { isUndoable } from "../own.js";
import { byId, h, paint } from "../dom.js";
import { clock, past, relative, score } from "../format.js";

const time = (at) => h("time", { datetime: at, title: clock(at) }, relative(at));

function decision(entry) {
  return h(
    "li",
    { class: `decision ${entry.action}` },
    h(
      "p",
      {},
      h("b", {}, entry.by),
      ` ${past(entry.action)} `,
      h("span", { class: "tag" }, entry.label),
      entry.action === "approve" && ` as ${entry.pattern}`,
    ),
    entry.reason &&
      (entry.action === "reject" || entry.action === "defer") &&
      h("p", { class: "said" }, entry.reason),
    h(
      "p",
      { class: "when" },
      time(entry.at),
      isUndoable(entry) &&
        h(
          "button",
          {
            type: "button",
            class: "link",
            id: `undo-${entry.key}`,
            onclick: () => undo(entry.suggestionId, entry.version),
          },
          "Undo",
        ),
    ),
  );
}

function change(entry) {
  const rises = entry.before !== null && entry.after > entry.before;
  const falls = entry.before !== null && entry.after < entry.before;
  const who = entry.by && entry.by !== "engine" ? ` by ${entry.by}` : "";
  return h(
    "li",
    { class: `learned ${rises ? "up" : falls ? "down" : ""}` },
    h(
      "p",
      {},
      h("b", {}, entry.name),
      " ",
      entry.kind === "PatternRetired"
        ? "retired"
        : h(
            "span",
            { class: "shift" },
            entry.before !== null && `${score(entry.before)} → `,
            score(entry.after),
          ),
    ),
    entry.before !== null &&
      h(
        "span",
        {
          class: "track",
          "aria-hidden": "true",
          vars: {
            "--from": Math.min(entry.before, entry.after),
            "--to": Math.max(entry.before, entry.after),
          },
        },
        h("i"),
      ),
    h("p", { class: "said" }, `${entry.cause ?? ""}${entry.cause?.includes(entry.by) ? "" : who}`),
    h("p", { class: "when" }, time(entry.at)),
  );
}

export function paintActivity() {
  const minute = Math.floor(Date.now() / 60_000);
  const undoable = app.decisions.map(isUndoable);
  const key = JSON.stringify([
    app.decisions.map(({ key: k }) => k),
    undoable,
    app.changes.map(({ key: k }) => k),
    minute,
  ]);
  paint(byId("activity"), key, () => [
    h(
      "section",
      {},
      h("h2", {}, "Recent decisions"),
      app.decisions.length > 0
        ? h("ol", {}, app.decisions.slice(0, 30).map(decision))
        : h("p", { class: "hint" }, "Decisions by you and by others appear here, and can be undone."),
    ),
    h(
      "section",
      {},
      h("h2", {}, "What the library learned"),
      app.changes.length > 0
        ? h("ol", {}, app.changes.slice(0, 30).map(change))
        : h(
            "p",
            { class: "hint" },
            "Each decision moves a pattern's confidence. The change appears here with its cause.",
          ),
    ),
  ]);
}
