// What was typed and not sent outlives a reload, and ends with the tab.

import { app } from "./app.js";
import { isEdited, newDraft } from "./draft.js";

const KEY = "naia.drafts";

const written = (_, value) => (value instanceof Map ? { map: [...value] } : value);
const read = (_, value) => (Array.isArray(value?.map) ? new Map(value.map) : value);

function keep() {
  const typed = [...app.drafts].filter(([, draft]) => isEdited(draft) || draft.reason);
  try {
    sessionStorage.setItem(KEY, JSON.stringify(typed, written));
  } catch {
    // Then it lasts as long as the page.
  }
}

export function wireKept() {
  try {
    const typed = JSON.parse(sessionStorage.getItem(KEY) ?? "[]", read);
    typed.forEach(([id, draft]) => app.drafts.set(id, { ...newDraft(), ...draft }));
  } catch (problem) {
    console.warn(problem.message);
  }
  addEventListener("pagehide", keep);
}
