// Pending count, connection state, and the filters.

import { app, repaint, setReviewer } from "../app.js";
import { byId, h, paint } from "../dom.js";
import { queryOf, setFilter, typeFind } from "../filter.js";
import { clock, count } from "../format.js";
import { readOwnDecisions } from "../own.js";
import { showShortcuts } from "./dialogs.js";

const WORDS = {
  connecting: () => "Connecting",
  live: () => "Live",
  reconnecting: () => "Reconnecting",
  offline: ({ since }) => (since ? `Offline since ${clock(since)}` : "Offline"),
  ended: ({ reason }) => `Disconnected (${reason}). Reload the page`,
};

/** Pending suggestions of the chosen data source; null until it is known. */
function pendingCount() {
  const { kind, purpose, find } = app.filter;
  const { status } = queryOf(app.filter);
  if (app.list.isWhole && status === "pending" && !kind && !purpose && !find) return app.list.length;
  return app.counts.open("pending");
}

export function paintHeader() {
  const number = pendingCount();
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

  const names = app.sources.map(({ name }) => name);
  // One that an address names is on offer before it is known.
  if (app.filter.source && !names.includes(app.filter.source)) names.push(app.filter.source);
  names.sort();
  const select = byId("source");
  paint(select, names.join("\n"), () => [
    h("option", { value: "" }, "All"),
    names.map((source) => h("option", { value: source }, source)),
  ]);
  if (select.value !== app.filter.source) select.value = app.filter.source;
  const kind = byId("kinds");
  if (kind.value !== app.filter.kind) kind.value = app.filter.kind;
  const find = byId("find");
  if (find !== document.activeElement && find.value.trim() !== app.filter.find) find.value = app.filter.find;

  const dark = window.naiaTheme.isDark();
  const theme = byId("theme");
  theme.textContent = dark ? "☀" : "☾";
  theme.setAttribute("aria-label", dark ? "Light theme" : "Dark theme");
  theme.title = dark ? "Light theme" : "Dark theme";
}

export function wireHeader() {
  byId("source").addEventListener("change", ({ target }) => setFilter({ source: target.value }));
  byId("kinds").addEventListener("change", ({ target }) => setFilter({ kind: target.value }));
  byId("find").addEventListener("input", ({ target }) => typeFind(target.value));
  const reviewer = byId("reviewer");
  reviewer.value = app.reviewer;
  reviewer.addEventListener("input", () => setReviewer(reviewer.value));
  reviewer.addEventListener("change", () => {
    app.own = [];
    readOwnDecisions().catch((problem) => console.warn(problem.message));
  });
  byId("theme").addEventListener("click", () => {
    window.naiaTheme.toggle();
    repaint();
  });
  byId("help").addEventListener("click", () => showShortcuts());
}
