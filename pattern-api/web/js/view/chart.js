// The members' signals of the last days, each normalised to its own range, drawn over each other:
// what moves together is seen at once.

import { h, s } from "../dom.js";

export const MOST_LINES = 12;
const WIDTH = 600;
const HEIGHT = 150;
const PAD = 6;

const hasSignal = (point) => (point.sparkline ?? []).some((value) => value !== null);

/** Points with a signal in the order of drawing; those in a role first. Colour = index in this list. */
export function charted(points) {
  const withSignal = points.filter(hasSignal);
  const inRole = withSignal.filter(({ role }) => role);
  return [...inRole, ...withSignal.filter(({ role }) => !role)].slice(0, MOST_LINES);
}

/** SVG path of a normalised signal; a gap lifts the pen, and a value alone becomes a dot. */
export function path(values, width, height, pad = 0) {
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  const place = (value, i) =>
    `${(i * step).toFixed(1)} ${(pad + (1 - value) * (height - 2 * pad)).toFixed(1)}`;
  let d = "";
  values.forEach((value, i) => {
    if (value === null) return;
    const follows = i > 0 && values[i - 1] !== null;
    d += `${follows ? "L" : "M"}${place(value, i)}`;
    if (!follows && (values[i + 1] ?? null) === null) d += "h0.1";
  });
  return d;
}

/** Marks everything that belongs to the point, in the chart and in the table; null clears. */
export function highlight(root, id) {
  root.toggleAttribute("data-lit", id !== null);
  root
    .querySelectorAll("[data-point]")
    .forEach((element) => element.toggleAttribute("data-on", element.dataset.point === id));
}

function nearest(event, svg, lines) {
  const box = svg.getBoundingClientRect();
  const x = (event.clientX - box.left) / box.width;
  const y = 1 - (((event.clientY - box.top) / box.height) * HEIGHT - PAD) / (HEIGHT - 2 * PAD);
  let best = { id: null, distance: 0.12 };
  for (const { id, sparkline } of lines) {
    const value = sparkline[Math.round(x * (sparkline.length - 1))] ?? null;
    const distance = value === null ? 1 : Math.abs(value - y);
    if (distance < best.distance) best = { id, distance };
  }
  return best.id;
}

export function chart(points, root) {
  const lines = charted(points);
  if (lines.length === 0) {
    return h("p", { class: "no-signal" }, "No samples yet: this was judged by names and units alone.");
  }
  const svg = s(
    "svg",
    {
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": `Signals of ${lines.length} points over the days that were analysed, each in its own range`,
    },
    lines.map((point, i) =>
      s("path", {
        class: `signal c${i}`,
        d: path(point.sparkline, WIDTH, HEIGHT, PAD),
        "data-point": point.id,
      }),
    ),
  );
  svg.addEventListener("pointermove", (event) => highlight(root, nearest(event, svg, lines)));
  svg.addEventListener("pointerleave", () => highlight(root, null));
  const withSignal = points.filter(hasSignal).length;
  return h(
    "figure",
    { class: "chart" },
    svg,
    h(
      "div",
      { class: "axis", "aria-hidden": "true" },
      h("span", {}, "earlier"),
      h("span", {}, "newest samples"),
    ),
    h(
      "figcaption",
      {},
      lines.map((point, i) =>
        h(
          "span",
          {
            class: `key c${i}`,
            "data-point": point.id,
            onmouseenter: () => highlight(root, point.id),
            onmouseleave: () => highlight(root, null),
          },
          h("i", { "aria-hidden": "true" }),
          point.role || point.name,
        ),
      ),
      withSignal > lines.length && h("span", { class: "rest" }, `and ${withSignal - lines.length} more`),
    ),
  );
}

export function sparkline(point, color) {
  if (!hasSignal(point)) return h("span", { class: "flat", title: "no samples" }, "no samples");
  return s(
    "svg",
    {
      class: `spark ${color === null ? "uncolored" : `c${color}`}`,
      viewBox: "0 0 120 24",
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    s("path", { d: path(point.sparkline, 120, 24, 2) }),
  );
}
