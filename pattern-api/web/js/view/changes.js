// The points of an episode in the order in which they changed, and which way.

import { h } from "../dom.js";
import { span } from "../format.js";
import { charted, highlight, sparkline } from "./chart.js";

const WAYS = { up: { arrow: "▲", words: "went up" }, down: { arrow: "▼", words: "went down" } };

function row(point, starts, root, colors) {
  const color = colors.indexOf(point.id);
  const way = WAYS[point.direction];
  return h(
    "li",
    {
      class: "point",
      "data-point": point.id,
      onmouseenter: () => highlight(root, point.id),
      onmouseleave: () => highlight(root, null),
    },
    h(
      "span",
      { class: "name" },
      h("span", { class: "tag", title: point.name }, point.name),
      point.description && h("span", { class: "description" }, point.description),
    ),
    h("span", { class: "unit" }, point.unit || "–"),
    sparkline(point, color < 0 ? null : color),
    h(
      "span",
      { class: "role" },
      h("span", { class: `way ${point.direction}` }, h("span", { "aria-hidden": "true" }, `${way.arrow} `), way.words),
      point.equipment && h("span", { class: "machine" }, [point.equipment, point.role].filter(Boolean).join(" · ")),
    ),
    h("span", { class: "number", title: "How long after the first change" }, `+${span(starts, point.changed_at)}`),
  );
}

export function changeTable(detail, root) {
  const colors = charted(detail.points).map(({ id }) => id);
  return h(
    "ul",
    { class: "points", "aria-label": "Points in the order in which they changed" },
    detail.points.map((point) => row(point, detail.starts_at, root, colors)),
  );
}
