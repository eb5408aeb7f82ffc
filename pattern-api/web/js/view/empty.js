// What to do when there is nothing to decide.

import { app } from "../app.js";
import { h } from "../dom.js";
import { lastAnalysis } from "../runs.js";
import { runButton } from "./strip.js";

const isRunning = () => lastAnalysis(app.runs, app.filter.source).isRunning;

let last = { key: null, element: null };

function content() {
  const { filter } = app;
  if (app.snapshot === "loading") return ["Loading", [h("p", {}, "Reading the pending suggestions.")]];
  if (app.snapshot === "failed") {
    return [
      "The suggestions can not be read",
      [h("p", {}, app.snapshotProblem), h("p", {}, "The page keeps trying by itself.")],
    ];
  }
  const open = app.feed.withStatus(filter.tab === "deferred" ? "deferred" : "pending").length;
  if (open > 0)
    return [
      "Nothing fits the filter",
      [h("p", {}, "Choose another data source or purpose, or empty the search field.")],
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
  const key = JSON.stringify([title, app.snapshotProblem, app.starting, isRunning()]);
  if (last.key !== key) last = { key, element: h("div", { class: "empty" }, h("h2", {}, title), body) };
  return last.element;
}
