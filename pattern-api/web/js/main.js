// Starts the page: the first picture over REST, then every change over the WebSocket.

import { address } from "./api.js";
import { app, onRepaint, repaint } from "./app.js";
import { receive, rememberDecision } from "./events.js";
import { wireKeyboard } from "./keyboard.js";
import { Live, reconnectDelay } from "./live.js";
import { keepRuns } from "./runs.js";
import { isNarrow, select, wireSelection } from "./selection.js";
import { readDecisions, readPatterns, readRuns, readSources, readSuggestions } from "./snapshot.js";
import { paintActivity } from "./view/activity.js";
import { forgetProblems, paintDetail } from "./view/detail.js";
import { paintHeader, wireHeader } from "./view/header.js";
import { paintHealth } from "./view/health.js";
import { paintList, visibleSuggestions } from "./view/list.js";
import { paintStrip } from "./view/strip.js";

const socketAddress = () => {
  const url = address("ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
};

/** What is nice to have: without it the feed still works. */
function readAside() {
  const quietly = (promise, use) =>
    promise.then(use).then(repaint, (problem) => console.warn(problem.message));
  readPoints();
  quietly(readPatterns(), (patterns) => (app.patterns = patterns));
  quietly(readRuns(), takeRuns);
  quietly(readDecisions(), (decisions) =>
    decisions.forEach(({ suggestion, action, decided_by: by, decided_at: at, reason, version }) => {
      app.feed.put(suggestion);
      rememberDecision({ ...suggestion, version }, { action, by, at, reason });
    }),
  );
}

function takeRuns(runs) {
  const wasFinished = finishedRuns();
  keepRuns(app.runs, runs);
  // A run may have found new points and data sources, which are in no channel.
  if (app.snapshot === "ready" && finishedRuns() > wasFinished) readPoints();
  repaint();
}

const readPoints = () =>
  readSources().then(
    (sources) => ((app.sources = sources), repaint()),
    (problem) => console.warn(problem.message),
  );

const finishedRuns = () => [...app.runs.values()].filter(({ finished_at }) => finished_at).length;

let isReading = false;
let isOutdated = false;

/** Reads the snapshot until it succeeds; one that was outdated while it was read is read again. */
async function readSnapshot(onPosition) {
  isOutdated = true;
  if (isReading) return;
  isReading = true;
  for (let attempt = 0; isOutdated; attempt += 1) {
    isOutdated = false;
    app.feed.beginSnapshot();
    try {
      const { items, total } = await readSuggestions(onPosition);
      app.feed.endSnapshot(items, total);
      app.feed.complete = items.filter(({ status }) => status === "pending").length >= total;
      app.snapshot = "ready";
    } catch (problem) {
      if (app.snapshot === "loading") app.snapshot = "failed";
      app.snapshotProblem = problem.words ?? problem.message;
      repaint();
      isOutdated = true;
      await new Promise((resolve) => setTimeout(resolve, reconnectDelay(attempt + 1)));
    }
  }
  isReading = false;
  readAside();
  repaint();
}

const live = new Live(socketAddress(), {
  state: (state) => {
    if (state.name === "live") forgetProblems();
    app.connection = state;
    repaint();
  },
  event: receive,
  jobs: takeRuns,
  health: (health) => ((app.health = health), repaint()),
  missed: () => readSnapshot(),
});

/** On a wide screen something is always open, so that the first glance already shows evidence. */
function selectFirst() {
  if (
    app.snapshot !== "ready" ||
    isNarrow() ||
    (app.selected && (app.feed.get(app.selected) || app.details.has(app.selected)))
  )
    return;
  const [first] = visibleSuggestions();
  if (first && !location.hash) select(first.id);
}

[paintHeader, paintHealth, paintStrip, paintList, paintDetail, paintActivity, selectFirst].forEach(onRepaint);
wireHeader();
wireKeyboard();
wireSelection();
// New points arrive in no channel, and "3 min ago" grows old by itself.
setInterval(() => (readPoints(), repaint()), 30_000);
repaint();

let isStarted = false;
readSnapshot((position) => {
  if (isStarted) return;
  isStarted = true;
  live.start(position);
});
