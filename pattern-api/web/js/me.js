// Who sits before the page, where people sign in.

import { get, send } from "./api.js";
import { app } from "./app.js";
import { byId } from "./dom.js";

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** To the page where people sign in, and back. */
export function signInAgain(problem) {
  const query = new URLSearchParams({ return_to: location.pathname + location.search + location.hash });
  if (problem) query.set("problem", problem);
  location.replace(`/sign-in?${query}`);
}

async function signOut() {
  await send("POST", "api/sign-out", {});
  location.replace("/sign-in");
}

/** `null` where nobody is signed in. A server that is away is waited for, as everywhere on the page. */
async function untilAnswered() {
  for (;;) {
    try {
      return await get("api/me");
    } catch (problem) {
      if (problem.status === 401) return signInAgain(), null;
      if (problem.status === 403) return { signed_in: false };
      if (!problem.isPassing) throw problem;
      await pause(2_000);
    }
  }
}

/** Whoever signed in decides, and under no other name. Answers whether the page may go on. */
export async function readMe() {
  const me = await untilAnswered();
  if (!me) return false;
  if (!me.signed_in) return true;
  app.reviewer = me.name;
  const reviewer = byId("reviewer");
  reviewer.value = me.name;
  reviewer.readOnly = true;
  reviewer.title = `Signed in as ${me.name} (${me.scopes.join(", ")})`;
  byId("sign-out").hidden = false;
  byId("sign-out").addEventListener("click", () => signOut().catch((problem) => console.warn(problem.message)));
  byId("audit").hidden = !me.scopes.includes("admin");
  return true;
}
