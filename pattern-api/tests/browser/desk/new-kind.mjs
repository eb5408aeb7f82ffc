// Issue of a reviewer: a drum dryer was proposed as a tank, and nothing on the card said "none of these".

import assert from "node:assert/strict";
import { ask, cardIds, decisionsOf, gone, open, reviewer, say, scenario, toast, until } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const [id] = await cardIds(anna);
  await open(anna, id);

  await page.selectOption("#pattern", { label: "None of these: a new kind…" });
  await until(anna, () => document.activeElement.id === "kind");
  await page.keyboard.press("Control+Enter");
  await toast(anna, "The new kind has no name yet");
  assert.deepEqual(sent, []);
  say("a new kind is not approved without a name");

  await page.keyboard.type("Drum Dryer");
  const { points } = await ask(`api/suggestions/${id}`);
  await page.selectOption(`#role-${points[0].id}`, { label: "Own role…" });
  await page.locator("input.own").fill("Wet Feed");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue("#kind"), "Drum Dryer");
  await page.keyboard.press("Control+Enter");
  await gone(anna, id);
  await toast(anna, "as Drum Dryer.");
  const decided = await ask(`api/suggestions/${id}`);
  assert.equal(decided.equipment.pattern, "Drum Dryer");
  assert.equal(decided.points.find(({ id }) => id === points[0].id).role, "Wet Feed");
  say("the new kind has the name and the roles that the reviewer gave");
  assert.deepEqual(anna.faults, []);
});
