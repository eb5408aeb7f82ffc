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

/** Takes what is new about runs. Finished ones are forgotten, the oldest first, but never the last of its job. */
export function keepRuns(known, news) {
  news.forEach((run) => known.set(run.id, run));
  const finished = [...known.values()].filter(({ status }) => !OPEN.has(status)).sort(newestFirst);
  const seen = new Set();
  finished.forEach(({ id, job, data_source }, i) => {
    const kind = `${job} ${data_source ?? ""}`;
    if (i >= KEPT && seen.has(kind)) known.delete(id);
    seen.add(kind);
  });
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
  const isRunning = Boolean(chain) && OPEN.has(chain.status);
  const stages = STAGES.map((job) => {
    const ofJob = all.filter((one) => one.job === job);
    const ofChain = ofJob.find((run) => run.chain_id === chain?.id);
    // What ran outside of the last chain has run too.
    const run = ofChain ?? (isRunning ? null : ofJob[0]) ?? null;
    return { job, run, state: stateOf(run, chain) };
  });
  const isLearning = all.some(({ job, status }) => job === "learning" && OPEN.has(status));
  return {
    chain,
    stages,
    isRunning,
    isLearning,
    broken: stages.find(({ state }) => BROKEN.has(state)) ?? null,
  };
}
