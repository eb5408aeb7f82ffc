// Issue of a reviewer: the engine's new scores were answered with "changed while you were looking", and the typed reason
// was lost.

import assert from "node:assert/strict";
import { ask, cardIds, gone, isShown, open, order, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const ids = await cardIds(anna);

  // The page does not hear of the new scores before it decides.
  await open(anna, ids[0]);
  await page.route("**/approve", async (route) => (await order("score 0.8"), route.continue()), { times: 1 });
  await page.click("[data-do=approve]");
  await gone(anna, ids[0]);
  assert.equal((await ask(`api/suggestions/${ids[0]}`)).status, "approved");
  say("new scores are no conflict");

  await open(anna, ids[1]);
  await page.keyboard.press("r");
  await page.fill("#reason", "This is a fan");
  await order("score 0.7");
  await page.locator("#detail .sure .number", { hasText: "0.70" }).waitFor();
  assert.equal(await page.inputValue("#reason"), "This is a fan");
  await page.click("dialog button[type=submit]");
  await gone(anna, ids[1]);
  assert.equal((await ask(`api/suggestions/${ids[1]}`)).decision.reason, "This is a fan");
  say("a reason that is being typed outlives new scores");

  await open(anna, ids[2]);
  await page.fill("#equipment", "My pump");
  await order("score 0.6");
  await page.locator(`.card[data-id="${ids[2]}"] .number`, { hasText: "0.60" }).waitFor();
  assert.equal(await page.getByText("changed while you were editing").count(), 0);
  assert.equal(await page.inputValue("#equipment"), "My pump");
  say("an edit outlives new scores");

  // Other roles are another question.
  await page.keyboard.press("Escape");
  await page.keyboard.press("r");
  await page.fill("#reason", "No flow here");
  await order("without-flow 0.6");
  await page.keyboard.press("Enter");
  await toast(anna, "changed while you were looking");
  await open(anna, ids[2]);
  await page.getByText("changed while you were editing").waitFor();
  await page.getByRole("button", { name: "Show the new one" }).click();
  await page.getByText("changed while you were editing").waitFor({ state: "detached" });
  await isShown(anna, ids[2]);
  assert.equal(await page.inputValue("#equipment"), "My pump");
  await page.reload();
  await isShown(anna, ids[2]);
  assert.equal(await page.inputValue("#equipment"), "My pump");
  await page.keyboard.press("r");
  assert.equal(await page.inputValue("#reason"), "No flow here");
  await page.keyboard.press("Enter");
  await gone(anna, ids[2]);
  assert.equal((await ask(`api/suggestions/${ids[2]}`)).decision.reason, "No flow here");
  say("other roles are a conflict, which loses nothing that was typed");
  assert.deepEqual(anna.faults, []);
});
