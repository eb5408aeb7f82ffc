// Issue of a reviewer: `a` and `r` changed the focused select instead of deciding.

import assert from "node:assert/strict";
import { cardIds, decisionsOf, gone, open, reviewer, say, scenario, selected, toast } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  const sent = decisionsOf(anna);
  const [id, second] = await cardIds(anna);
  await open(anna, id);
  const focus = () => page.evaluate(() => document.activeElement.id);

  for (const select of ["#pattern", "#detail .point select", "#sort", "#source"]) {
    const field = page.locator(select).first();
    await field.focus();
    const before = await field.inputValue();
    await page.keyboard.type("aArd");
    assert.equal(await field.inputValue(), before, `letters changed ${select}`);
    await toast(anna, "Enter leaves the field");
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.matches("select")), false, select);
  }
  assert.deepEqual(sent, []);
  assert.equal(await selected(anna), id);
  say("letters neither decide nor change a select, and say so");

  await page.fill("#equipment", "");
  await page.focus("#equipment");
  await page.keyboard.type("ajar");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue("#equipment"), "ajar");
  assert.equal(await focus(), "detail");
  assert.deepEqual(sent, []);
  say("Enter leaves the name without deciding");

  // Whoever picks with the mouse has left the field.
  const select = page.locator("#detail .point select").first();
  await select.dispatchEvent("pointerdown");
  await select.focus();
  await select.selectOption("");
  assert.equal(await page.evaluate(() => document.activeElement.matches("select")), false);
  say("a choice by mouse leaves the select");

  await page.focus("#equipment");
  await page.keyboard.press("Control+Enter");
  await gone(anna, id);
  assert.deepEqual(sent, [`approve ${id}`]);
  await toast(anna, "Approved ajar");
  say("Ctrl+Enter approves from within a field, with what is typed");

  await open(anna, second);
  await page.keyboard.press("r");
  await page.locator("#reason").waitFor();
  await page.keyboard.type("two pumps");
  await page.keyboard.press("Enter");
  await gone(anna, second);
  assert.deepEqual(sent.slice(1), [`reject ${second}`]);
  say("Enter submits the reason of a rejection");

  await page.keyboard.press("?");
  await page.locator("dialog .keys", { hasText: "Ctrl+Enter" }).waitFor();
  say("the list of keys names Ctrl+Enter");
  assert.deepEqual(anna.faults, []);
});
