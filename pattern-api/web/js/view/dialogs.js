// The questions that need an answer before a decision, and the list of keys.

import { app, setReviewer } from "../app.js";
import { byId, h } from "../dom.js";

const REASONS = [
  "Wrong pattern",
  "Points do not belong together",
  "Not one piece of equipment",
  "Already modelled elsewhere",
];

const SHORTCUTS = [
  ["j / k", "next / previous suggestion"],
  ["Enter", "open the selected suggestion"],
  ["a", "approve"],
  ["Ctrl+Enter", "approve, also from within a field"],
  ["r", "reject, with a reason"],
  ["d", "defer"],
  ["u", "undo your last decision, then the one before"],
  ["/", "find"],
  ["Enter", "leave a field"],
  ["Esc", "leave a field; in Find: the whole list again; back to the list"],
  ["?", "this list"],
];

/** Opens a modal; resolves to what `finish` was called with, or null when it was dismissed. */
function ask(title, makeContent) {
  return new Promise((resolve) => {
    let answer = null;
    const finish = (value) => {
      answer = value;
      dialog.close();
    };
    const dialog = h("dialog", { "aria-label": title }, h("h2", {}, title), makeContent(finish));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    dialog.addEventListener("click", ({ target }) => target === dialog && dialog.close());
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** What is typed is kept in the draft, whatever becomes of the dialog. */
export function askReason(name, draft) {
  return ask(`Reject ${name}`, (finish) => {
    const text = h("textarea", {
      rows: 3,
      id: "reason",
      name: "reason",
      maxlength: 2000,
      placeholder: "What is wrong with it?",
      autofocus: true,
      value: draft.reason,
      oninput: () => (draft.reason = text.value),
    });
    const chips = REASONS.map((reason) =>
      h(
        "button",
        { type: "button", class: "chip", onclick: () => ((text.value = draft.reason = reason), text.focus()) },
        reason,
      ),
    );
    const form = h(
      "form",
      { onsubmit: (event) => (event.preventDefault(), finish(text.value.trim())) },
      h(
        "p",
        { class: "hint" },
        "The engine remembers the reason with these points and does not propose them so again. Shift+Enter begins a new line.",
      ),
      h("div", { class: "chips" }, chips),
      h("label", { class: "stack" }, "Reason", text),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "plain", onclick: () => finish(null) }, "Cancel"),
        h("button", { type: "submit", class: "danger" }, "Reject"),
      ),
    );
    form.addEventListener("keydown", (event) => {
      // Enter also ends a word that an input method composes, and presses the button that has the focus.
      if (event.key !== "Enter" || event.isComposing || event.shiftKey) return;
      if (event.target !== text && !event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      if (!event.repeat) form.requestSubmit();
    });
    return form;
  });
}

/** Whether a name was given; decisions are kept under it. */
export async function askName() {
  const name = await ask("Who decides?", (finish) => {
    const input = h("input", {
      id: "name",
      name: "name",
      required: true,
      maxlength: 100,
      autocomplete: "name",
      autofocus: true,
    });
    return h(
      "form",
      { onsubmit: (event) => (event.preventDefault(), input.value.trim() && finish(input.value.trim())) },
      h("p", { class: "hint" }, "Decisions are kept and shown to others under a name. It is asked once."),
      h("label", { class: "stack" }, "Your name", input),
      h(
        "div",
        { class: "buttons" },
        h("button", { type: "button", class: "plain", onclick: () => finish(null) }, "Cancel"),
        h("button", { type: "submit", class: "primary" }, "Go on"),
      ),
    );
  });
  if (!name) return false;
  setReviewer(name);
  byId("reviewer").value = app.reviewer;
  return true;
}

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

export function askUntil(name) {
  return ask(`Defer ${name}`, (finish) => [
    h(
      "p",
      { class: "hint" },
      "It leaves the list and waits under Deferred. With a date it comes back by itself.",
    ),
    h(
      "div",
      { class: "buttons column" },
      h(
        "button",
        { type: "button", class: "plain", autofocus: true, onclick: () => finish({ until: inDays(1) }) },
        "Until tomorrow",
      ),
      h(
        "button",
        { type: "button", class: "plain", onclick: () => finish({ until: inDays(7) }) },
        "For a week",
      ),
      h(
        "button",
        { type: "button", class: "plain", onclick: () => finish({ until: null }) },
        "Without a date",
      ),
    ),
  ]);
}

export function showShortcuts() {
  return ask("Keyboard", (finish) => [
    h(
      "dl",
      { class: "keys" },
      SHORTCUTS.map(([keys, meaning]) => [
        h(
          "dt",
          {},
          keys.split(" / ").map((key, i) => [i > 0 && " / ", h("kbd", {}, key)]),
        ),
        h("dd", {}, meaning),
      ]),
    ),
    h(
      "div",
      { class: "buttons" },
      h("button", { type: "button", class: "plain", autofocus: true, onclick: () => finish(null) }, "Close"),
    ),
  ]);
}
