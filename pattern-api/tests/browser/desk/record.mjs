// Issue of a reviewer: the unsent edit of another reviewer was shown as the approved record.

import assert from "node:assert/strict";
import { back, cardIds, decideAs, open, reviewer, say, scenario } from "./desk.mjs";

scenario(async (browser) => {
  const piotr = await reviewer(browser, "piotr");
  const { page } = piotr;
  const [id] = await cardIds(piotr);
  await open(piotr, id);
  const select = page.locator("#detail .point select").first();
  const proposed = await select.inputValue();
  await select.selectOption("\u0000excluded");
  await page.fill("#equipment", "Piotr's pump");

  await decideAs("anna", id, "approve");
  await page.locator("#detail .notice.approved", { hasText: "anna" }).waitFor();
  assert.equal(await page.locator("#detail .point select").first().inputValue(), proposed);
  assert.equal(await page.locator("#detail .edited").count(), 0);
  assert.equal((await page.textContent("#detail")).includes("Piotr's"), false);
  say("the record shows what was approved");

  await decideAs("anna", id, "undo");
  await back(piotr, id);
  await page.locator("#detail [data-do=approve]").waitFor();
  assert.equal(await page.inputValue("#equipment"), "Piotr's pump");
  assert.equal(await page.locator("#detail .point select").first().inputValue(), "\u0000excluded");
  say("what was being edited is there again when it is asked again");
  assert.deepEqual(piotr.faults, []);
});
