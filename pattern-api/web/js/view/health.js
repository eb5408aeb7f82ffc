// What is not well, by name: for whoever wonders why nothing happens.

import { app } from "../app.js";
import { byId, h, paint } from "../dom.js";
import { humanDates } from "../format.js";

export function paintHealth() {
  const { degraded = [], parts = {} } = app.health ?? {};
  const element = byId("health");
  element.hidden = degraded.length === 0;
  paint(element, JSON.stringify([degraded, parts]), () =>
    degraded.map((name) => h("p", {}, h("b", {}, name), " ", h("span", {}, humanDates(parts[name])))),
  );
}
