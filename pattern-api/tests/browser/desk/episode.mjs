// Many points changed at once: the page shows which, which way and when, and a reviewer says what happened.

import assert from "node:assert/strict";
import { ask, cardIds, decisionsOf, gone, open, order, reviewer, say, scenario, toast, until } from "./desk.mjs";

scenario(async (browser) => {
  await order("episode");
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const { items } = await ask("api/suggestions?kind=episode");
  assert.equal(items.length, 1);
  const [{ id, cluster }] = items;
  assert.equal((await cardIds(anna))[0], id, "what is most urgent comes first");
  await open(anna, id);

  const shown = await page.$$eval("#detail .point", (points) =>
    points.map((point) => [point.querySelector(".tag").textContent, point.querySelector(".way").textContent.trim()]),
  );
  const { points } = await ask(`api/suggestions/${id}`);
  const ways = { up: "▲ went up", down: "▼ went down" };
  assert.deepEqual(shown, points.map(({ name, direction }) => [name, ways[direction]]));
  assert.equal(shown.length, cluster.point_count);
  const heading = await page.textContent("#detail .meta");
  assert.match(heading, /12 points changed within 11 min/);
  assert.equal(await page.$("#equipment"), null, "what happened is no machine");
  assert.deepEqual(await page.$$eval("#pattern option", (all) => all.map(({ textContent }) => textContent)), [
    "New kind of event (new)",
  ]);
  say("it shows what changed, which way and in which order, and asks for no machine");

  await page.keyboard.press("a");
  await toast(anna, "The new kind has no name yet");
  assert.deepEqual(sent, []);
  await until(anna, () => document.activeElement.id === "kind");
  await page.keyboard.type("Compressor trip");
  await page.keyboard.press("Control+Enter");
  await gone(anna, id);
  await toast(anna, "as Compressor trip.");
  const decided = await ask(`api/suggestions/${id}`);
  assert.deepEqual([decided.kind, decided.status], ["episode", "approved"]);
  const { items: kinds } = await ask("api/patterns?kind=episode");
  assert.deepEqual(kinds.map(({ name }) => name), ["Compressor trip"]);
  say("it has the name that the reviewer gave");
  assert.deepEqual(anna.faults, []);
});
