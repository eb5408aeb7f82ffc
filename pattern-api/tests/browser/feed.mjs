// Drives the real page of a running stack (BASE_URL) that has pending suggestions.
//
// Prints one line per proven step, and `passed` at the end; exits 1 at the first step that fails.
// With RESTART=1 it prints `restart now` and goes on when it reads the line `restarted` on stdin.
// With SCREENSHOTS=<folder> it leaves pictures of the page there.

import { setTimeout } from "node:timers/promises";
import assert from "node:assert/strict";
import { createInterface } from "node:readline";
import { launch, visit } from "./browser.mjs";

const base = process.env.BASE_URL;
if (!base) throw new Error("BASE_URL is not set; give the address that `naia up` prints");
const WAIT = { timeout: Number(process.env.WAIT_MS ?? 30_000) };

const say = (step) => console.log(step);
const until = (visitor, test, argument) => visitor.page.waitForFunction(test, argument, WAIT);

const isLive = (visitor) => visitor.page.waitForSelector("#connection[data-state=live]", WAIT);
const pending = async ({ page }) => Number((await page.textContent("#pending strong")).replaceAll(",", ""));
/** Of equipment: an event that nobody has named is asked for its name before it is approved. */
const cardIds = ({ page }) =>
  page.$$eval(".card", (cards) =>
    cards.filter((card) => !card.textContent.includes("episode, ")).map((card) => card.dataset.id),
  );
const gone = (visitor, id) => until(visitor, (of) => !document.querySelector(`.card[data-id="${of}"]`), id);
const back = (visitor, id) => visitor.page.waitForSelector(`.card[data-id="${id}"]`, WAIT);
const toast = (visitor, words) => visitor.page.locator(".toast", { hasText: words }).first().waitFor(WAIT);
const activity = (visitor, ...words) =>
  until(
    visitor,
    (wanted) =>
      [...document.querySelectorAll("#activity li")].some((entry) =>
        wanted.every((word) => entry.textContent.includes(word)),
      ),
    words,
  );

/** Opens a suggestion and waits for its points. */
async function open({ page }, id) {
  await page.click(`.card[data-id="${id}"]`);
  await page.waitForSelector(`#detail[data-of="${id}"] .point`, WAIT);
}

