// What the scripts of the desk share.

import { createInterface } from "node:readline";
import { launch, visit } from "../browser.mjs";

export const base = process.env.BASE_URL;
if (!base) throw new Error("BASE_URL is not set; give the address of an API with pending suggestions");
const WAIT = { timeout: Number(process.env.WAIT_MS ?? 30_000) };

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Has the other side of the pipe do something, and waits until it is done. */
export async function order(words) {
  console.log(`! ${words}`);
  await answers.next();
}

export const say = (step) => console.log(step);

/** Prints `passed` if all steps hold. */
export async function scenario(steps) {
  const browser = await launch();
  try {
    await steps(browser);
    say("passed");
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}

/** A reviewer's page, live and with its list. */
export async function reviewer(browser, name, { address = "", list = ".card", ...options } = {}) {
  const visitor = await visit(browser, new URL(address, base).href, { reviewer: name, ...options });
  await visitor.page.waitForSelector("#connection[data-state=live]", WAIT);
  await visitor.page.waitForSelector(list, WAIT);
  return visitor;
}

export const until = ({ page }, test, argument) => page.waitForFunction(test, argument, WAIT);
export const cardIds = ({ page }) => page.$$eval(".card", (cards) => cards.map((card) => card.dataset.id));
export const card = ({ page }, id) => page.locator(`.card[data-id="${id}"]`);
export const gone = (visitor, id) => card(visitor, id).waitFor({ state: "detached", ...WAIT });
export const back = (visitor, id) => card(visitor, id).waitFor(WAIT);
export const toast = ({ page }, words) => page.locator(".toast", { hasText: words }).first().waitFor(WAIT);
export const selected = ({ page }) => page.getAttribute("#detail", "data-of");
export const isShown = ({ page }, id) => page.waitForSelector(`#detail[data-of="${id}"] .point`, WAIT);
export const labels = ({ page }) => page.$$eval(".card .label", (all) => all.map(({ textContent }) => textContent));
export const listed = (visitor, count) =>
  until(visitor, (wanted) => document.querySelector("#listed").textContent.startsWith(`${wanted} suggestion`), count);

export async function open(visitor, id) {
  await card(visitor, id).click();
  await isShown(visitor, id);
}

export async function ask(path, init) {
  const response = await fetch(new URL(path, base), init);
  return response.json();
}

export const decideAs = (name, id, action, body = {}) =>
  ask(`api/suggestions/${id}/${action}`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-naia-reviewer": name },
    body: JSON.stringify(body),
  });

/** Decisions that the page sends from now on, as `approve <id>`. */
export function decisionsOf({ page }) {
  const sent = [];
  page.on("request", (request) => {
    const said = /api\/suggestions\/([^/]+)\/(\w+)$/.exec(request.url());
    if (request.method() === "POST" && said) sent.push(`${said[2]} ${said[1]}`);
  });
  return sent;
}
