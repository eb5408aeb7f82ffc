// Issue of a reviewer: `u` undid the wrong decision, and no deferral.

import assert from "node:assert/strict";
import { back, cardIds, decideAs, decisionsOf, gone, isShown, listed, open, order, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const ids = await cardIds(anna);

  await open(anna, ids[0]);
  await page.keyboard.press("a");
  await gone(anna, ids[0]);
  await open(anna, ids[1]);
  await page.keyboard.press("d");
  await page.getByRole("button", { name: "Without a date" }).click();
  await gone(anna, ids[1]);
  await open(anna, ids[2]);
  await page.keyboard.press("r");
  await page.click("dialog button[type=submit]");
  await gone(anna, ids[2]);
  // Somebody else is busy too, and the engine scores what is open anew.
  await decideAs("maria", ids[5], "approve");
  await gone(anna, ids[5]);
  await order("score 0.8");
  const sent = decisionsOf(anna);

  for (const id of [ids[2], ids[1], ids[0]]) {
    await page.keyboard.press("u");
    await back(anna, id);
    await isShown(anna, id);
  }
  assert.deepEqual(sent, [ids[2], ids[1], ids[0]].map((id) => `undo ${id}`));
  say("u takes back a rejection, a deferral and an approval, the newest first, and shows each");
  await page.keyboard.press("u");
  await toast(anna, "None of your decisions is left to undo");
  say("and says when none is left");

  let letThrough;
  const held = new Promise((resolve) => (letThrough = resolve));
  await page.route("**/approve", async (route) => (await held, route.continue()), { times: 1 });
  await open(anna, ids[3]);
  await page.keyboard.press("a");
  await page.keyboard.press("u");
  const undone = page.waitForRequest((request) => request.url().endsWith(`${ids[3]}/undo`));
  letThrough();
  await undone;
  await isShown(anna, ids[3]);
  say("u waits for the answer about the decision that it takes back");

  for (const id of [ids[0], ids[1]]) {
    await open(anna, id);
    await page.click("[data-do=approve]");
    await gone(anna, id);
  }
  const again = await reviewer(browser, "anna", { address: "?find=P-106", list: ".empty" });
  const sentAgain = decisionsOf(again);
  await again.page.locator("#activity .decision").nth(1).waitFor();
  await again.page.evaluate(() => {
    for (const key of ["u", "u"])
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  });
  await isShown(again, ids[0]);
  await listed(again, 5);
  assert.deepEqual(sentAgain, [ids[1], ids[0]].map((id) => `undo ${id}`));
  say("a page opened anew goes on back, out of the filter that hides it, in haste one after the other");
  assert.deepEqual([...anna.faults, ...again.faults], []);
});
