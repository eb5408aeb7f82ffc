// The list of suggestions: tabs, purposes, the order, and cards. Only cards that are on the screen or near it exist,
// each at its place in a list of any length.

import { app, repaint } from "../app.js";
import { byId, h, paint } from "../dom.js";
import { queryOf, setFilter } from "../filter.js";
import { clock, confidence, count, plural, purpose } from "../format.js";
import { select } from "../selection.js";
import { emptyList } from "./empty.js";

/** Height of a card and the gap below it; the style sheet gets it from here. */
const ROW = 134;
/** So many beyond the screen, on either side. */
const BEYOND = 8;
const PURPOSES = ["match", "learning", "new_pattern"];
const SORTS = {
  priority: "What teaches most",
  confidence: "Surest first",
  newest: "Newest first",
  name: "By name",
};
const cards = new Map();

function paintTabs() {
  const counts = { pending: app.counts.open("pending"), deferred: app.counts.open("deferred") };
  if (app.list.isWhole && !app.filter.find && !app.filter.kind && !app.filter.purpose) {
    counts[queryOf(app.filter).status] = app.list.length;
  }
  const tabs = [
    ["pending", "Pending"],
    ["deferred", "Deferred"],
    ["activity", "Activity"],
  ];
  paint(byId("tabs"), JSON.stringify([counts, app.filter.tab]), () =>
    tabs.map(([id, label]) =>
      h(
        "button",
        {
          type: "button",
          id: `tab-${id}`,
          "data-tab": id,
          "aria-pressed": String(app.filter.tab === id),
          onclick: () => setFilter({ tab: id }),
        },
        label,
        typeof counts[id] === "number" && h("span", { class: "n" }, count(counts[id])),
      ),
    ),
  );
  document.body.dataset.tab = app.filter.tab;
}

function paintPurposes() {
  const { status } = queryOf(app.filter);
  const counts = PURPOSES.map((name) => app.counts.found(status, name));
  const worthwhile = counts.filter((n) => n > 0).length > 1 || app.filter.purpose;
  paint(byId("purposes"), JSON.stringify([counts, app.filter.purpose, worthwhile]), () =>
    worthwhile
      ? ["", ...PURPOSES].map((name) => {
          const n = name ? counts[PURPOSES.indexOf(name)] : app.counts.found(status);
          return h(
            "button",
            {
              type: "button",
              id: `purpose-${name || "all"}`,
              class: `chip ${name}`,
              title: name && purpose(name).title,
              "aria-pressed": String(app.filter.purpose === name),
              onclick: () => setFilter({ purpose: name }),
            },
            name ? purpose(name).label : "All",
            " ",
            h("span", { class: "n" }, count(n)),
          );
        })
      : [],
  );
}

/** How many are listed, and in which order. */
function paintOrder() {
  const { list, filter } = app;
  const said = list.state === "ready" ? plural(list.length, "suggestion") : "";
  byId("order").hidden = list.length === 0;
  paint(byId("order"), JSON.stringify([said, filter.sort]), () => {
    const choice = h(
      "select",
      { id: "sort", "aria-label": "Order", onchange: ({ target }) => setFilter({ sort: target.value }) },
      Object.entries(SORTS).map(([name, label]) => h("option", { value: name }, label)),
    );
    choice.value = filter.sort;
    return [h("span", { id: "listed" }, said), choice];
  });
}

