// Issue of a reviewer: at phone width the Activity showed the suggestion with its Approve button.

import assert from "node:assert/strict";
import { cardIds, open, reviewer, say, scenario } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna", { width: 400, height: 860 });
  const { page } = anna;
  const approve = page.locator("[data-do=approve]");
  const [id] = await cardIds(anna);
  await open(anna, id);
  assert.ok(await approve.isVisible());
  await page.click(".back");
  await page.waitForSelector("body:not([data-open])");
  assert.equal(await approve.isVisible(), false);
  await page.click("#tab-activity");
  await page.locator("#activity h2").first().waitFor();
  assert.equal(await approve.isVisible(), false);
  assert.equal(await page.locator("#detail").isVisible(), false);
  say("the Activity is alone");
  assert.deepEqual(anna.faults, []);
});
