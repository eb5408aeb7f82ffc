// Building elements without a framework. Text only ever becomes a text node, so names that come from
// a historian cannot become markup.

function build(element, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") for (const [key, v] of Object.entries(value)) element.style.setProperty(key, v);
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false),
  );
  return element;
}

/** An HTML element. `onclick`-like props are listeners, `vars` are CSS variables. */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** An SVG element. */
export function s(tag, props, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), props, children);
}

export function byId(id) {
  return document.getElementById(id);
}

const isTypedInto = (element) => element.matches("input, textarea, select");

/**
 * Gives the focus, and the caret in it, back to the control with the same id that `change` put in the
 * place of the focused one. Where nothing more can be typed into it, `shelter` takes the focus: the
 * letters that are still on their way must not become commands.
 */
export function keepFocus(shelter, change) {
  const before = document.activeElement;
  const caret = [before.selectionStart, before.selectionEnd, before.selectionDirection];
  change();
  if (document.activeElement === before) return;
  const after = before.isConnected ? before : before.id && byId(before.id);
  if (after) after.focus({ preventScroll: true });
  // A control that is switched off takes no focus.
  if (document.activeElement !== after) {
    if (isTypedInto(before)) giveShelter(shelter);
  } else if (typeof caret[0] === "number") after.setSelectionRange?.(...caret);
}

/** Whoever goes on typing pauses no longer than this. */
const PAUSE = 1200;

/** Until the typing pauses, or somebody clicks. Tells so by an event `interrupted` of the shelter. */
function giveShelter(shelter) {
  const waiting = new AbortController();
  const { signal } = waiting;
  const resume = () => {
    delete shelter.dataset.interrupted;
    waiting.abort();
  };
  let pause = setTimeout(resume, PAUSE);
  const goesOn = () => {
    clearTimeout(pause);
    pause = setTimeout(resume, PAUSE);
  };
  shelter.dataset.interrupted = "";
  shelter.focus({ preventScroll: true });
  shelter.dispatchEvent(new CustomEvent("interrupted"));
  shelter.addEventListener("keydown", goesOn, { signal });
  shelter.addEventListener("blur", resume, { signal });
  addEventListener("pointerdown", resume, { signal, capture: true });
}

/** Replaces the children only when `key` changed, so that scrolling and half-typed text survive a repaint. */
export function paint(element, key, make) {
  if (element.paintKey === key) return false;
  element.paintKey = key;
  element.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  return true;
}
