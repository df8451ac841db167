// Small helpers for the document. Text is always set as text, never as HTML.

export const byId = (id) => document.getElementById(id);

/** Make an element with properties, `data-…`, `aria-…` and `class` as attributes, and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(data-|aria-|class$|role$)/.test(name)) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/** Set a text unless it is the same: what did not change is not read out again, and no selection is lost. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute unless it is the same. */
export function mark(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** Have a screen reader say something when it has nothing else to say. */
export function announce(text) {
  say(byId("announcer"), text);
}
