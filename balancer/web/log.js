// Draws messages and their ways.

import { byId, make, say } from "./dom.js";
import { clockMs, later, list, placeOf } from "./words.js";

// How many messages are kept on the page.
const KEPT = 1000;

/** Return the words of each step of a way from here: [words, time, whether it is still to come]. */
export function outgoing(way, placesOf) {
  const [{ at: begun }] = way.steps;
  const words = {
    sent: ({ url, at }) => [`written to ${placeOf(url)}`, clockMs(at)],
    again: ({ url, at }) => [`written again, to ${placeOf(url)}`, later(at - begun)],
    stored: ({ offset, at }) => [`stored: ${inbox(way.to, offset)}`, later(at - begun)],
    fanout: ({ url }) => [fanout(placeOf(url), placesOf(way.to)), ""],
    delivered: ({ at }) => [`acknowledged by ${way.to}`, later(at - begun)],
    waiting: () => [`waits in the inbox until ${way.to} comes`, ""],
    refused: ({ reason }) => [`not sent: ${reason}`, ""],
  };
  const steps = way.steps.map((step) => [...words[step.kind](step), false]);
  return way.done ? steps : [...steps, [way.has("stored") ? `on its way to ${way.to}` : "waiting for the node", "", true]];
}

/** Return the same for a message that has come here to `me`, taken by a node; null if it is not known by which. */
export function incoming({ from, offset, time }, { by, here, me }, at) {
  return [
    [`taken from ${from} by ${by ?? "a node"}`, clockMs(time), false],
    [`stored: ${inbox(me, offset)}`, "", false],
    [by === null ? `to ${here}` : fanout(by, [here]), "", false],
    ["arrived here", later(at - time), false],
  ];
}

const inbox = (user, offset) => `${user}’s inbox, place ${offset}`;

function fanout(from, places) {
  if (!places.length) return "fanout to all nodes";
  if (places.every((place) => place === from)) return `handed over on ${from} itself`;
  return `fanout to ${list(places)}`;
}

/** Return what a body says: other clients wrap their text in an object, as this page does. */
export function textOf(body) {
  if (typeof body === "string") return body;
  return typeof body?.text === "string" ? body.text : JSON.stringify(body);
}

/** Add an entry at the top; return what draws its way. */
export function addEntry(direction, who, text) {
  const log = byId("messages");
  const said = make("p", { class: "said" }, make("b", {}, who), ": ", make("span", { class: "text" }, text));
  const way = make("ol", { class: "way", "aria-live": "off", "aria-label": "Its way" });
  log.prepend(make("li", { "data-direction": direction }, said, way));
  while (log.children.length > KEPT) log.lastChild.remove();
  byId("no-messages").hidden = true;
  return (steps) => drawWay(way, steps);
}

function drawWay(way, steps) {
  while (way.children.length > steps.length) way.lastChild.remove();
  steps.forEach(([words, time, open], at) => {
    const item = way.children[at] ?? way.appendChild(make("li", {}, make("span"), " ", make("time")));
    say(item.firstChild, words);
    say(item.lastChild, time);
    item.classList.toggle("open", open);
  });
}
