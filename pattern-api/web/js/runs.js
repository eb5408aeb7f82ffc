// What the job runs say about the analysis. Pure.

export const STAGES = [
  "behavioral-analysis",
  "correlation-analysis",
  "cluster-detection",
  "pattern-matching",
];
const OPEN = new Set(["queued", "running", "failed"]);
const BROKEN = new Set(["failed", "dead"]);

const newestFirst = (a, b) => b.created_at.localeCompare(a.created_at);

const KEPT = 200;

/** Takes what is new about runs. Finished ones are forgotten, the oldest first. */
export function keepRuns(known, news) {
  news.forEach((run) => known.set(run.id, run));
  const finished = [...known.values()].filter(({ status }) => !OPEN.has(status)).sort(newestFirst);
  finished.slice(KEPT).forEach(({ id }) => known.delete(id));
}

function isSkipped({ status, result }) {
  if (status !== "succeeded" || !result) return false;
  const found = Object.values(result);
  return result.skipped === true || (found.length > 0 && found.every((one) => one?.skipped === true));
}

function stateOf(run, chain) {
  if (run) return isSkipped(run) ? "skipped" : run.status;
  return chain && OPEN.has(chain.status) ? "waiting" : "none";
}

/**
 * The newest analysis that covers the data source (any, without one): its chain, the run and the
 * state of each stage, and the one thing to say about it.
 */
export function lastAnalysis(runs, source) {
  const all = [...runs.values()]
    .filter((run) => !source || !run.data_source || run.data_source === source)
    .sort(newestFirst);
  const chain = all.find(({ job }) => job === "flywheel") ?? null;
  const ofChain = (run) => !chain || run.chain_id === chain.id;
  const stages = STAGES.map((job) => {
    const run = all.find((one) => one.job === job && ofChain(one)) ?? null;
    return { job, run, state: stateOf(run, chain) };
  });
  const isLearning = all.some(({ job, status }) => job === "learning" && OPEN.has(status));
  const isRunning = Boolean(chain) && OPEN.has(chain.status);
  return {
    chain,
    stages,
    isRunning,
    isLearning,
    broken: stages.find(({ state }) => BROKEN.has(state)) ?? null,
  };
}
