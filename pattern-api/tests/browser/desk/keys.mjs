// Issue of a reviewer: `a` approved what the filter hid, or what was still being read; other presses did nothing at all.

import assert from "node:assert/strict";
import { back, cardIds, decideAs, decisionsOf, gone, isShown, labels, listed, open, reviewer, say, scenario, toast } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const ids = await cardIds(anna);
  await open(anna, ids[0]);

  await page.fill("#find", "P-103");
  await gone(anna, ids[0]);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("a");
  await toast(anna, "is not in the list as you see it");
  assert.deepEqual(sent, []);
  say("a hidden suggestion is not approved, and that is said");
  await page.focus("#find");
  await page.keyboard.press("Escape");
  await back(anna, ids[4]);

  // The detail of the fifth never comes until it is let through.
  let letThrough;
  const held = new Promise((resolve) => (letThrough = resolve));
  await page.route(`**/api/suggestions/${ids[4]}`, async (route) => (await held, route.continue()));
  await page.click(`.card[data-id="${ids[4]}"]`);
  await page.waitForSelector(`#detail[data-of="${ids[4]}"]`);
  await page.keyboard.press("a");
  await toast(anna, "are still being read");
  assert.deepEqual(sent, []);
  letThrough();
  await isShown(anna, ids[4]);
  say("what is still being read is not approved, and that is said");

  await open(anna, ids[0]);
  await page.evaluate(async () => {
    for (const key of ["a", "a"]) {
      document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      await new Promise((soon) => setTimeout(soon, 0));
    }
  });
  await gone(anna, ids[0]);
  await toast(anna, "That was fast");
  assert.deepEqual(sent, [`approve ${ids[0]}`]);
  say("two presses in haste decide once, and that is said");

  await decideAs("maria", ids[1], "approve");
  await page.locator("#detail .notice.approved").waitFor();
  await page.keyboard.press("r");
  await toast(anna, "is approved");
  assert.equal(await page.locator("dialog").count(), 0);
  say("what somebody else has decided is not asked about");

  await page.keyboard.press("j");
  await isShown(anna, ids[2]);
  await page.keyboard.press("k");
  await toast(anna, "This is the first one in the list");
  say("the end of the list is said");

  await page.fill("#find", (await labels(anna)).at(-1));
  await listed(anna, 1);
  await page.focus("#find");
  await page.keyboard.press("Enter");
  await isShown(anna, (await cardIds(anna))[0]);
  assert.equal(sent.length, 1);
  say("Enter in Find opens what was found, and decides nothing");
  assert.deepEqual(anna.faults, []);
});
