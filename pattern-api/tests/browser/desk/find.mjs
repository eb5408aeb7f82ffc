// Issue of a reviewer: Find knew no tags, Esc left the list filtered, and no address led back to what one saw.

import assert from "node:assert/strict";
import { cardIds, labels, listed, open, order, reviewer, say, scenario, until } from "./desk.mjs";

scenario(async (browser) => {
  const anna = await reviewer(browser, "anna");
  const { page } = anna;
  await until(anna, () => document.querySelectorAll(".card").length > 5);
  const all = await cardIds(anna);

  await page.fill("#find", "p-117.flow");
  await until(anna, () => [...document.querySelectorAll(".card .label")].map((l) => l.textContent).join() === "P-117");
  say("a tag finds its suggestion");
  await page.fill("#find", "suct pump north 12");
  await listed(anna, 11);
  say("every word counts, wherever it is");

  await page.keyboard.press("Escape");
  await listed(anna, 30);
  assert.equal(await page.inputValue("#find"), "");
  assert.deepEqual(await cardIds(anna), all);
  assert.equal(new URL(page.url()).search, "");
  say("Esc shows the whole list again");

  await page.fill("#find", "P-11");
  await listed(anna, 10);
  await page.selectOption("#sort", "name");
  await until(anna, () => document.querySelector(".card .label").textContent === "P-110");
  const found = await labels(anna);
  assert.deepEqual(found, [...found].sort());
  const search = new URL(page.url()).search;
  assert.equal(search, "?find=P-11&sort=name");
  const [first] = await cardIds(anna);
  await open(anna, first);
  const other = await reviewer(browser, "piotr", { address: new URL(page.url()).search + new URL(page.url()).hash });
  await listed(other, 10);
  assert.deepEqual(await labels(other), found);
  assert.equal(await other.page.inputValue("#find"), "P-11");
  assert.equal(await other.page.getAttribute("#detail", "data-of"), first);
  say("the address shows another reviewer the same");

  await page.goBack();
  await until(anna, () => document.querySelector("#sort").value === "priority");
  await page.goBack();
  await listed(anna, 30);
  assert.equal(await page.inputValue("#find"), "");
  await page.goForward();
  await listed(anna, 10);
  assert.equal(await page.inputValue("#find"), "P-11");
  say("Back and Forward go through what was looked for");

  await page.fill("#find", "nothing is called so");
  await page.getByText("Nothing fits the filter").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await listed(anna, 30);
  assert.equal(await page.inputValue("#find"), "");
  say("an empty list offers the whole one");

  await page.fill("#find", "P-12");
  await listed(anna, 10);
  await order("score 0.7");
  await until(anna, () => document.querySelector(".card .number").textContent === "0.70");
  assert.equal((await labels(anna)).length, 10);
  say("events leave a search as it is");
  assert.deepEqual([...anna.faults, ...other.faults], []);
});
