// The page's logic without a page: what it keeps, what it sends, and how it reconnects.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Feed } from "../../web/js/feed.js";
import {
  EXCLUDED,
  approvalBody,
  assign,
  lacksName,
  newDraft,
  newKindOf,
  pointWithoutMachine,
  proposedName,
  roleOf,
  shared,
  unfilled,
} from "../../web/js/draft.js";
import { humanDates } from "../../web/js/format.js";
import { isFinal, Live, reconnectDelay } from "../../web/js/live.js";
import { fits, List } from "../../web/js/list.js";
import { reasons } from "../../web/js/reasons.js";
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

const QUERY = { status: "pending", source: "", purpose: "", find: "", sort: "priority" };

/** A list of what `server` holds, in its order. `reads`: what was asked for. */
function listOf(server) {
  const reads = [];
  const feed = new Feed();
  const read = async (_, { offset = 0, around = null, limit }) => {
    const at = around ? Math.max(0, server.findIndex(({ id }) => id === around) - 1) : offset;
    reads.push(at);
    return { items: server.slice(at, at + limit), total: server.length, offset: at };
  };
  const list = new List(feed, read, () => {});
  const take = (one) => (feed.put(one), list.take(one));
  const ids = () => Array.from({ length: list.length }, (_, i) => list.at(i)?.id);
  return { list, reads, take, ids };
}

test("a short list is kept by events alone, in its order", async () => {
  const { list, reads, take, ids } = listOf([suggestion("b", 1, { priority: 5 }), suggestion("d", 1, { priority: 3 })]);
  await list.open(QUERY);
  take(suggestion("c", 1, { priority: 4 }));
  take(suggestion("b", 2, { priority: 2 }));
  take(suggestion("d", 2, { status: "approved" }));
  take(suggestion("x", 1, { status: "deferred" }));
  assert.deepEqual([ids(), reads], [["c", "b"], [0]]);
});

test("what arrives while the list is read is in it", async () => {
  const server = [suggestion("gone", 1), suggestion("stays", 1)];
  const { list, take, ids } = listOf(server);
  const reading = list.open(QUERY);
  take(suggestion("gone", 2, { status: "approved" }));
  take(suggestion("fresh", 1, { priority: 9 }));
  await reading;
  assert.deepEqual(ids(), ["fresh", "stays"]);
});

test("of a long list only what is looked at is read, each place once", async () => {
  const server = Array.from({ length: 5000 }, (_, i) => suggestion(`s${i}`, 1, { priority: 5000 - i }));
  const { list, reads, ids } = listOf(server);
  await list.open(QUERY);
  await list.show(0, 20);
  assert.equal(list.isWhole, false);
  await Promise.all([list.show(3990, 4010), list.find(4001)]);
  assert.deepEqual(reads, [0, 3800, 4000]);
  assert.deepEqual(ids().slice(3990, 4010), server.slice(3990, 4010).map(({ id }) => id));
  assert.equal(list.at(1000), undefined);
});

test("what is in view may be told without the server, but not which words it has", () => {
  const one = suggestion("s", 1);
  assert.ok(fits(one, QUERY));
  assert.ok(!fits(one, { ...QUERY, status: "deferred" }));
  assert.ok(!fits(one, { ...QUERY, source: "plant-b" }));
  assert.ok(!fits(one, { ...QUERY, purpose: "learning" }));
});

