// Deciding never waits for the points of the next one, nor for the answer about the last.

import assert from "node:assert/strict";
import { cardIds, decisionsOf, gone, isShown, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  const read = [];
  const prepare = async (page) =>
    page.on("response", (response) => {
      const said = /api\/suggestions\/([0-9a-f-]{36})$/.exec(response.url());
      if (said) read.push(said[1]);
    });
  const anna = await reviewer(browser, "anna", { prepare });
  const { page } = anna;
  const ids = await cardIds(anna);
  await isShown(anna, ids[0]);
  while (read.length < 3) await page.waitForEvent("response");
  assert.deepEqual([read[0], ...read.slice(1).sort()], [ids[0], ...ids.slice(1, 3).sort()]);
  say("the next two are read ahead");

  let letThrough;
  const held = new Promise((resolve) => (letThrough = resolve));
  await page.route("**/approve", async (route) => (await held, route.continue()));
  await page.route(/api\/suggestions\/[0-9a-f-]{36}$/, (route) => route.abort());
  const sent = decisionsOf(anna);
  await page.click("[data-do=approve]");
  await isShown(anna, ids[1]);
  assert.deepEqual(await cardIds(anna), ids, "no answer has come");
  await page.click("[data-do=approve]");
  await isShown(anna, ids[2]);
  assert.deepEqual(sent, ids.slice(0, 2).map((id) => `approve ${id}`));
  await page.click(`.card[data-id="${ids[0]}"]`);
  await page.keyboard.press("a");
  await toast(anna, "is being sent");
  letThrough();
  await gone(anna, ids[0]);
  await gone(anna, ids[1]);
  say("the next one is there before the answer about the last");
});
