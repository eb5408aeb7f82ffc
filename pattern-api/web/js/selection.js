// Which suggestion is selected, and on narrow screens whether it covers the list. The address keeps
// it, so that Back works and a link to a suggestion can be sent.

import { app, repaint } from "./app.js";

const NARROW = matchMedia("(max-width: 859px)");

export const isNarrow = () => NARROW.matches;

const fromAddress = () => new URLSearchParams(location.hash.slice(1)).get("s");

/** `byItself`: nobody chose it, it took the place of the one before. */
export function select(id, { open = false, byItself = false } = {}) {
  app.selected = id;
  app.cameByItself = byItself ? performance.now() : null;
  const covers = open && isNarrow();
  if (covers && !app.open) history.pushState({ covers: true }, "", `#s=${id}`);
  else if (id) history.replaceState(history.state, "", `#s=${id}`);
  else history.replaceState(history.state, "", location.pathname + location.search);
  app.open = covers || (app.open && Boolean(id));
  repaint();
}

/** Back to the list on a narrow screen. */
export function closeDetail() {
  if (!app.open) return;
  if (history.state?.covers) {
    history.back();
    return;
  }
  app.open = false;
  history.replaceState(null, "", location.pathname + location.search);
  repaint();
}

/** Answers what the address selects. */
export function wireSelection() {
  const id = fromAddress();
  if (id) {
    app.selected = id;
    app.open = isNarrow();
  }
  addEventListener("popstate", () => {
    const now = fromAddress();
    if (now) app.selected = now;
    app.open = isNarrow() && Boolean(now);
    repaint();
  });
  NARROW.addEventListener("change", () => {
    app.open = false;
    repaint();
  });
  return id;
}
