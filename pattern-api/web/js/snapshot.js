// Reading the whole picture over REST, page by page.

import { get } from "./api.js";

const PAGE = 200;
/** More than a person reviews in a sitting; beyond it the list says that there are more. */
const MOST = 5000;

async function pages(status, onFirstPage) {
  const items = [];
  let cursor = null;
  let first = null;
  do {
    const query = new URLSearchParams({ status, limit: PAGE });
    if (cursor) query.set("cursor", cursor);
    const page = await get(`api/suggestions?${query}`);
    items.push(...page.items);
    if (!first) onFirstPage?.((first = page));
    cursor = page.next_cursor;
  } while (cursor && items.length < MOST);
  return { items, first };
}

/**
 * Open suggestions, with the position they were read at. Later pages may be newer than the position:
 * the events in between are received twice and dropped by version.
 */
export async function readSuggestions(onPosition) {
  const pending = await pages("pending", (page) => onPosition?.(page.position));
  const deferred = await pages("deferred");
  return { items: [...pending.items, ...deferred.items], total: pending.first.total ?? pending.items.length };
}

/** The latest decisions of everybody, newest first. */
export async function readDecisions() {
  return (await get("api/decisions?limit=30")).items ?? [];
}

export async function readSources() {
  return (await get("api/data-sources")).items ?? [];
}

/** Newest runs first. */
export async function readRuns() {
  return (await get("api/jobs/runs?limit=40")).items ?? [];
}

/** Every pattern of the library, by id. */
export async function readPatterns() {
  const patterns = new Map();
  let cursor = null;
  do {
    const query = new URLSearchParams({ limit: 200 });
    if (cursor) query.set("cursor", cursor);
    const page = await get(`api/patterns?${query}`);
    page.items.forEach((pattern) => patterns.set(pattern.id, pattern));
    cursor = page.next_cursor ?? null;
  } while (cursor);
  return patterns;
}
