// Back to a suggestion, wherever it is in the list.

import { app } from "./app.js";
import { NO_FILTER, setFilter } from "./filter.js";
import { isNarrow, select } from "./selection.js";
import { reveal } from "./view/list.js";

/** Shows the suggestion in the list, without the filter where that hides it. */
export async function landOn(id) {
  select(id, { open: isNarrow() });
  if (app.list.indexOf(id) < 0) await setFilter({ tab: "pending" }, { around: id });
  if (app.list.indexOf(id) < 0) await setFilter({ ...NO_FILTER, sort: app.filter.sort }, { around: id });
  reveal(app.list.indexOf(id));
}
