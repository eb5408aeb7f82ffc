// One letter, one action; never while a field has the focus.

import { act } from "./actions.js";
import { app } from "./app.js";
import { byId } from "./dom.js";
import { setFilter } from "./filter.js";
import { closeDetail, select } from "./selection.js";
import { showShortcuts } from "./view/dialogs.js";
import { hint } from "./view/toasts.js";

const KEYS = {
  j: act.next,
  k: act.previous,
  a: () => act.approve(true),
  r: () => act.reject(true),
  d: () => act.defer(true),
  u: act.undo,
  "?": showShortcuts,
  "/": () => byId("find").select(),
};

/** Keys that move may be held; a held key decides nothing. */
const MAY_REPEAT = new Set(["j", "k"]);

const fieldOf = (target) => target.closest?.("input, textarea, select");
const takesLetters = (field) => !field.matches("select, [type=checkbox]");
/** Its list is open, and letters look for an option there. */
const isUnfolded = (field) => CSS.supports("selector(:open)") && field.matches("select:open");

/** Letters are commands again, and Tab goes on from the pane where one was. */
function leave(field) {
  const pane = field.closest("#detail");
  if (pane) pane.focus({ preventScroll: true });
  else field.blur();
}

/** What is found is what one looked for. */
async function openFirst() {
  await setFilter({});
  const first = await app.list.find(0);
  if (first) select(first.id, { byItself: true });
}

function inField(event, field) {
  const { key } = event;
  if (isUnfolded(field)) return;
  if (key === "Escape") {
    event.preventDefault();
    if (field.id === "find") {
      field.value = "";
      setFilter({ find: "" });
    }
    leave(field);
  } else if (key === "Enter") {
    event.preventDefault();
    if (event.repeat) return;
    leave(field);
    if (field.id === "find") openFirst();
  } else if (key.length === 1 && key !== " " && !takesLetters(field)) {
    // A closed list would jump to another option: too easily meant as a command.
    event.preventDefault();
    if (!event.repeat) hint("Enter leaves the field, then keys act again. Ctrl+Enter approves from anywhere.");
  }
}

function outside(event) {
  const { key } = event;
  if (key === "Escape") closeDetail();
  if (event.repeat && !MAY_REPEAT.has(key)) return;
  if (key === "Enter" && !event.target.closest?.("a, button, summary")) act.open();
  const action = KEYS[key];
  if (!action) return;
  event.preventDefault();
  action();
}

export function wireKeyboard() {
  byId("detail").addEventListener("interrupted", () =>
    hint("What you were typing into was decided or changed meanwhile. Keys act again after a pause."),
  );
  let isByPointer = false;
  addEventListener("pointerdown", () => (isByPointer = true), true);
  addEventListener("keydown", (event) => {
    isByPointer = false;
    // Enter also ends a word that an input method composes.
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const field = fieldOf(event.target);
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (field) leave(field);
      if (!event.repeat) act.approve(true);
    } else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.target.closest?.("[data-interrupted]")) event.key === "Escape" && event.target.blur();
    else if (field) inField(event, field);
    else outside(event);
  });
  // Who chose with the mouse goes on with keys.
  addEventListener("change", ({ target }) => isByPointer && target.matches("select, [type=checkbox]") && leave(target));
}
