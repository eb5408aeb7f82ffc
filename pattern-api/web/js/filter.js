// What a person narrowed the list to. The address keeps it, so that Back works and a link to what one sees can be sent.

import { app, repaint } from "./app.js";
import { SORTS } from "./list.js";

export const NO_FILTER = { tab: "pending", source: "", kind: "", purpose: "", find: "", sort: "priority" };
const TABS = ["pending", "deferred", "activity"];
const TYPED = 200;

const oneOf = (values, value) => (values.includes(value) ? value : values[0]);

export function fromAddress(search) {
  const said = new URLSearchParams(search);
  return {
    tab: oneOf(TABS, said.get("tab")),
    source: said.get("source") ?? "",
    kind: oneOf(["", "equipment", "episode"], said.get("kind")),
    purpose: oneOf(["", "match", "learning", "new_pattern"], said.get("purpose")),
    find: (said.get("find") ?? "").slice(0, TYPED),
    sort: oneOf(SORTS, said.get("sort")),
  };
}

export function toAddress(filter) {
  const said = Object.entries(filter).filter(([name, value]) => value !== NO_FILTER[name]);
  return said.length > 0 ? `?${new URLSearchParams(said)}` : "";
}

/** What the server is asked for: the Activity is beside the pending ones. */
export const queryOf = ({ tab, source, kind, purpose, find, sort }) => ({
  status: tab === "deferred" ? "deferred" : "pending",
  source,
  kind,
  purpose,
  find,
  sort,
});

let asked = "";
let typing = null;

function ask(around) {
  const query = queryOf(app.filter);
  const key = JSON.stringify(query);
  if (key === asked && !around && app.list.state === "ready") return Promise.resolve();
  asked = key;
  app.counts.read(query);
  return app.list.open(query, around);
}

/** Narrows the list. Resolves when it is read. `around`: a suggestion that is to be in view. */
export function setFilter(change, { around = null } = {}) {
  clearTimeout(typing);
  const filter = { ...app.filter, ...change };
  if (JSON.stringify(filter) !== JSON.stringify(app.filter)) {
    app.filter = filter;
    history.pushState({}, "", `${location.pathname}${toAddress(filter)}${location.hash}`);
  }
  repaint();
  return ask(around);
}

/** Asks when the typing pauses; what is typed in one go is one step back. */
export function typeFind(text) {
  const find = text.trim();
  if (find === app.filter.find) return;
  const isFirst = !history.state?.typing;
  app.filter = { ...app.filter, find };
  const address = `${location.pathname}${toAddress(app.filter)}${location.hash}`;
  if (isFirst) history.pushState({ typing: true }, "", address);
  else history.replaceState(history.state, "", address);
  clearTimeout(typing);
  typing = setTimeout(ask, 150);
  app.list.expect();
  repaint();
}

/** Reads the filter from the address, now and whenever one goes back. */
export function wireFilter(selected) {
  const take = () => (app.filter = fromAddress(location.search));
  take();
  addEventListener("popstate", () => {
    take();
    ask();
    repaint();
  });
  asked = JSON.stringify(queryOf(app.filter));
  app.counts.read(queryOf(app.filter));
  return app.list.open(queryOf(app.filter), selected);
}
