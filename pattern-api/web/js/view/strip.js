// One line about the data and the last analysis: what there is, what runs, what failed.

import { app, repaint } from "../app.js";
import { post } from "../api.js";
import { byId, h, paint } from "../dom.js";
import { count, jobLabel, plural, relative } from "../format.js";
import { lastAnalysis } from "../runs.js";
import { toast } from "./toasts.js";

const STATE_WORDS = {
  none: "has not run",
  waiting: "waits for the stage before",
  queued: "waits for a worker",
  running: "is running",
  succeeded: "done",
  skipped: "skipped, nothing had changed",
  failed: "failed, will be tried again",
  dead: "failed and was given up",
  cancelled: "cancelled",
};

function summary({ chain, stages, isRunning, isLearning, broken }) {
  if (broken) {
    const words = `${jobLabel(broken.job)} ${STATE_WORDS[broken.state]}`;
    return h("span", { class: "bad", title: broken.run.error ?? "" }, words);
  }
  const current = stages.find(({ state }) => state === "running" || state === "queued");
  if (isRunning) return current ? `${jobLabel(current.job)} ${STATE_WORDS[current.state]}` : "starting";
  if (isLearning) return "learning from the last decisions";
  const finished = chain?.finished_at ?? stages.at(-1).run?.finished_at;
  if (!finished) return "not run yet";
  return h("span", { title: new Date(finished).toLocaleString() }, `last run ${relative(finished)}`);
}

async function runAnalysis() {
  app.starting = true;
  repaint();
  try {
    await post(
      "api/jobs/flywheel/run",
      app.filter.source ? { data_source: app.filter.source } : {},
      app.reviewer,
    );
    toast("Analysis started. New suggestions appear by themselves.");
  } catch (problem) {
    toast(`The analysis could not be started. ${problem.words ?? ""}`, { tone: "problem" });
  } finally {
    app.starting = false;
    repaint();
  }
}

export function runButton(className = "plain small") {
  const busy = app.starting || lastAnalysis(app.runs, app.filter.source).isRunning;
  return h(
    "button",
    {
      type: "button",
      class: className,
      id: `run-${className.split(" ")[0]}`,
      "data-do": "run",
      disabled: busy,
      onclick: runAnalysis,
    },
    busy ? "Running…" : "Run analysis",
  );
}

export function paintStrip() {
  const { source } = app.filter;
  const shown = app.sources.filter(({ name }) => !source || name === source);
  const points = shown.reduce((sum, { point_count }) => sum + (point_count ?? 0), 0);
  const analysed = shown.length === 1 ? shown[0].analysed?.in_words : null;
  const analysis = lastAnalysis(app.runs, source);
  const states = analysis.stages.map(({ state }) => state);
  // "3 min ago" grows old without any event.
  const minute = Math.floor(Date.now() / 60_000);
  const key = JSON.stringify([
    points,
    analysed,
    shown.length,
    states,
    analysis.chain?.status,
    analysis.chain?.finished_at,
    analysis.isLearning,
    app.starting,
    minute,
    source,
  ]);
  paint(byId("strip"), key, () => [
    h(
      "p",
      { class: "facts" },
      points === 0
        ? "No points yet"
        : [
            h("b", {}, count(points)),
            ` point${points === 1 ? "" : "s"} in ${source || plural(shown.length, "data source")}`,
            analysed ? h("span", { title: "What the newest analysis looked at" }, `, ${analysed}`) : null,
          ],
    ),
    h(
      "div",
      { class: "analysis" },
      h(
        "ol",
        { class: "stages", "aria-label": "Stages of the analysis" },
        analysis.stages.map(({ job }, i) =>
          h(
            "li",
            { "data-state": states[i], title: `${jobLabel(job)}: ${STATE_WORDS[states[i]]}` },
            jobLabel(job),
            h("span", { class: "quiet" }, `: ${STATE_WORDS[states[i]]}`),
          ),
        ),
      ),
      h("p", { class: "ran" }, summary(analysis)),
      runButton(),
    ),
  ]);
}
