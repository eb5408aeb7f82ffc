// What to do when there is nothing to decide.

import { app } from "../app.js";
import { h } from "../dom.js";
import { humanDates, jobLabel } from "../format.js";
import { setFilter } from "../filter.js";
import { reasons } from "../reasons.js";
import { lastAnalysis } from "../runs.js";
import { runButton } from "./strip.js";

const isRunning = () => lastAnalysis(app.runs, app.filter.source).isRunning;

const showAll = () => setFilter({ find: "", kind: "", purpose: "", source: "" });

const said = () => reasons(app.sources, app.filter.source);

/** What the stages of the analysis say that found nothing. */
function nothingFound() {
  const many = new Set(said().map(({ source }) => source)).size > 1;
  return h(
    "ul",
    { class: "reasons" },
    said().map(({ source, stage, reason }) =>
      h("li", {}, h("b", {}, many ? `${source}, ${jobLabel(stage)}` : jobLabel(stage)), `: ${humanDates(reason)}`),
    ),
  );
}

let last = { key: null, element: null };

function content() {
  const { filter, list } = app;
  if (list.state === "loading") return ["Loading", [h("p", {}, "Reading the suggestions.")]];
  if (list.state === "failed") {
    return [
      "The suggestions cannot be read",
      [h("p", {}, list.problem), h("p", {}, "The page keeps trying by itself.")],
    ];
  }
  if (filter.find || filter.kind || filter.purpose || filter.source)
    return [
      "Nothing fits the filter",
      [
        h("p", {}, "Choose another data source, kind or purpose, or empty the search field."),
        filter.source && !filter.find && !filter.kind && !filter.purpose && said().length > 0 ? nothingFound() : null,
        h("button", { type: "button", class: "plain", onclick: showAll }, "Show all"),
      ],
    ];
  if (filter.tab === "deferred")
    return ["Nothing is deferred", [h("p", {}, "What you defer waits here until you decide.")]];
  if (app.sources.length === 0) {
    return [
      "No points yet",
      [
        h(
          "p",
          {},
          "Import a folder with points.csv (name, unit, description) and, if you have it, samples.csv:",
        ),
        h("pre", {}, "naia import ./plant --data-source plant"),
        h("p", {}, "Names alone are enough for first suggestions; samples make them better."),
      ],
    ];
  }
  if (isRunning())
    return [
      "The analysis is running",
      [h("p", {}, "Suggestions appear here by themselves as soon as it has matched the clusters.")],
    ];
  if (app.decisions.length > 0)
    return [
      "All decided",
      [
        h(
          "p",
          {},
          "Every suggestion has an answer. The next analysis uses what you taught it; run it now, or wait for new data.",
        ),
        runButton("primary"),
      ],
    ];
  if (said().length > 0)
    return [
      "The analysis found nothing to ask about",
      [h("p", {}, "What it says of what is missing:"), nothingFound(), runButton("primary")],
    ];
  return [
    "No suggestions yet",
    [
      h(
        "p",
        {},
        "The points are there. Run the analysis: it looks for points that belong together and proposes what they are.",
      ),
      runButton("primary"),
    ],
  ];
}

export function emptyList() {
  const [title, body] = content();
  const key = JSON.stringify([title, app.list.problem, app.starting, isRunning(), said()]);
  if (last.key !== key) last = { key, element: h("div", { class: "empty" }, h("h2", {}, title), body) };
  return last.element;
}
