// Pending count, connection state, and the filters.

import { app, repaint, setReviewer } from "../app.js";
import { byId, h, paint } from "../dom.js";
import { clock, count } from "../format.js";
import { showShortcuts } from "./dialogs.js";

const WORDS = {
  connecting: () => "Connecting",
  live: () => "Live",
  reconnecting: () => "Reconnecting",
  offline: ({ since }) => (since ? `Offline since ${clock(since)}` : "Offline"),
  ended: ({ reason }) => `Disconnected (${reason}). Reload the page`,
};

/** Pending suggestions in view of the chosen data source. */
export function pendingCount() {
  const known = app.feed.withStatus("pending");
  const { source } = app.filter;
  if (source) return known.filter(({ data_source }) => data_source === source).length;
  return app.feed.complete ? known.length : Math.max(known.length, app.feed.total);
}

function sourceNames() {
  const names = new Set(app.sources.map(({ name }) => name));
  app.feed.withStatus("pending").forEach(({ data_source }) => names.add(data_source));
  return [...names].sort();
}

export function paintHeader() {
  const number = app.snapshot === "loading" ? null : pendingCount();
  paint(byId("pending"), String(number), () => [
    h("strong", {}, number === null ? "–" : count(number)),
    " pending",
  ]);
  document.title = number ? `(${count(number)}) Naia Patterns` : "Naia Patterns";

  const connection = byId("connection");
  const { name } = app.connection;
  connection.dataset.state = name;
  connection.title =
    name === "live"
      ? "Changes by others appear by themselves"
      : "The list may be out of date; it catches up by itself";
  const words = WORDS[name](app.connection);
  const label = connection.querySelector(".words");
  if (label.textContent !== words) label.textContent = words;

  const names = sourceNames();
  const select = byId("source");
  if (
    paint(select, names.join("\n"), () => [
      h("option", { value: "" }, "All"),
      names.map((source) => h("option", { value: source }, source)),
    ])
  ) {
    select.value = app.filter.source;
  }

  const dark = window.naiaTheme.isDark();
  const theme = byId("theme");
  theme.textContent = dark ? "☀" : "☾";
  theme.setAttribute("aria-label", dark ? "Light theme" : "Dark theme");
  theme.title = dark ? "Light theme" : "Dark theme";
}

export function wireHeader() {
  byId("source").addEventListener("change", ({ target }) => {
    app.filter.source = target.value;
    repaint();
  });
  byId("find").addEventListener("input", ({ target }) => {
    app.filter.find = target.value.trim();
    repaint();
  });
  const reviewer = byId("reviewer");
  reviewer.value = app.reviewer;
  reviewer.addEventListener("input", () => setReviewer(reviewer.value));
  byId("theme").addEventListener("click", () => {
    window.naiaTheme.toggle();
    repaint();
  });
  byId("help").addEventListener("click", () => showShortcuts());
}
