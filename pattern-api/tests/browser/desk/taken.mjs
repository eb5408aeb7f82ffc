// Issues of a reviewer: two machines were merged under a name that the page had offered; a decision that failed was
// forgotten; keys stayed dead where a card was replaced under one's hands.

import assert from "node:assert/strict";
import { ask, cardIds, decideAs, decisionsOf, gone, isShown, open, order, reviewer, say, scenario, toast, until } from "./desk.mjs";

scenario(async (browser) => {
  await order("unnamed");
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const [first, second, third] = await cardIds(anna);
  await decideAs("ben", first, "approve", { equipment_name: "Feed pump" });
  await open(anna, second);
  await page.fill("#equipment", "Feed pump");
  await page.keyboard.press("Control+Enter");
  await toast(anna, "exists already with other points");
  assert.equal((await ask(`api/suggestions/${second}`)).status, "pending");
  say("a name that is taken merges nothing, and that is said");

  await page.keyboard.press("u");
  await toast(anna, "was not stored. Press u again");
  assert.equal((await ask(`api/suggestions/${first}`)).status, "approved");
  say("after a decision that failed, u takes back no other one");

  await page.locator(".toast button", { hasText: "Add the points to it" }).click();
  await toast(anna, "Approved Feed pump");
  assert.equal((await ask(`api/suggestions/${second}`)).equipment.name, "Feed pump");
  say("who means it adds the points to the machine");

  await open(anna, third);
  const before = sent.length;
  await page.focus("#equipment");
  await decideAs("ben", third, "reject", { reason: "no pump" });
  await toast(anna, "Keys act again after a pause");
  await page.keyboard.type("ajar");
  assert.equal(sent.length, before, "letters on their way decide nothing");
  await until(anna, () => document.querySelector("#detail").dataset.interrupted === undefined);
  await page.keyboard.press("j");
  await until(anna, (gone) => document.querySelector("#detail").dataset.of !== gone, third);
  say("keys act again after a pause");
  assert.deepEqual(anna.faults, []);
});