const decideAs = async (reviewer, id, action, body = {}) => {
  const response = await fetch(new URL(`api/suggestions/${id}/${action}`, base), {
    method: "POST",
    headers: { "content-type": "application/json", "x-naia-reviewer": reviewer },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200, await response.text());
};

const ask = async (path) => (await fetch(new URL(path, base))).json();

/** Waits until no job is left and the visitors see what the last one found: a suggestion that is scored
 * anew gets another version, and a decision on the older one would rightly be refused. */
async function engineRests(...visitors) {
  const isBusy = async () => {
    const runs = await Promise.all(["queued", "running"].map((status) => ask(`api/jobs/runs?status=${status}&limit=1`)));
    return runs.some(({ items }) => items.length > 0);
  };
  while (await isBusy()) await setTimeout(100);
  const { items } = await ask("api/suggestions?status=pending&limit=500");
  const sees = (wanted) =>
    wanted.every(({ id, version }) => {
      const card = document.querySelector(`.card[data-id="${id}"]`);
      return !card || Number(card.dataset.version) >= version;
    });
  for (const visitor of visitors) await until(visitor, sees, items.map(({ id, version }) => ({ id, version })));
}

async function bothSeeTheSameList(anna, piotr) {
  await Promise.all([isLive(anna), isLive(piotr)]);
  await until(anna, () => document.querySelectorAll(".card").length > 3);
  await until(piotr, () => document.querySelectorAll(".card").length > 3);
  assert.deepEqual(await cardIds(anna), await cardIds(piotr));
  const title = await anna.page.title();
  assert.ok(title.startsWith("("), title);
  say(`pending ${await pending(anna)}`);
}

async function anApprovalReachesTheOther(anna, piotr) {
  const [id] = await cardIds(anna);
  const before = await pending(piotr);
  await open(anna, id);
  await open(piotr, id);
  await anna.page.click("[data-do=approve]");
  await gone(piotr, id);
  await toast(anna, "Approved");
  await activity(piotr, anna.reviewer, "approved");
  await piotr.page.waitForSelector("#detail .notice.approved", WAIT);
  assert.ok((await pending(piotr)) < before);
  say("approval seen by the other without a reload");

  await activity(piotr, "→");
  say("confidence change seen by the other");

  const offer = anna.page.locator(".toast", { hasText: "Approved" });
  await offer.hover();
  await engineRests(anna, piotr);
  await offer.getByRole("button", { name: "Undo" }).click();
  await back(piotr, id);
  await activity(piotr, anna.reviewer, "reopened");
  say("undo seen by the other");
}

async function aCorrectedRoleIsSent(anna) {
  await engineRests(anna);
  const [id] = await cardIds(anna);
  await open(anna, id);
  const select = anna.page.locator("#detail .point select").first();
  const label = await select.getAttribute("aria-label");
  await select.selectOption("\u0000own");
  await anna.page.fill("#detail .point input.own", "Gland Temperature");
  await anna.page.keyboard.press("Enter");
  const other = anna.page.locator("#detail .point select").last();
  const otherLabel = await other.getAttribute("aria-label");
  await other.selectOption({ label: "Not part of it" });
  // Its own in every run against the same stack.
  const name = `Browser Test ${Date.now()}`;
  await anna.page.fill("#equipment", name);
  const [request] = await Promise.all([
    anna.page.waitForRequest("**/approve"),
    anna.page.click("[data-do=approve]"),
  ]);
  await toast(anna, name);
  await gone(anna, id);
  const detail = await (await fetch(new URL(`api/suggestions/${id}`, base))).json();
  assert.equal(detail.status, "approved");
  assert.equal(detail.equipment.name, name);
  const idOf = (label) => detail.points.find(({ name }) => label === `Role of ${name}`).id;
  assert.deepEqual(request.postDataJSON().role_assignments, { [idOf(label)]: "Gland Temperature" });
  assert.deepEqual(request.postDataJSON().excluded_points, [idOf(otherLabel)]);
  say("corrected role, equipment name and excluded point accepted");
}

async function severalMachinesAreNamed(anna) {
  await engineRests(anna);
  const [id] = await cardIds(anna);
  await open(anna, id);
  assert.equal(await anna.page.locator("#detail input.machine").count(), 0);
  await anna.page.check("#several");
  const machines = anna.page.locator("#detail input.machine");
  await machines.first().waitFor(WAIT);
  const names = [`Left ${Date.now()}`, `Right ${Date.now()}`];
  for (let i = 0; i < (await machines.count()); i++) await machines.nth(i).fill(names[i % 2]);
  await anna.page.click("[data-do=approve]");
  await gone(anna, id);
  const { points } = await ask(`api/suggestions/${id}`);
  assert.deepEqual([...new Set(points.map(({ equipment }) => equipment).filter(Boolean))].sort(), names);
  await decideAs(anna.reviewer, id, "undo");
  await back(anna, id);
  say("one answer made several machines");
}

async function aRejectionCarriesItsReason(anna, piotr) {
  await engineRests(anna, piotr);
  const [id] = await cardIds(anna);
  await open(anna, id);
  await anna.page.keyboard.press("r");
  await anna.page.fill("#reason", "These are two pumps");
  await anna.page.click("dialog button[type=submit]");
  await gone(piotr, id);
  await activity(piotr, anna.reviewer, "rejected", "These are two pumps");
  say("rejection and its reason seen by the other");
}

async function theLoserIsToldWhoWon(anna, piotr) {
  await engineRests(anna, piotr);
  const [id] = await cardIds(piotr);
  await open(piotr, id);
  // The rival decides after piotr's click and before his request: the latest moment there is.
  await piotr.page.route("**/approve", async (route) => {
    await decideAs("maria", id, "approve");
    await route.continue();
  });
  await piotr.page.click("[data-do=approve]");
  await toast(piotr, "maria already approved");
  await piotr.page.unroute("**/approve");
  await gone(anna, id);
  say("the loser of a race is told who won");
}

async function whatWasMissedComesByPosition(browser, piotr) {
  await engineRests(piotr);
  const sockets = [];
  let isCut = false;
  const holdTheSocket = (page) =>
    page.routeWebSocket(/\/ws$/, (socket) => {
      if (isCut) return socket.close({ code: 3001 });
      sockets.push(socket);
      socket.connectToServer();
    });
  const reader = await visit(browser, base, { reviewer: "zofia", prepare: holdTheSocket });
  await isLive(reader);
  const [id] = await cardIds(piotr);
  await back(reader, id);
  isCut = true;
  await Promise.all(sockets.map((socket) => socket.close({ code: 3001 })));
  await reader.page.waitForSelector(
    "#connection[data-state=reconnecting], #connection[data-state=offline]",
    WAIT,
  );
  await decideAs("maria", id, "defer");
  await gone(piotr, id);
  assert.ok((await cardIds(reader)).includes(id), "a cut page cannot know yet");

  const snapshots = [];
  reader.page.on(
    "request",
    (request) => request.url().includes("status=pending") && snapshots.push(request.url()),
  );
  isCut = false;
  await isLive(reader);
  await gone(reader, id);
  assert.deepEqual(snapshots, [], "resuming needs no snapshot");
  assert.deepEqual(reader.faults, []);
  await reader.context.close();
  say("what was missed came by position");
}

/** What the page sends while `act` runs. */
async function decisionsSent({ page }, act) {
  const sent = [];
  const note = (request) => request.method() === "POST" && sent.push(request.url());
  page.on("request", note);
  await act();
  // A request that a key started is on its way before the page answers this.
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
  page.off("request", note);
  return sent;
}

const focused = ({ page }) =>
  page.evaluate(() => {
    const { id, value, selectionStart } = document.activeElement;
    return { id, value, caret: selectionStart };
  });

const repainted = (visitor, element) => until(visitor, (old) => !old.isConnected, element);

async function whatIsTypedIsNeverACommand(anna) {
  await engineRests(anna);
  const { page } = anna;
  const [id] = await cardIds(anna);
  await open(anna, id);

  await page.focus("#pattern");
  const own = await page.inputValue("#pattern");
  const names = await page.$$eval("#pattern option", (options) => options.map(({ value, text }) => ({ value, text })));
  const other = names.find(({ value }) => value !== own);
  const letters = other.text.slice(0, 3).toLowerCase() + "a";
  assert.deepEqual(await decisionsSent(anna, () => page.keyboard.type(letters, { delay: 40 })), []);
  assert.equal((await focused(anna)).id, "pattern");
  await page.selectOption("#pattern", own);

  // Somebody else's event repaints the pane while nothing is typed yet.
  const label = await page.inputValue("#equipment");
  await page.focus("#equipment");
  await page.keyboard.press("Home");
  const before = await page.$("#equipment");
  await decideAs("maria", id, "defer");
  await repainted(anna, before);
  assert.deepEqual(await focused(anna), { id: "equipment", value: label, caret: 0 });
  assert.deepEqual(await decisionsSent(anna, () => page.keyboard.type("ja")), []);
  assert.equal(await page.inputValue("#equipment"), `ja${label}`);
  say("a repaint leaves focus and caret where they were");

  // Once something is typed, no event touches it.
  const [next] = await cardIds(anna);
  await open(anna, next);
  await page.fill("#equipment", "Half a na");
  await decideAs("maria", next, "defer");
  await page.getByText("changed while you were editing").waitFor(WAIT);
  assert.deepEqual(await decisionsSent(anna, () => page.keyboard.type("me a")), []);
  assert.deepEqual(await focused(anna), { id: "equipment", value: "Half a name a", caret: 13 });
  await page.getByRole("button", { name: "Show the new one" }).click();
  await page.locator("#detail .notice.deferred").waitFor(WAIT);

  const select = page.locator("#detail .point select").first();
  await select.focus();
  await select.selectOption("\u0000own");
  await page.locator("#detail .point input.own").waitFor(WAIT);
  await page.keyboard.type("Gland T");
  await decideAs("maria", next, "defer");
  await page.getByText("changed while you were editing").waitFor(WAIT);
  await page.keyboard.type("emp");
  assert.equal(await page.inputValue("#detail .point input.own"), "Gland Temp");
  say("half-typed text outlives the events of others");

  // The field itself goes when the suggestion is decided.
  await decideAs("maria", next, "approve");
  await page.locator("#detail .notice.approved").waitFor(WAIT);
  assert.deepEqual(await decisionsSent(anna, () => page.keyboard.type("jau")), []);
  assert.equal(await page.getAttribute("#detail", "data-of"), next);
  await page.keyboard.press("Escape");
  assert.equal((await focused(anna)).id, "");
  say("letters for a field that is gone are no commands");
}

async function aHeldKeyDecidesOnce(anna) {
  await engineRests(anna);
  const { page } = anna;
  const ids = await cardIds(anna);
  await open(anna, ids[0]);
  const sent = await decisionsSent(anna, async () => {
    await page.keyboard.down("a");
    await gone(anna, ids[0]);
    await page.waitForSelector(`#detail[data-of="${ids[1]}"] [data-do=approve]:enabled`, WAIT);
    await page.keyboard.down("a");
    await page.keyboard.down("a");
  });
  await page.keyboard.up("a");
  assert.deepEqual(sent.map((url) => url.split("/").at(-2)), [ids[0]]);
  say("a held key decides once");

  const undoByKey = async () => {
    const [request] = await Promise.all([page.waitForRequest("**/undo"), page.keyboard.press("u")]);
    return request.url().split("/").at(-2);
  };
  assert.equal(await undoByKey(), ids[0]);
  await back(anna, ids[0]);
  assert.notEqual(await undoByKey(), ids[0]);
  say("the key u passes over what is undone already");
}

async function anUndoIsAboutTheDecisionThatWasShown(anna) {
  await engineRests(anna);
  const { page } = anna;
  const [id] = await cardIds(anna);
  await open(anna, id);
  const [answer] = await Promise.all([page.waitForResponse("**/approve"), page.click("[data-do=approve]")]);
  const { version } = await answer.json();
  const offer = page.locator(".toast", { hasText: "Approved" }).last();
  await offer.hover();
  await decideAs("maria", id, "undo");
  await decideAs("maria", id, "approve");
  await activity(anna, "maria", "approved");
  const [request] = await Promise.all([
    page.waitForRequest("**/undo"),
    offer.getByRole("button", { name: "Undo" }).click(),
  ]);
  assert.equal(request.postDataJSON().version, version);
  await toast(anna, "maria already approved");
  say("an undo is about the decision that was shown");
}

async function aRefusalSaysItsReason(anna) {
  const [id] = await cardIds(anna);
  await open(anna, id);
  const detail = "point P-9.FLOW is bound to P-9; undo that first";
  const refusal = { status: 409, contentType: "application/problem+json", body: JSON.stringify({ status: 409, detail }) };
  await anna.page.route("**/approve", (route) => route.fulfill(refusal));
  await anna.page.click("[data-do=approve]");
  await toast(anna, detail);
  await anna.page.unroute("**/approve");
  say("a refusal says its reason");
}

async function whatCouldNotBeReadIsSaidAndReadAgain(browser, piotr) {
  const nobody = new URL("#s=00000000-0000-0000-0000-000000000000", base).href;
  const lost = await visit(browser, nobody, { reviewer: "zofia" });
  await lost.page.locator("#detail .notice.bad", { hasText: "not exist" }).waitFor(WAIT);
  await lost.context.close();

  const [id] = await cardIds(piotr);
  const sockets = [];
  const prepare = async (page) => {
    await page.route(`**/api/suggestions/${id}`, (route) => route.fulfill({ status: 503, body: "" }), { times: 1 });
    await page.routeWebSocket(/\/ws$/, (socket) => {
      sockets.push(socket);
      socket.connectToServer();
    });
  };
  const reader = await visit(browser, new URL(`#s=${id}`, base).href, { reviewer: "zofia", prepare });
  await isLive(reader);
  await Promise.all(sockets.map((socket) => socket.close({ code: 3001 })));
  await reader.page.waitForSelector(`#detail[data-of="${id}"] .point`, WAIT);
  await reader.context.close();
  say("what could not be read is said, and read again when the connection is back");
}

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

async function theServerMayRestart(anna, piotr) {
  say("restart now");
  const cut = "#connection[data-state=reconnecting], #connection[data-state=offline]";
  const bothCut = Promise.all([anna.page.waitForSelector(cut, WAIT), piotr.page.waitForSelector(cut, WAIT)]);
  const line = (await lines.next()).value;
  assert.equal(line, "restarted");
  await bothCut;
  await Promise.all([isLive(anna), isLive(piotr)]);
  const [id] = await cardIds(anna);
  await open(anna, id);
  await anna.page.click("[data-do=approve]");
  await gone(piotr, id);
  assert.deepEqual(await cardIds(anna), await cardIds(piotr));
  say("both pages went on after the restart");
}

const UNBROKEN = "Pompe_".repeat(40);

/** As a site may name things: longer than a screen, and nowhere to break the line. */
const withLongNames = (page) =>
  page.route(/\/api\/suggestions(\?|\/[0-9a-f]{8}-)/, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    for (const suggestion of answer.items ?? [answer]) {
      Object.assign(suggestion, { reason: UNBROKEN });
      Object.assign(suggestion.pattern, { name: UNBROKEN, category: UNBROKEN });
      suggestion.cluster.label = UNBROKEN;
    }
    await route.fulfill({ response, json: answer });
  });

