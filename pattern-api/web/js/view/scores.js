// The parts of a suggestion's score.

import { h } from "../dom.js";
import { score } from "../format.js";

const PARTS = [
  ["name", "Names", "Do the names and descriptions say these roles?"],
  ["unit", "Units", "Do the units fit the roles?"],
  ["range", "Ranges", "Do the values lie in the roles' ranges?"],
  ["behavior", "Behavior", "Do the signals behave as the roles do?"],
  ["rate", "Rates", "Do the points update as often as the roles do?"],
  ["cohesion", "Cohesion", "Do the points hang together?"],
];

export function scoreSplit(scores) {
  return h(
    "dl",
    { class: "scores", "aria-label": "Score split" },
    PARTS.map(([key, label, title]) => {
      const value = scores?.[key] ?? null;
      return h(
        "div",
        { class: value === null ? "unknown" : "", title },
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
