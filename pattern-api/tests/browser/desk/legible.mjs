// Contrast as WCAG AA asks for, a heading at every width, and dates as people write them.

import assert from "node:assert/strict";
import { base, cardIds, decideAs, open, reviewer, say, scenario } from "./desk.mjs";

/** What is too faint on the page: text against whatever is behind it. Elements that are switched off may be. */
function tooFaint() {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const over = ([r, g, b, a], [x, y, z]) => [r, g, b].map((c, i) => (c * a + [x, y, z][i] * (255 - a)) / 255);
  const light = (color) => {
    const [r, g, b] = color.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const layers = [];
    for (let one = element; one; one = one.parentElement) layers.push(rgba(getComputedStyle(one).backgroundColor));
    return layers.reverse().reduce((below, layer) => over(layer, below), [255, 255, 255]);
  };
  const said = [...document.querySelectorAll("body *")].filter(
    (element) =>
      element.checkVisibility() &&
      !element.closest(":disabled, option, .quiet, .skip") &&
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()),
  );
  return said
    .map((element) => {
      const ground = behind(element);
      const ink = over(rgba(getComputedStyle(element).color), ground);
      const [a, b] = [light(ink), light(ground)].sort((x, y) => y - x);
      return { words: element.textContent.slice(0, 40), class: element.className, ratio: (a + 0.05) / (b + 0.05) };
    })
    .filter(({ ratio }) => ratio < 4.5);
}

scenario(async (browser) => {
  for (const scheme of ["light", "dark"]) {
    for (const width of [400, 1600]) {
      const anna = await reviewer(browser, "anna", { width, height: 900, scheme });
      const [id] = await cardIds(anna);
      if (width > 1000) await open(anna, id);
      assert.deepEqual(await anna.page.evaluate(tooFaint), [], `${scheme}, ${width} px`);
      await anna.page.getByRole("heading", { level: 1, name: "Naia Patterns" }).waitFor();
      await anna.page.goto(new URL("api/docs", base).href);
      await anna.page.locator("details").first().waitFor();
      assert.deepEqual(await anna.page.evaluate(tooFaint), [], `/api/docs, ${scheme}`);
      await anna.context.close();
    }
  }
  say("everything that is written can be read, light and dark");

  const reader = await reviewer(browser, "piotr");
  const [id] = await cardIds(reader);
  await decideAs("maria", id, "defer", { until: "2031-05-06T07:08:09Z" });
  await reader.page.locator("#activity .decision.defer").waitFor();
  await reader.page.reload();
  const said = reader.page.locator("#activity .decision.defer .said");
  await said.waitFor();
  assert.match(await said.textContent(), /^until (6 May|May 6)/);
  await reader.page.goto(new URL(`?tab=deferred#s=${id}`, base).href);
  await reader.page.locator("#detail .notice.deferred").waitFor();
  for (const part of ["#detail", "#activity", "#feed", "#strip"]) {
    const text = await reader.page.locator(part).innerText();
    assert.doesNotMatch(text, /\d{4}-\d\d-\d\dT/, part);
  }
  say("dates are a person's");

  const lost = await reader.page.goto(new URL("suggestions/P-101", base).href);
  assert.equal(lost.status(), 404);
  await reader.page.getByRole("heading", { level: 1, name: "There is nothing at this address" }).waitFor();
  await reader.page.getByRole("link", { name: "the suggestions" }).click();
  await reader.page.waitForSelector(".card");
  say("an unknown address leads back");
});
