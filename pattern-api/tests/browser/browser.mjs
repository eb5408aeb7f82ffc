// A private Chromium, and pages that remember what went wrong in them.

import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function executable() {
  const places = [
    process.env.CHROMIUM,
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
  ];
  const found = places.find((place) => place && existsSync(place));
  if (!found)
    throw new Error("no chromium found: install it (apt-get install chromium) or set CHROMIUM to its path");
  return found;
}

/** Every launch has a fresh profile. */
export function launch() {
  return chromium.launch({ executablePath: executable(), args: FLAGS });
}

/** A visitor of their own: storage and sockets are not shared with the others. `prepare` sees the empty page. */
export async function visit(
  browser,
  url,
  { reviewer, width = 1600, height = 1000, scheme = "light", prepare },
) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.stack ?? String(error)));
  page.on("console", (message) => {
    // Refused requests are part of the scenario; what the page throws or the policy blocks is not.
    if (
      message.type() === "error" &&
      !message.text().startsWith("Failed to load resource") &&
      !message.text().includes("WebSocket")
    ) {
      faults.push(message.text());
    }
  });
  await page.addInitScript((name) => localStorage.setItem("naia.reviewer", name), reviewer);
  await prepare?.(page);
  await page.goto(url);
  return { page, context, faults, reviewer };
}
