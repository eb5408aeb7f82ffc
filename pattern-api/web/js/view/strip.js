// One line about the data and the last analysis: what there is, what runs, what failed.

import { app, repaint } from "../app.js";
import { post } from "../api.js";
import { byId, h, paint } from "../dom.js";
import { count, jobLabel, plural, relative } from "../format.js";
import { toast } from "./toasts.js";

const STAGES = ["behavioral-analysis", "correlation-analysis", "cluster-detection", "pattern-matching"];
const OPEN = new Set(["queued", "running"]);

const newestFirst = (a, b) => b.created_at.localeCompare(a.created_at);

/** The newest flywheel of the chosen data source with the newest run of each of its stages. */
export function lastAnalysis(runs, source) {
  const all = [...runs.values()]
    .filter((run) => !source || !run.data_source || run.data_source === source)
    .sort(newestFirst);
  const chain = all.find(({ job }) => job === "flywheel") ?? null;
  const stages = STAGES.map((job) => ({
    job,
    run: all.find((run) => run.job === job && (!chain || !run.chain_id || run.chain_id === chain.id)) ?? null,
  }));
  return { chain, stages };
}

export function isRunning(runs) {
  return [...runs.values()].some(
    ({ job, status }) => OPEN.has(status) && (job === "flywheel" || STAGES.includes(job)),
  );
}

function stateOf(run) {
  if (!run) return "none";
  if (run.status === "succeeded" && run.result?.skipped) return "skipped";
  return run.status;
}

const STATE_WORDS = { none: "has not run", skipped: "nothing had changed", dead: "failed for good" };

function summary({ chain, stages }) {
  const failed = stages.find(({ run }) => run && (run.status === "dead" || run.status === "failed"));
  const current =
    stages.find(({ run }) => run?.status === "running") ?? stages.find(({ run }) => run?.status === "queued");
  if (failed && (!chain || failed.run.chain_id === chain.id)) {
    const again = failed.run.status === "failed" ? "will be tried again" : "stopped";
    return h(
      "span",
      { class: "bad", title: failed.run.error ?? "" },
      `${jobLabel(failed.job)} failed, ${again}`,
    );
  }
  if (current)
    return `${jobLabel(current.job)} ${current.run.status === "running" ? "is running" : "is waiting for a worker"}`;
  const finished = chain?.finished_at ?? stages.at(-1).run?.finished_at;
  if (finished)
    return h("span", { title: new Date(finished).toLocaleString() }, `last run ${relative(finished)}`);
  if (chain && OPEN.has(chain.status)) return "starting";
  return "not run yet";
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
  const busy = app.starting || isRunning(app.runs);
  return h(
    "button",
    { type: "button", class: className, "data-do": "run", disabled: busy, onclick: runAnalysis },
    busy ? "Running…" : "Run analysis",
  );
}

export function paintStrip() {
  const { source } = app.filter;
  const shown = app.sources.filter(({ name }) => !source || name === source);
  const points = shown.reduce((sum, { point_count }) => sum + (point_count ?? 0), 0);
  const analysis = lastAnalysis(app.runs, source);
  const states = analysis.stages.map(({ run }) => stateOf(run));
  // "3 min ago" grows old without any event.
  const minute = Math.floor(Date.now() / 60_000);
  const key = JSON.stringify([
    points,
    shown.length,
    states,
    analysis.chain?.status,
    analysis.chain?.finished_at,
    app.starting,
    minute,
    source,
  ]);
  paint(byId("strip"), key, () => [
    h(
      "p",
      { class: "facts" },
      h("b", {}, count(points)),
      ` point${points === 1 ? "" : "s"} `,
      h("span", { class: "of" }, source ? `in ${source}` : `in ${plural(shown.length, "data source")}`),
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
            { "data-state": states[i], title: `${jobLabel(job)}: ${STATE_WORDS[states[i]] ?? states[i]}` },
            jobLabel(job),
            h("span", { class: "quiet" }, `: ${STATE_WORDS[states[i]] ?? states[i]}`),
          ),
        ),
      ),
      h("p", { class: "ran" }, summary(analysis)),
      runButton(),
    ),
  ]);
}