test("times of the server are written as people write them", () => {
  assert.doesNotMatch(humanDates("until 2031-05-06T07:08:09.5+00:00, then"), /2031-05|T0/);
  assert.match(humanDates("since 2026-03-02 17:56:29 UTC; see"), /^since (2 Mar|Mar 2), .*; see$/);
  assert.equal(humanDates("P-2026-11-30 is old"), "P-2026-11-30 is old");
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

test("a label that lists points is no name for a machine", () => {
  const unnamed = { cluster: { kind: "equipment", label: "EY4632 and 8 more", equipment_name: null } };
  const draft = newDraft();
  assert.equal(proposedName(unnamed), "");
  assert.ok(lacksName(unnamed, draft));
  draft.equipmentName = "VAV-418";
  assert.ok(!lacksName(unnamed, draft));
  assert.ok(!lacksName({ cluster: { kind: "equipment", equipment_name: "P-101" } }, newDraft()));
  assert.ok(!lacksName({ cluster: { kind: "look_alikes", equipment_name: null } }, newDraft()));
});

test("a new kind has a name and roles of its own", () => {
  const points = [{ ...detail.points[0], spelled_out: "Draft" }, detail.points[1]];
  const proposed = { ...detail, points, pattern: { id: "pump", name: "Pump" } };
  assert.equal(newKindOf(proposed, newDraft()), null);
  const draft = { ...newDraft(), newKind: " Drum Dryer " };
  assert.equal(newKindOf(proposed, draft), " Drum Dryer ");
  assert.deepEqual(unfilled(proposed, draft, library), []);
  assert.deepEqual(approvalBody(proposed, 4, draft, library), {
    version: 4,
    pattern_name: "Drum Dryer",
    role_assignments: { a: "Draft", b: null },
  });
  const surely = { ...proposed, points: [{ ...points[0], role_score: 0.9 }, points[1]] };
  assert.deepEqual(approvalBody(surely, 4, draft, library).role_assignments, { a: points[0].role, b: null });
  const unknown = { ...detail, pattern: { id: null, name: "N D equipment" } };
  assert.equal(newKindOf(unknown, newDraft()), "", "nobody has named it yet");
  assert.deepEqual(approvalBody(unknown, 4, { ...newDraft(), newKind: "Dryer" }, library), {
    version: 4,
    pattern_name: "Dryer",
  });
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
  const grouped = { ...detail, points, cluster: { kind: "equipment", label: "P", equipment_name: "P" } };
  assert.deepEqual(approvalBody(grouped, 4, draft, library), { version: 4, equipment_names: { a: "P" } });
  draft.machines.set("a", "P-1");
  assign(points[1], "Flow", grouped, draft);
  assert.deepEqual(approvalBody(grouped, 4, draft, library).equipment_names, { a: "P-1", b: "P" });
  assert.equal(pointWithoutMachine(grouped, draft, library), undefined);
  grouped.cluster.equipment_name = null;
  assert.equal(pointWithoutMachine(grouped, draft, library).id, "b");
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

test("a page that cannot be brought up to date asks for a snapshot", () => {
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

test("what ran outside of the last chain, or long ago, has run", () => {
  const known = asMap(run("1", "flywheel", "succeeded"), run("2", "behavioral-analysis", "succeeded", { chain_id: "1" }));
  keepRuns(known, Array.from({ length: 300 }, (_, i) => run(String(1000 + i), "learning", "succeeded")));
  assert.equal(lastAnalysis(known, "").stages[0].state, "succeeded");
  keepRuns(known, [run("9001", "flywheel", "succeeded"), run("9000", "cluster-detection", "succeeded", { chain_id: "9001" })]);
  assert.deepEqual(
    lastAnalysis(known, "").stages.map(({ state }) => state),
    ["succeeded", "none", "succeeded", "none"],
  );
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

test("why nothing was found is said once by each data source, and only of the one that is looked at", () => {
  const nothing_found = [
    { stage: "behavioral-analysis", reason: "there are no samples, only names" },
    { stage: "correlation-analysis", reason: "there are no samples, only names" },
    { stage: "pattern-matching", reason: "no points belong together" },
  ];
  const sources = [{ name: "bench", nothing_found }, { name: "plant", nothing_found: [] }, { name: "of an older server" }];
  const said = reasons(sources, "").map(({ source, stage }) => [source, stage]);
  assert.deepEqual(said, [
    ["bench", "behavioral-analysis"],
    ["bench", "pattern-matching"],
  ]);
  assert.equal(reasons(sources, "bench").length, 2);
  assert.deepEqual(reasons(sources, "plant"), []);
});
