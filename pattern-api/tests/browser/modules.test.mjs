// The page's logic without a page: what it keeps, what it sends, and how it reconnects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed, matches } from "../../web/js/feed.js";
import { EXCLUDED, approvalBody, assign, newDraft, roleOf, shared, unfilled } from "../../web/js/draft.js";
import { isFinal, Live, reconnectDelay } from "../../web/js/live.js";
import { keepRuns, lastAnalysis } from "../../web/js/runs.js";
import { path } from "../../web/js/view/chart.js";

const suggestion = (id, version, more = {}) => ({
  id,
  version,
  status: "pending",
  purpose: "match",
  priority: 1,
  confidence: 0.8,
  created_at: "2026-03-02T00:00:00Z",
  data_source: "plant-a",
  pattern: { id: "p", name: "Centrifugal Pump", category: "Pumps" },
  cluster: { label: "P-101" },
  ...more,
});

test("an older version never replaces a newer one", () => {
  const feed = new Feed();
  assert.equal(feed.put(suggestion("s", 2, { status: "approved" })), "new");
  assert.equal(feed.put(suggestion("s", 1)), "stale");
  assert.equal(feed.put(suggestion("s", 2)), "stale");
  assert.equal(feed.get("s").status, "approved");
});

test("what arrives while a snapshot is read outlives it", () => {
  const feed = new Feed();
  feed.put(suggestion("vanished", 1));
  feed.beginSnapshot();
  feed.put(suggestion("s", 3, { status: "approved" }));
  feed.put(suggestion("fresh", 1));
  feed.endSnapshot([suggestion("s", 2), suggestion("t", 1)], 2);
  assert.deepEqual(
    feed.withStatus("pending").map(({ id }) => id),
    ["fresh", "t"],
  );
  assert.equal(feed.get("vanished"), undefined);
});

test("what teaches most comes first, however sure it is", () => {
  const feed = new Feed();
  feed.put(suggestion("a", 1, { priority: 2, confidence: 0.9 }));
  feed.put(suggestion("b", 1, { priority: 9, confidence: 0.3 }));
  assert.deepEqual(
    feed.withStatus("pending").map(({ id }) => id),
    ["b", "a"],
  );
});

test("the search needs every word, wherever it is", () => {
  const one = suggestion("s", 1);
  const filter = { source: "", purpose: "", find: "" };
  assert.ok(matches(one, { ...filter, find: "pump p-101" }));
  assert.ok(!matches(one, { ...filter, find: "pump p-102" }));
  assert.ok(!matches(one, { ...filter, source: "plant-b" }));
  assert.ok(!matches(one, { ...filter, purpose: "learning" }));
});

const detail = {
  roles: [
    { name: "Flow", required: true },
    { name: "Speed", required: false },
  ],
  points: [
    { id: "a", role: "Flow" },
    { id: "b", role: null },
  ],
};
const library = new Map([["fan", { roles: [{ name: "Speed", required: true }] }]]);

test("several points may measure the same: giving a role to another takes it from none", () => {
  const draft = newDraft();
  assign(detail.points[1], "Flow", detail, draft);
  assert.equal(roleOf(detail.points[0], detail, draft, library), "Flow");
  assert.deepEqual(shared(detail, draft, library), ["Flow"]);
  assert.deepEqual(
    unfilled(detail, draft, library).map(({ name }) => name),
    ["Speed"],
  );
  assert.deepEqual(approvalBody(detail, 4, draft, library), { version: 4, role_assignments: { b: "Flow" } });
});

test("an edit that is taken back sends nothing", () => {
  const draft = newDraft();
  assign(detail.points[0], null, detail, draft);
  assign(detail.points[0], "Flow", detail, draft);
  assert.deepEqual(approvalBody(detail, 4, draft, library), { version: 4 });
});

test("points that are not part of it are excluded, and share no role", () => {
  const draft = newDraft();
  for (const point of detail.points) assign(point, EXCLUDED, detail, draft);
  assert.deepEqual(shared(detail, draft, library), []);
  assert.deepEqual(approvalBody(detail, 4, draft, library), { version: 4, excluded_points: ["a", "b"] });
});

test("several machines are named beside the points that have a role", () => {
  const draft = { ...newDraft(), several: true };
  const points = [
    { id: "a", name: "P-1.FLOW", role: "Flow" },
    { id: "b", name: "P-2.FLOW", role: null },
  ];
  const grouped = { ...detail, points, cluster: { kind: "equipment", label: "P" } };
  assert.deepEqual(approvalBody(grouped, 4, draft, library), { version: 4, equipment_names: { a: "P-1.FLOW" } });
  draft.machines.set("a", "P-1");
  assign(points[1], "Flow", grouped, draft);
  assert.deepEqual(approvalBody(grouped, 4, draft, library).equipment_names, { a: "P-1", b: "P-2.FLOW" });
});

