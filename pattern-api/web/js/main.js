// Starts the page: the first picture over REST, then every change over the WebSocket.

import { address } from "./api.js";
import { app, onFirstPosition, onRepaint, repaint } from "./app.js";
import { forgetProblems, readWhatIsNeeded } from "./details.js";
import { receive, rememberDecision } from "./events.js";
import { wireFilter } from "./filter.js";
import { wireKept } from "./kept.js";
import { wireKeyboard } from "./keyboard.js";
import { Live, isSignedOut } from "./live.js";
import { readMe, signInAgain } from "./me.js";
import { readOwnDecisions } from "./own.js";
import { keepRuns } from "./runs.js";
import { isNarrow, select, wireSelection } from "./selection.js";
import { readDecisions, readKinds, readPatterns, readRuns, readSources } from "./snapshot.js";
import { paintActivity } from "./view/activity.js";
import { paintDetail } from "./view/detail.js";
import { paintHeader, wireHeader } from "./view/header.js";
import { paintHealth } from "./view/health.js";
import { paintList, reveal, wireList } from "./view/list.js";
import { paintStrip } from "./view/strip.js";

const socketAddress = () => {
  const url = address("ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
};

/** What is nice to have: without it the list still works. */
function readAside() {
  const quietly = (promise, use) =>
    promise.then(use).then(repaint, (problem) => console.warn(problem.message));
  readPoints();
  quietly(readPatterns(), (patterns) => (app.patterns = patterns));
  quietly(readKinds(), (kinds) => (app.kinds = kinds));
  readRunsOf = null;
  readRunsOfSource();
  quietly(readOwnDecisions(), () => {});
  quietly(readDecisions(), (decisions) =>
    decisions.forEach(({ suggestion, action, decided_by: by, decided_at: at, reason, version, outcome }) => {
      app.learn(suggestion);
      rememberDecision({ ...suggestion, version, outcome }, { action, by, at, reason });
    }),
  );
}

let readRunsOf = null;

/** What ran last is another thing for each data source. */
function readRunsOfSource() {
  const { source } = app.filter;
  if (!isStarted || readRunsOf === source) return;
  readRunsOf = source;
  readRuns(source).then(takeRuns, (problem) => console.warn(problem.message));
}

function takeRuns(runs) {
  const wasFinished = finishedRuns();
  keepRuns(app.runs, runs);
  // A run may have found new points and data sources, which are in no channel.
  if (isStarted && finishedRuns() > wasFinished) readPoints();
  repaint();
}

const readPoints = () =>
  readSources().then(
    (sources) => ((app.sources = sources), repaint()),
    (problem) => console.warn(problem.message),
  );

const finishedRuns = () => [...app.runs.values()].filter(({ finished_at }) => finished_at).length;

/** Events were missed: everything that was read may be old. */
function readEverything() {
  app.details.clear();
  app.counts.read();
  app.list.reread(app.selected);
  readAside();
}

const live = new Live(socketAddress(), {
  state: (state) => {
    if (state.name === "live") forgetProblems();
    if (state.name === "ended" && isSignedOut(state.code)) signInAgain("expired");
    app.connection = state;
    repaint();
  },
  event: receive,
  jobs: takeRuns,
  health: (health) => ((app.health = health), repaint()),
  missed: readEverything,
});

/** On a wide screen something is always open, so that the first glance already shows evidence. */
function selectFirst() {
  const { list, selected } = app;
  if (list.state !== "ready" || isNarrow() || (selected && (app.feed.get(selected) || app.details.has(selected))))
    return;
  const first = list.at(0);
  if (first && !location.hash) select(first.id);
}

let isStarted = false;
onFirstPosition((position) => {
  isStarted = true;
  live.start(position);
  readAside();
});
function start() {
  addEventListener("signed-out", () => signInAgain("expired"));
  wireKept();
  wireFilter(wireSelection()).then(() => reveal(app.list.indexOf(app.selected)));
  [paintHeader, paintHealth, paintStrip, paintList, paintDetail, paintActivity, selectFirst, readWhatIsNeeded, readRunsOfSource].forEach(
    onRepaint,
  );
  wireHeader();
  wireKeyboard();
  wireList();
  // New points arrive in no channel, and "3 min ago" grows old by itself.
  setInterval(() => (readPoints(), repaint()), 30_000);
  repaint();
}

readMe().then((may) => may && start());
