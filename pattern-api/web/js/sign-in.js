// How somebody signs in: at the identity provider, or with a key.

import { Problem, get, send } from "./api.js";
import { byId } from "./dom.js";

const PROBLEMS = {
  stale: "That sign-in was begun too long ago, or in another browser. Sign in again.",
  refused: "The identity provider did not confirm who you are. Sign in again, or ask whoever runs it.",
  no_role: "You are known, but have no role here. Ask whoever runs the identity provider for one.",
  unavailable: "The identity provider does not answer. Try again shortly.",
  expired: "You are signed out. Sign in to go on.",
};

const query = new URLSearchParams(location.search);

/** A place on this page, and nowhere else. */
function returnTo() {
  const asked = query.get("return_to") ?? "/";
  const target = new URL(asked, location.origin);
  const place = target.pathname + target.search + target.hash;
  // Two slashes in front would lead to another host.
  return target.origin === location.origin && !place.startsWith("//") ? place : "/";
}

function say(words) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

async function signInWithKey(event) {
  event.preventDefault();
  try {
    await send("POST", "api/sign-in", { key: byId("key").value.trim() });
    location.replace(returnTo());
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    say(problem.words);
    byId("key").select();
  }
}

async function start() {
  say(PROBLEMS[query.get("problem")] ?? "");
  const ways = await get("api/sign-in/ways");
  byId("loading").hidden = true;
  // Where nobody has to sign in there is nothing to do here.
  if (!ways.provider && !ways.api_keys) return location.replace("/");
  byId("provider").hidden = !ways.provider;
  byId("begin").href = `/api/sign-in?${new URLSearchParams({ return_to: returnTo() })}`;
  byId("with-key").hidden = !ways.api_keys;
  byId("with-key").addEventListener("submit", signInWithKey);
}

start().catch((problem) => {
  byId("loading").hidden = true;
  say(problem.words ?? problem.message);
});
