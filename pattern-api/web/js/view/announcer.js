// Tells screen readers about arrivals, many of them in one sentence.

import { byId } from "../dom.js";
import { confidence } from "../format.js";

const GATHER = 1500;
let gathered = [];

export function announceArrival(suggestion) {
  gathered.push(suggestion);
  if (gathered.length > 1) return;
  setTimeout(() => {
    const [first] = gathered;
    byId("announcer").textContent =
      gathered.length === 1
        ? `New suggestion: ${first.cluster.label ?? ""} is a ${first.pattern.name}, confidence ${confidence(first.confidence)}`
        : `${gathered.length} new suggestions`;
    gathered = [];
  }, GATHER);
}
