// The parts of a suggestion's score, as its kind declares them.

import { app } from "../app.js";
import { h } from "../dom.js";
import { score } from "../format.js";

/** Until the kinds are read, the names of the scores have to do. */
const partsOf = ({ kind, scores }) =>
  app.kinds.get(kind)?.scores ?? Object.keys(scores ?? {}).map((name) => ({ name, label: name, meaning: "" }));

export function scoreSplit(suggestion) {
  return h(
    "dl",
    { class: "scores", "aria-label": "Score split" },
    partsOf(suggestion).map(({ name, label, meaning }) => {
      const value = suggestion.scores?.[name] ?? null;
      return h(
        "div",
        { class: value === null ? "unknown" : "", title: meaning },
        h("dt", {}, label),
        value === null
          ? h("dd", {}, "nothing to judge by")
          : h(
              "dd",
              {},
              h("span", { class: "meter", vars: { "--value": value } }, h("i", { "aria-hidden": "true" })),
              h("span", { class: "number" }, score(value)),
            ),
      );
    }),
  );
}
