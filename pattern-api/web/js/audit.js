// The audit log, page by page.

import { get } from "./api.js";
import { byId, h } from "./dom.js";
import { signInAgain } from "./me.js";

const ACTIONS = [
  "suggestion_approved",
  "suggestion_rejected",
  "suggestion_deferred",
  "suggestion_reopened",
  "run_started",
  "run_cancelled",
  "run_redriven",
  "key_created",
  "key_revoked",
  "signed_in",
  "sign_in_refused",
  "signed_out",
  "stream_renewed",
];
const inWords = (action) => action.replaceAll("_", " ");

let cursor = null;
let asked = 0;

function filter() {
  const query = new URLSearchParams();
  for (const name of ["actor", "action"]) {
    const value = byId(name).value.trim();
    if (value) query.set(name, value);
  }
  return query;
}

function details(detail) {
  const known = Object.entries(detail).filter(([, value]) => value !== null);
  return known.map(([name, value]) => `${inWords(name)}: ${typeof value === "string" ? value : JSON.stringify(value)}`);
}

function row({ at, actor, action, subject, detail, address }) {
  return h(
    "tr",
    {},
    h("td", {}, h("time", { datetime: at }, new Date(at).toLocaleString())),
    h("td", {}, actor),
    h("td", {}, inWords(action)),
    h("td", {}, subject),
    h("td", {}, details(detail).join("; ")),
    h("td", {}, address ?? ""),
  );
}

/** `anew`: from the newest on, else what is older than what is shown. */
async function read(anew) {
  const mine = (asked += 1);
  const query = filter();
  byId("export").href = `/api/audit/export?${query}`;
  if (!anew && cursor) query.set("cursor", cursor);
  try {
    const { items, next_cursor } = await get(`api/audit?${query}`);
    if (mine !== asked) return;
    if (anew) byId("entries").replaceChildren();
    byId("entries").append(...items.map(row));
    cursor = next_cursor;
    byId("more").hidden = !cursor;
    byId("problem").hidden = true;
  } catch (problem) {
    if (problem.status === 401) return signInAgain();
    byId("problem").textContent = problem.words ?? problem.message;
    byId("problem").hidden = false;
  }
}

byId("action").append(...ACTIONS.map((action) => h("option", { value: action }, inWords(action))));
byId("actor").addEventListener("change", () => read(true));
byId("action").addEventListener("change", () => read(true));
byId("more").addEventListener("click", () => read(false));
read(true);