async function itFitsAndCanBeReadEverywhere(browser) {
  for (const width of [400, 1024, 1600]) {
    for (const scheme of ["light", "dark"]) {
      const visitor = await visit(browser, base, {
        reviewer: "anna",
        width,
        height: width === 400 ? 860 : 1000,
        scheme,
        prepare: scheme === "light" ? withLongNames : undefined,
      });
      await isLive(visitor);
      await visitor.page.waitForSelector(".card", WAIT);
      const [id] = await cardIds(visitor);
      await open(visitor, id);
      const wide = await visitor.page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(wide <= width, `${width} px: the page is ${wide} px wide`);
      const tooWide = await visitor.page.$eval("#detail", (pane) => pane.scrollWidth - pane.clientWidth);
      assert.ok(tooWide <= 0, `${width} px: the detail is ${tooWide} px too wide`);
      await visitor.page.keyboard.press("Tab");
      await visitor.page.keyboard.press("Shift+Tab");
      await visitor.page.keyboard.press("Shift+Tab");
      const isBehind = await visitor.page.evaluate(
        () => document.body.hasAttribute("data-open") && Boolean(document.activeElement.closest("#top, #strip, #feed")),
      );
      assert.ok(!isBehind, `${width} px: Tab reaches what the detail covers`);
      const unnamed = await visitor.page.$$eval("button, input, select, textarea", (controls) =>
        controls
          .filter((c) => !c.getAttribute("aria-label") && !c.labels?.length && !c.textContent.trim())
          .map((c) => c.outerHTML),
      );
      assert.deepEqual(unnamed, [], "every control has a name");
      if (process.env.SCREENSHOTS)
        await visitor.page.screenshot({ path: `${process.env.SCREENSHOTS}/page-${width}-${scheme}.png` });
      assert.deepEqual(visitor.faults, []);
      // An answer that is still being read when its page closes is nobody's fault.
      await visitor.page.unrouteAll({ behavior: "wait" });
      await visitor.context.close();
    }
  }
  say("fits 400, 1024 and 1600 px, light and dark");
}

const browser = await launch();
try {
  const anna = await visit(browser, base, { reviewer: "anna" });
  const piotr = await visit(browser, base, { reviewer: "piotr Łukasz" });
  await bothSeeTheSameList(anna, piotr);
  await itFitsAndCanBeReadEverywhere(browser);
  await anApprovalReachesTheOther(anna, piotr);
  await aCorrectedRoleIsSent(anna);
  await severalMachinesAreNamed(anna);
  await whatIsTypedIsNeverACommand(anna);
  await aHeldKeyDecidesOnce(anna);
  await anUndoIsAboutTheDecisionThatWasShown(anna);
  await aRefusalSaysItsReason(anna);
  await aRejectionCarriesItsReason(anna, piotr);
  await theLoserIsToldWhoWon(anna, piotr);
  await whatWasMissedComesByPosition(browser, piotr);
  await whatCouldNotBeReadIsSaidAndReadAgain(browser, piotr);
  if (process.env.RESTART) await theServerMayRestart(anna, piotr);
  assert.deepEqual([...anna.faults, ...piotr.faults], []);
  say("passed");
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await browser.close();
  process.stdin.destroy();
}
