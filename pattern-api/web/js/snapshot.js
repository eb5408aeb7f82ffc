// Reading over REST, page by page.

import { get } from "./api.js";
import { STAGES } from "./runs.js";

/** A page of the list that a person narrowed. */
export function readList({ status, source, kind, purpose, find, sort }, place) {
  const said = { status, data_source: source, kind, purpose, search: find, sort, ...place };
  const query = new URLSearchParams(Object.entries(said).filter(([, value]) => value !== ""));
  return get(`api/suggestions?${query}`);
}

/** The latest decisions, newest first; of everybody, or of one reviewer. */
export async function readDecisions(reviewer = "") {
  const query = reviewer ? new URLSearchParams({ reviewer, limit: 100 }) : "limit=30";
  return (await get(`api/decisions?${query}`)).items ?? [];
}

export async function readSources() {
  return (await get("api/data-sources")).items ?? [];
}

/** The newest runs, and the last ones of each job, which may be long ago; of one data source where it is given. */
export async function readRuns(source) {
  const asked = (job, limit) => {
    const query = new URLSearchParams({ limit });
    if (job) query.set("job", job);
    if (source) query.set("data_source", source);
    return get(`api/jobs/runs?${query}`);
  };
  const last = ["flywheel", ...STAGES].map((job) => asked(job, 2));
  const pages = await Promise.all([asked("", 40), ...last]);
  return pages.flatMap(({ items }) => items ?? []);
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

/** What each kind declares, by kind. */
export async function readKinds() {
  const { items } = await get("api/kinds");
  return new Map(items.map((kind) => [kind.kind, kind]));
}