test("look-alikes are machines of their own until the reviewer says that they are one", () => {
  const points = [{ id: "a", name: "WIN-1", role: "Flow" }];
  const alike = { ...detail, points, cluster: { kind: "look_alikes", label: "WIN" } };
  assert.deepEqual(approvalBody(alike, 4, newDraft(), library), { version: 4 });
  const one = { ...newDraft(), several: false };
  assert.deepEqual(approvalBody(alike, 4, one, library), { version: 4, equipment_name: "WIN" });
});

test("another pattern takes over only the roles that it has", () => {
  const draft = { ...newDraft(), patternId: "fan" };
  assert.deepEqual(approvalBody(detail, 4, draft, library), {
    version: 4,
    pattern_id: "fan",
    role_assignments: { a: null, b: null },
  });
});

test("a gap in a signal lifts the pen", () => {
  assert.equal(path([0, 1, null, 0.5, null], 4, 10), "M0.0 10.0L1.0 0.0M3.0 5.0h0.1");
  assert.equal(path([], 4, 10), "");
});

test("reconnecting waits longer each time, at random, and never too long", () => {
  assert.equal(
    reconnectDelay(0, () => 1),
    400,
  );
  assert.equal(
    reconnectDelay(3, () => 1),
    3200,
  );
  assert.equal(
    reconnectDelay(30, () => 1),
    15_000,
  );
  assert.equal(
    reconnectDelay(30, () => 0),
    0,
  );
  assert.ok(isFinal(3500) && !isFinal(3008) && !isFinal(1006));
});

/** Enough of a browser for one socket. */
function connect(position) {
  const seen = { states: [], events: [], missed: 0, sent: [] };
  let socket;
  globalThis.WebSocket = class {
    static OPEN = 1;
    readyState = 1;
    constructor() {
      socket = this;
    }
    send(text) {
      seen.sent.push(JSON.parse(text));
    }
    close() {}
  };
  globalThis.addEventListener = () => {};
  globalThis.document = { addEventListener: () => {} };
  const live = new Live("ws://x/ws", {
    state: ({ name }) => seen.states.push(name),
    event: (event) => seen.events.push(event),
    jobs: () => {},
    missed: () => (seen.missed += 1),
  });
  live.start(position);
  const receive = (message) => socket.onmessage({ data: JSON.stringify(message) });
  return { live, seen, receive, close: (code) => socket.onclose({ code, reason: "" }) };
}

test("a page resumes from the last position it saw", () => {
  const { live, seen, receive, close } = connect("e.7");
  receive({ type: "connected", pending_count: 1, position: "e.9" });
  assert.equal(seen.sent[0].position, "e.7");
  receive({ type: "subscribed", recovered: true, position: "e.9" });
  assert.equal(live.position, "e.7", "what is missing comes as events");
  receive({ type: "event", position: "e.8", event: { id: "x" } });
  assert.equal(live.position, "e.8");
  receive({ type: "pong", position: "e.12" });
  assert.equal(live.position, "e.12");
  assert.deepEqual([seen.missed, seen.events.length], [0, 1]);
  close(3500);
  assert.deepEqual(seen.states, ["connecting", "live", "ended"]);
});

test("a page that can not be brought up to date asks for a snapshot", () => {
  const { live, seen, receive, close } = connect("old.7");
  receive({ type: "connected", pending_count: 1, position: "e.9" });
  receive({ type: "subscribed", recovered: false, position: "e.9" });
  assert.deepEqual([seen.missed, live.position], [1, "e.9"]);
  close(3500);
});

const run = (id, job, status, more = {}) => ({ id, job, status, created_at: id, result: null, ...more });
const asMap = (...runs) => new Map(runs.map((one) => [one.id, one]));

test("an analysis shows the stages of its own chain only", () => {
  const runs = asMap(
    run("1", "flywheel", "succeeded"),
    run("2", "pattern-matching", "succeeded", { chain_id: "1" }),
    run("3", "flywheel", "running"),
    run("4", "behavioral-analysis", "succeeded", { chain_id: "3", result: { "plant-a": { skipped: true } } }),
    run("5", "correlation-analysis", "running", { chain_id: "3" }),
    run("6", "learning", "running"),
    run("7", "pattern-matching", "running", { chain_id: "6" }),
  );
  const { stages, isRunning, isLearning } = lastAnalysis(runs, "");
  assert.deepEqual(
    stages.map(({ state }) => state),
    ["skipped", "running", "waiting", "waiting"],
  );
  assert.deepEqual([isRunning, isLearning], [true, true]);
});

test("finished runs are forgotten, open ones never", () => {
  const known = asMap(run("0", "flywheel", "running"));
  keepRuns(known, Array.from({ length: 300 }, (_, i) => run(String(1000 + i), "learning", "succeeded")));
  assert.equal(known.size, 201);
  assert.ok(known.has("0") && known.has("1299") && !known.has("1000"));
});

test("a stage that was given up is said", () => {
  const runs = asMap(
    run("1", "flywheel", "dead"),
    run("2", "behavioral-analysis", "dead", { chain_id: "1", error: "disk full" }),
  );
  const { broken, isRunning } = lastAnalysis(runs, "");
  assert.deepEqual([broken.job, broken.run.error, isRunning], ["behavioral-analysis", "disk full", false]);
});
