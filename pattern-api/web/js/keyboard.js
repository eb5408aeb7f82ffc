// One letter, one action; never while somebody types.

import { act } from "./actions.js";
import { byId } from "./dom.js";
import { closeDetail } from "./selection.js";
import { showShortcuts } from "./view/dialogs.js";

const KEYS = {
  j: act.next,
  k: act.previous,
  a: act.approve,
  r: act.reject,
  d: act.defer,
  u: act.undo,
  "?": showShortcuts,
  "/": () => byId("find").focus(),
};

/** Keys that move may be held; a held key decides nothing. */
const MAY_REPEAT = new Set(["j", "k"]);

const isTyping = (target) => target.closest?.("input, textarea, select, [contenteditable], [data-interrupted]");

export function wireKeyboard() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") {
      if (isTyping(event.target)) event.target.blur();
      else closeDetail();
      return;
    }
    if (event.repeat && event.key === "Enter") event.preventDefault();
    if (isTyping(event.target) || (event.repeat && !MAY_REPEAT.has(event.key))) return;
    if (event.key === "Enter" && event.target === document.body) act.open();
    const action = KEYS[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
}
