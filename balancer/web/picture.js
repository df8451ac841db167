// Draws the cluster: one card for each node, kept as long as the node is shown, so that focus stays.

import { announce, byId, make, mark, say } from "./dom.js";
import { count, clock, duration, rate } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
// How many names a card shows.
const NAMED = 12;
// Seconds within which a drain has to be confirmed, and in which clients are to move.
const CONFIRM = 6;
const WITHIN = 5;

/** One node's card. */
class Card {
  #drain;
  // Whether the next press of the button drains; it says so then.
  #armed = false;

  constructor(node, drain) {
    this.#drain = drain;
    this.name = make("h3", { class: "node-name", id: `node-${node.id}` });
    this.state = make("span", { class: "state" });
    this.here = make("p", { class: "here" });
    this.bar = make("progress", { class: "bar", max: 1 });
    this.share = make("span", { class: "share-words", "aria-hidden": "true" });
    // The curve below them is that of the messages.
    this.facts = Object.fromEntries(
      ["Clients", "Running", "About", "Messages"].map((name) => [name, make("dd")]),
    );
    this.spark = sparkline();
    this.people = make("ul", { class: "people", "aria-label": "Who is connected here" });
    this.button = make("button", { type: "button" });
    this.button.addEventListener("click", () => this.#press());
    const facts = Object.entries(this.facts).flatMap(([name, value]) => [make("dt", {}, name), value]);
    this.element = make(
      "li",
      { class: "node", "aria-labelledby": this.name.id },
      make("div", { class: "node-head" }, this.name, this.state),
      make("div", { class: "share" }, this.bar, this.share),
      make("dl", { class: "facts" }, ...facts),
      this.spark,
      this.here,
      this.people,
      this.button,
    );
  }

  update(node, { total, now, mayDrain, you }) {
    this.node = node;
    const { state, seen, status } = node;
    say(this.name, node.name);
    mark(this.element, "data-state", state);
    mark(this.state, "data-state", state);
    mark(this.state, "data-sign", node.sign);
    say(this.state, node.words);
    this.element.classList.toggle("yours", you !== null);
    say(this.here, you === null ? "" : `You are here as ${you}`);
    this.here.hidden = you === null;
    this.#measure(total ? node.channels / total : 0);
    say(this.facts.Clients, clientsOf(node));
    say(this.facts.Messages, messagesOf(node));
    const uptime = status?.uptime ?? now - seen.started;
    say(this.facts.Running, state === "gone" ? `until ${clock(node.goneAt)}` : `for ${duration(uptime)}`);
    say(this.facts.About, about(seen));
    draw(this.spark, node.curve);
    this.#name(state === "gone" ? [] : (status?.sample ?? []), node.channels);
    this.button.hidden = !mayDrain || state !== "up";
    if (!this.#armed) say(this.button, `Drain ${node.name}`);
  }

  #measure(share) {
    const percent = Math.round(share * 100);
    this.bar.value = share;
    say(this.share, this.node.state === "gone" ? "" : `${percent}\u00a0% of clients`);
    mark(this.bar, "aria-label", `${this.node.name}: ${percent} % of all connections`);
  }

  #name(sample, channels) {
    const names = sample.slice(0, NAMED).map(named);
    if (sample.length && channels > names.length) names.push(`and ${channels - names.length} more`);
    const text = names.join("\n");
    if (this.people.dataset.names !== text) {
      this.people.dataset.names = text;
      this.people.replaceChildren(...names.map((name) => make("li", {}, name)));
    }
    this.people.hidden = !names.length;
  }

  /** The first press asks back, the second one drains: the node's process ends behind it. */
  #press() {
    if (this.#armed) {
      this.#disarm();
      this.#drain(this.node, WITHIN);
      return;
    }
    this.#armed = true;
    say(this.button, `Press again to end ${this.node.name}`);
    announce(`Press again to drain and end ${this.node.name}`);
    this.timer = setTimeout(() => this.#disarm(), CONFIRM * 1000);
  }

  #disarm() {
    clearTimeout(this.timer);
    this.#armed = false;
    say(this.button, `Drain ${this.node.name}`);
  }
}

/** A person as people say it: the devices of this page's tabs have made-up names. */
function named({ user, device }) {
  if (device === "default") return user;
  return `${user} (${device.startsWith("page-") ? "page" : device})`;
}

function clientsOf({ channels, status, state }) {
  if (state === "gone") return "none any more";
  const users = status ? `, ${count(status.users, "user")}` : "";
  return `${count(channels, "connection")}${users}`;
}

function messagesOf({ rates, status, seen, state }) {
  if (state === "gone") return "none any more";
  if (rates) return `${rate(rates.in)} in, ${rate(rates.out)} out a second`;
  if (status) return "being counted";
  return seen.admin ? "not known now" : "not known: no admin port";
}

function about({ zone, weight, node_id }) {
  const parts = [zone && `zone ${zone}`, weight !== 1 && `weight ${weight}`, `id ${node_id.slice(0, 8)}`];
  return parts.filter(Boolean).join(", ");
}

function sparkline() {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "spark");
  svg.setAttribute("viewBox", "0 0 59 20");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS(SVG, "polyline"));
  return svg;
}

function draw(svg, curve) {
  const top = Math.max(1, ...curve);
  const points = curve.map((value, at) => `${at},${(19 - (18 * value) / top).toFixed(1)}`);
  svg.firstChild.setAttribute("points", points.join(" "));
}

/** The whole picture. */
export class Picture {
  #cards = new Map();

  /** `drain` is called with a node and seconds. */
  constructor(drain) {
    this.drain = drain;
  }

  /** Draw; `you` is { url, name } of the chat, or null. */
  draw(cluster, now, you) {
    const { nodes } = cluster;
    const list = byId("nodes");
    const shown = { total: cluster.channels, now, mayDrain: cluster.answer?.admin === "granted" };
    for (const [id, card] of this.#cards) {
      if (nodes.some((node) => node.id === id)) continue;
      card.element.remove();
      this.#cards.delete(id);
    }
    for (const node of nodes) {
      if (!this.#cards.has(node.id)) {
        this.#cards.set(node.id, new Card(node, this.drain));
        list.append(this.#cards.get(node.id).element);
      }
      const yours = you !== null && you.url === node.seen.url && node.state !== "gone";
      this.#cards.get(node.id).update(node, { ...shown, you: yours ? you.name : null });
    }
    byId("no-nodes").hidden = nodes.length > 0 || cluster.answer === null;
    this.#tell(cluster);
  }

  #tell({ events }) {
    const list = byId("events");
    byId("no-events").hidden = events.length > 0;
    if (this.newest === events[0]) return;
    [this.newest] = events;
    list.replaceChildren(
      ...events.map(({ at, text }) => make("li", {}, make("time", {}, clock(at)), ` ${text}`)),
    );
  }
}
