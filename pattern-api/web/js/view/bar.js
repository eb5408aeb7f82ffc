// The foot of the detail: the equipment's name, the pattern if it is another one, and the decision.

import { app, draftOf, repaint } from "../app.js";
import { h } from "../dom.js";
import { undo } from "../decisions.js";
import { act } from "../actions.js";
import { isSeveral, newKindOf, proposedName } from "../draft.js";

const NEW_KIND = "\u0000new";

const isEpisode = ({ kind }) => kind === "episode";

/** A kind that the library lacks gets its name before it is approved. */
function kindName(suggestion) {
  const draft = draftOf(suggestion.id);
  const name = newKindOf(suggestion, draft);
  if (name === null) return null;
  const input = h("input", {
    id: "kind",
    value: name,
    placeholder: isEpisode(suggestion)
      ? "What happened? Compressor trip, batch change…"
      : suggestion.pattern.id
        ? "What kind is it?"
        : `${suggestion.pattern.name}?`,
    maxlength: 200,
    autocomplete: "off",
    oninput: ({ target }) => (draft.newKind = target.value),
  });
  // Whoever has just said that it is a new one types its name next; the input is not on the page yet.
  if (draft.newKind === "") queueMicrotask(() => input.focus());
  return h("label", { class: "field" }, h("span", {}, isEpisode(suggestion) ? "New kind of event" : "New kind"), input);
}

function patternChoice(suggestion) {
  if (app.patterns.size === 0) return null;
  const draft = draftOf(suggestion.id);
  const byName = [...app.patterns.values()]
    .filter(({ status, kind }) => status !== "retired" && kind === suggestion.kind)
    .sort((a, b) => a.name.localeCompare(b.name));
  const choice = h(
    "select",
    {
      id: "pattern",
      onchange: (event) => {
        const { target } = event;
        const isNew = target.value === NEW_KIND;
        // The focus goes on to the name.
        if (isNew) event.stopPropagation();
        const isOther = !isNew && target.value && target.value !== suggestion.pattern.id;
        draft.patternId = isOther ? target.value : null;
        draft.newKind = isNew ? "" : null;
        draft.roles.clear();
        repaint();
      },
    },
    !suggestion.pattern.id && h("option", { value: "" }, `${suggestion.pattern.name} (new)`),
    suggestion.pattern.id && h("option", { value: NEW_KIND }, "None of these: a new kind…"),
    byName.map(({ id, name }) => h("option", { value: id }, name)),
  );
  const isAnother = suggestion.pattern.id && draft.newKind !== null;
  choice.value = isAnother ? NEW_KIND : (draft.patternId ?? suggestion.pattern.id ?? "");
  return h("label", { class: "field" }, h("span", {}, "Pattern"), choice);
}

/** Several machines were grouped as one, or look-alikes are one machine after all. */
function severalChoice(suggestion) {
  const draft = draftOf(suggestion.id);
  const proposed = isSeveral(suggestion, { several: null });
  const choice = h("input", {
    type: "checkbox",
    id: "several",
    onchange: ({ target }) => {
      draft.several = target.checked === proposed ? null : target.checked;
      repaint();
    },
  });
  choice.checked = isSeveral(suggestion, draft);
  return h("label", { class: "choice" }, choice, h("span", {}, "Several machines"));
}

/** What descriptions and numbers say that it may be called. */
function nameChoice({ id }) {
  const names = app.details.get(id)?.data?.equipment_names ?? [];
  return h(
    "datalist",
    { id: "equipment-names" },
    names.map((name) => h("option", { value: name })),
  );
}

export function decisionBar(suggestion, { isOpen, busy }) {
  if (!isOpen) {
    const canUndo = suggestion.status === "approved" || suggestion.status === "rejected";
    return canUndo
      ? h(
          "div",
          { class: "buttons" },
          h(
            "button",
            {
              type: "button",
              class: "plain",
              id: "undo",
              disabled: busy,
              onclick: () => undo(suggestion.id, suggestion.version),
            },
            "Undo the decision",
          ),
        )
      : [];
  }
  const draft = draftOf(suggestion.id);
  const name = h("input", {
    id: "equipment",
    value: draft.equipmentName ?? proposedName(suggestion),
    placeholder: "Its name?",
    list: "equipment-names",
    maxlength: 500,
    autocomplete: "off",
    // A name that was typed is meant, also where it is the proposed one: it may extend equipment.
    oninput: ({ target }) => (draft.equipmentName = target.value),
  });
  const key = (letter) => h("kbd", { "aria-hidden": "true" }, letter);
  return [
    h(
      "div",
      { class: "inputs" },
      isEpisode(suggestion)
        ? null
        : isSeveral(suggestion, draft)
        ? h("p", { class: "field hint" }, "Each point is of the machine named beside its role.")
        : h("label", { class: "field" }, h("span", {}, "Equipment name"), name, nameChoice(suggestion)),
      patternChoice(suggestion),
      kindName(suggestion),
      !isEpisode(suggestion) && severalChoice(suggestion),
    ),
    h(
      "div",
      { class: "buttons" },
      h(
        "button",
        {
          type: "button",
          class: "plain",
          id: "defer",
          "data-do": "defer",
          disabled: busy,
          onclick: () => act.defer(),
        },
        "Defer",
        key("d"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "plain danger-text",
          id: "reject",
          "data-do": "reject",
          disabled: busy,
          onclick: () => act.reject(),
        },
        "Reject",
        key("r"),
      ),
      h(
        "button",
        {
          type: "button",
          class: "primary",
          id: "approve",
          "data-do": "approve",
          disabled: busy,
          onclick: () => act.approve(),
        },
        busy ? "Sending…" : "Approve",
        key("a"),
      ),
    ),
  ];
}