function fill(card, suggestion) {
  const kind = purpose(suggestion.purpose);
  card.replaceChildren(
    h(
      "span",
      { class: "line" },
      h(
        "span",
        { class: "label" },
        suggestion.cluster.label || plural(suggestion.cluster.point_count, "point"),
      ),
      h(
        "span",
        { class: "meter", vars: { "--value": suggestion.confidence } },
        h("i", { "aria-hidden": "true" }),
      ),
      h(
        "span",
        { class: "number", title: "Confidence: how likely this is right" },
        confidence(suggestion.confidence),
      ),
    ),
    h(
      "span",
      { class: "line" },
      h(
        "span",
        { class: "what" },
        suggestion.pattern.name,
        suggestion.pattern.category && h("span", { class: "category" }, suggestion.pattern.category),
      ),
      h("span", { class: `badge ${suggestion.purpose}`, title: kind.title }, kind.label),
    ),
    h("span", { class: "why" }, suggestion.reason),
    h(
      "span",
      { class: "meta" },
      [
        plural(suggestion.cluster.point_count, "point"),
        suggestion.data_source,
        suggestion.kind === "episode" && `episode, ${clock(suggestion.starts_at)}`,
        suggestion.cluster.kind === "look_alikes" && "called alike",
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function cardFor(suggestion) {
  let entry = cards.get(suggestion.id);
  if (!entry) {
    const arrives = app.arrivals.delete(suggestion.id);
    const card = h("button", {
      type: "button",
      class: arrives ? "card arrives" : "card",
      "data-id": suggestion.id,
      onclick: () => select(suggestion.id, { open: true }),
    });
    entry = { card, row: h("div", { class: "row", role: "listitem" }, card), version: null };
    cards.set(suggestion.id, entry);
  }
  if (entry.version !== suggestion.version) {
    if (entry.version !== null) entry.card.classList.add("changed");
    entry.version = suggestion.version;
    entry.card.dataset.version = suggestion.version;
    fill(entry.card, suggestion);
  }
  entry.card.toggleAttribute("data-busy", app.deciding.has(suggestion.id));
  if (suggestion.id === app.selected) entry.card.setAttribute("aria-current", "true");
  else entry.card.removeAttribute("aria-current");
  return entry.row;
}

function rowAt(index) {
  const suggestion = app.list.at(index);
  const row = suggestion ? cardFor(suggestion) : h("div", { class: "row waiting", role: "listitem" });
  row.style.setProperty("--place", index);
  row.setAttribute("aria-posinset", index + 1);
  row.setAttribute("aria-setsize", app.list.length);
  return row;
}

/** Moves only what is out of place: a card under the pointer or in focus stays itself. */
function arrange(host, wanted) {
  const keep = new Set(wanted);
  [...host.children].forEach((child) => keep.has(child) || child.remove());
  wanted.forEach(
    (element, i) => host.children[i] === element || host.insertBefore(element, host.children[i] ?? null),
  );
}

/** Which places are on the screen, and some beyond. */
function placesInView(rows) {
  const pane = byId("cards").getBoundingClientRect();
  const top = rows.getBoundingClientRect().top;
  const from = Math.max(pane.top, 0) - top;
  const to = Math.min(pane.bottom, innerHeight) - top;
  return [Math.max(0, Math.floor(from / ROW) - BEYOND), Math.max(0, Math.ceil(to / ROW)) + BEYOND];
}

const rows = h("div", { class: "rows", role: "list", "aria-label": "Suggestions", vars: { "--row": `${ROW}px` } });

function paintCards() {
  const { list } = app;
  const host = byId("cards");
  host.toggleAttribute("data-loading", list.state === "loading");
  if (list.length === 0) {
    cards.clear();
    rows.replaceChildren();
    arrange(host, [emptyList()]);
    return;
  }
  arrange(host, [rows]);
  rows.style.setProperty("--rows", list.length);
  if (list.state === "ready") scrollToWanted();
  const [from, to] = placesInView(rows);
  list.show(from, to);
  const last = Math.min(to, list.length);
  const shown = Array.from({ length: Math.max(0, last - from) }, (_, i) => rowAt(from + i));
  arrange(rows, shown);
  cards.forEach(({ row }, id) => row.isConnected || cards.delete(id));
}

export function paintList() {
  paintTabs();
  paintPurposes();
  paintOrder();
  paintCards();
}

/** What scrolls the cards: their pane, or on narrow screens the page. */
function scroller() {
  const host = byId("cards");
  return getComputedStyle(host).overflowY === "auto" ? host : document.scrollingElement;
}

let wanted = -1;

/** Scrolls as little as it takes to see the card at this place, once it is there. */
export function reveal(index) {
  wanted = index;
  repaint();
}

function scrollToWanted() {
  const scrolls = scroller();
  if (app.list.isAtTop) scrolls.scrollTop = 0;
  app.list.isAtTop = false;
  if (wanted < 0) return;
  const isPane = scrolls === byId("cards");
  const view = isPane ? scrolls.getBoundingClientRect() : { top: byId("top").offsetHeight, bottom: innerHeight };
  const top = rows.getBoundingClientRect().top + wanted * ROW;
  wanted = -1;
  if (top < view.top) scrolls.scrollTop -= view.top - top + 8;
  else if (top + ROW > view.bottom) scrolls.scrollTop += top + ROW - view.bottom + 8;
}

export function wireList() {
  byId("cards").addEventListener("scroll", repaint, { passive: true });
  addEventListener("scroll", repaint, { passive: true });
  addEventListener("resize", repaint);
}
