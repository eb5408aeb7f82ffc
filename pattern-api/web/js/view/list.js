// The list of suggestions: tabs, purposes, and cards that are kept between repaints.

import { app, repaint } from "../app.js";
import { byId, h, paint } from "../dom.js";
import { matches } from "../feed.js";
import { confidence, count, plural, purpose } from "../format.js";
import { select } from "../selection.js";
import { emptyList } from "./empty.js";

const STEP = 100;
const PURPOSES = ["match", "learning", "new_pattern"];
const cards = new Map();
let shownCount = STEP;
let filterKey = "";

/** The suggestions of the open tab, after all filters. */
export function visibleSuggestions() {
  const status = app.filter.tab === "deferred" ? "deferred" : "pending";
  return app.feed.withStatus(status).filter((suggestion) => matches(suggestion, app.filter));
}

function paintTabs() {
  const counts = {
    pending: app.feed.withStatus("pending").length,
    deferred: app.feed.withStatus("deferred").length,
    activity: 0,
  };
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
          onclick: () => ((app.filter.tab = id), repaint()),
        },
        label,
        id !== "activity" && h("span", { class: "n" }, count(counts[id])),
      ),
    ),
  );
  document.body.dataset.tab = app.filter.tab;
}

function paintPurposes() {
  const status = app.filter.tab === "deferred" ? "deferred" : "pending";
  const open = app.feed
    .withStatus(status)
    .filter((suggestion) => matches(suggestion, { ...app.filter, purpose: "" }));
  const counts = PURPOSES.map((name) => open.filter((suggestion) => suggestion.purpose === name).length);
  const worthwhile = counts.filter((n) => n > 0).length > 1 || app.filter.purpose;
  paint(byId("purposes"), JSON.stringify([counts, app.filter.purpose, worthwhile]), () =>
    worthwhile
      ? ["", ...PURPOSES].map((name) => {
          const n = name ? counts[PURPOSES.indexOf(name)] : open.length;
          return h(
            "button",
            {
              type: "button",
              id: `purpose-${name || "all"}`,
              class: `chip ${name}`,
              title: name && purpose(name).title,
              "aria-pressed": String(app.filter.purpose === name),
              onclick: () => ((app.filter.purpose = name), repaint()),
            },
            name ? purpose(name).label : "All",
            " ",
            h("span", { class: "n" }, count(n)),
          );
        })
      : [],
  );
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
        suggestion.cluster.kind === "episode" && "episode",
        suggestion.cluster.kind === "look_alikes" && "called alike",
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );
}

function cardFor(suggestion, isArrival) {
  let entry = cards.get(suggestion.id);
  if (!entry) {
    const card = h("button", {
      type: "button",
      class: isArrival ? "card arrives" : "card",
      "data-id": suggestion.id,
      onclick: () => select(suggestion.id, { open: true }),
    });
    entry = { card, version: null };
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
  return entry.card;
}

/** Moves only what is out of place: a card under the pointer or in focus stays itself. */
function arrange(host, wanted) {
  const keep = new Set(wanted);
  [...host.children].forEach((child) => keep.has(child) || child.remove());
  wanted.forEach(
    (element, i) => host.children[i] === element || host.insertBefore(element, host.children[i] ?? null),
  );
}

function more(total) {
  return h(
    "button",
    { type: "button", class: "plain more", onclick: () => ((shownCount += STEP), repaint()) },
    `Show more (${count(total - shownCount)} left)`,
  );
}

let hasPaintedOnce = false;

export function paintList() {
  paintTabs();
  paintPurposes();
  const key = JSON.stringify(app.filter);
  const isSameView = hasPaintedOnce && key === filterKey;
  if (key !== filterKey) {
    filterKey = key;
    shownCount = STEP;
  }
  const all = app.snapshot === "loading" ? [] : visibleSuggestions();
  const shown = all.slice(0, shownCount);
  const present = new Set(shown.map(({ id }) => id));
  [...cards.keys()].forEach((id) => present.has(id) || cards.delete(id));
  const elements = shown.map((suggestion) => cardFor(suggestion, isSameView));
  if (all.length > shown.length) elements.push(more(all.length));
  if (all.length === 0) elements.push(emptyList());
  arrange(byId("cards"), elements);
  hasPaintedOnce = app.snapshot !== "loading";
}

export function revealSelected() {
  cards.get(app.selected)?.card.scrollIntoView({ block: "nearest" });
}
