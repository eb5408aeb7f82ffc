// Issue of a reviewer: the page took a decision without a name.

import assert from "node:assert/strict";
import { ask, cardIds, decisionsOf, gone, isShown, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  const nobody = await reviewer(browser, "");
  const { page } = nobody;
  const sent = decisionsOf(nobody);
  const [id, second] = await cardIds(nobody);
  await isShown(nobody, id);
  await page.keyboard.press("a");
  await page.locator("dialog", { hasText: "Who decides?" }).waitFor();
  await page.keyboard.press("Escape");
  await toast(nobody, "a decision needs a name");
  assert.deepEqual(sent, []);
  say("nothing is decided without a name");

  await page.click("[data-do=approve]");
  await page.fill("#name", "  Łucja ");
  await page.keyboard.press("Enter");
  await gone(nobody, id);
  assert.equal((await ask(`api/suggestions/${id}`)).decision.decided_by, "Łucja");
  assert.equal(await page.inputValue("#reviewer"), "Łucja");
  await isShown(nobody, second);
  await page.click("[data-do=approve]");
  await gone(nobody, second);
  say("the name is asked once, and goes with what is decided");
  assert.equal(await page.getAttribute("#reviewer", "maxlength"), "100");
  assert.deepEqual(nobody.faults, []);
});
