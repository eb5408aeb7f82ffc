// Short messages at the foot of the page, with at most one thing to do about each.

import { byId, h } from "../dom.js";

const STAYS = 9000;

/** `stays`: until somebody dismisses it. */
export function toast(words, { action = null, tone = "", stays = false } = {}) {
  const host = byId("toasts");
  while (host.children.length >= 3) host.firstElementChild.remove();

  let timer = null;
  const close = () => {
    clearTimeout(timer);
    element.remove();
  };
  const wait = () => {
    clearTimeout(timer);
    if (!stays) timer = setTimeout(close, STAYS);
  };
  const element = h(
    "div",
    {
      class: `toast ${tone}`,
      onmouseenter: () => clearTimeout(timer),
      onmouseleave: wait,
      onfocusin: () => clearTimeout(timer),
      onfocusout: wait,
    },
    h("p", {}, words),
    action &&
      h("button", { type: "button", class: "link", onclick: () => (close(), action.run()) }, action.label),
    h("button", { type: "button", class: "close", "aria-label": "Dismiss", onclick: close }, "×"),
  );
  host.append(element);
  wait();
}

/** Why a press did nothing: one at a time, the newest. */
export function hint(words) {
  byId("toasts").querySelectorAll(".toast.refusal").forEach((old) => old.remove());
  toast(words, { tone: "refusal" });
}
