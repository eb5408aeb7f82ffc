// People sign in on the page: with a key, and at an identity provider.

import assert from "node:assert/strict";
import { launch, visit } from "./browser.mjs";

const base = process.env.BASE_URL;
const key = process.env.API_KEY;
const browser = await launch();
try {
  const { page, faults } = await visit(browser, `${base}/?kind=episode`, { reviewer: "somebody else" });
  await page.waitForURL("**/sign-in?**");
  await page.fill("#key", "naia_wrong");
  await page.keyboard.press("Enter");
  await page.locator("#problem", { hasText: "unknown, expired or revoked" }).waitFor();
  await page.fill("#key", key);
  await page.keyboard.press("Enter");
  await page.waitForURL(`${base}/?kind=episode`);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  assert.equal(await page.inputValue("#reviewer"), "anna of the key");
  assert.equal(await page.locator("#reviewer").getAttribute("readonly"), "");
  console.log("with a key one goes on where one wanted to, under the key's name");

  await page.goto(`${base}/audit`);
  await page.locator("#entries tr", { hasText: "signed in" }).first().waitFor();
  await page.selectOption("#action", "sign_in_refused");
  await page.waitForFunction(() => document.querySelectorAll("#entries tr").length === 1);
  console.log("an admin sees who came in, and who did not");

  await page.goto(base);
  await page.click("#sign-out");
  await page.waitForURL("**/sign-in");
  await page.goto(base);
  await page.waitForURL("**/sign-in?**");
  console.log("whoever signed out is outside");

  await page.click("#begin");
  await page.fill("input[name=login]", "anna");
  await page.fill("input[name=password]", "x");
  await page.keyboard.press("Enter");
  await page.locator("button[type=submit]").click();
  await page.waitForURL(`${base}/`);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  assert.equal(await page.inputValue("#reviewer"), "anna");
  assert.equal(await page.locator("#audit").isVisible(), false);
  assert.deepEqual(faults, []);
  console.log("passed");
} finally {
  await browser.close();
}
