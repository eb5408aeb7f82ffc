// Issue of a reviewer: a machine was stored as "EY4632 and 8 more".

import assert from "node:assert/strict";
import { ask, cardIds, decisionsOf, gone, open, order, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  await order("unnamed");
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const [id] = await cardIds(anna);
  await open(anna, id);

  assert.equal(await page.inputValue("#equipment"), "");
  const offered = await page.$$eval("#equipment-names option", (options) => options.map(({ value }) => value));
  assert.deepEqual(offered, ["Pump 101"]);
  await page.keyboard.press("a");
  await toast(anna, "No name is known for this equipment");
  assert.equal(await page.evaluate(() => document.activeElement.id), "equipment");
  assert.deepEqual(sent, []);
  say("where no name is known the reviewer is asked, and nothing is decided");

  await page.keyboard.type("Feed pump 1");
  await page.keyboard.press("Control+Enter");
  await gone(anna, id);
  assert.equal((await ask(`api/suggestions/${id}`)).equipment.name, "Feed pump 1");
  say("it is called what the reviewer typed");
  assert.deepEqual(anna.faults, []);
});
