// Building elements without a framework. Text only ever becomes a text node, so names that come from
// a historian can not become markup.

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

/** Replaces the children only when `key` changed, so that focus and scrolling survive a repaint. */
export function paint(element, key, make) {
  if (element.paintKey === key) return false;
  element.paintKey = key;
  element.replaceChildren(...[make()].flat(Infinity).filter(Boolean));
  return true;
}
