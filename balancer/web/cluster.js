// What the cluster looks like over time: one answer of the balancer after the other in, what to draw out. Pure.

import { placeOf } from "./words.js";

// Seconds for which a node that has gone is still shown.
const REMEMBERED = 15;
// How many rates a node's curve shows.
const CURVE = 60;
// How many events are kept.
const EVENTS = 8;

const STATES = {
  up: { words: "up", sign: "●" },
  draining: { words: "draining", sign: "◐" },
  unready: { words: "not ready", sign: "▲" },
  silent: { words: "does not answer", sign: "▲" },
  gone: { words: "gone", sign: "✕" },
};

/** One node as last seen. */
class Node {
  // When it was gone, in seconds; null while it is registered.
  goneAt = null;
  state = "up";
  // Messages a second, in and out; null until two answers have come.
  rates = null;
  // The last sums of them, the oldest first.
  curve = Array(CURVE).fill(0);
  #last = null;

  constructor(id) {
    this.id = id;
  }

  take(seen) {
    const { status } = seen;
    Object.assign(this, { seen, status, name: placeOf(seen.url) });
    this.channels = status?.channels ?? seen.load;
    if (status) this.#measure(status);
    this.state = stateOf(seen);
  }

  #measure(status) {
    const last = this.#last;
    this.#last = status;
    const seconds = last === null ? 0 : status.uptime - last.uptime;
    if (seconds <= 0) return;
    const grown = (name) => Math.max(0, status[name] - last[name]) / seconds;
    this.rates = { in: grown("received"), out: grown("delivered") };
    this.curve = [...this.curve, this.rates.in + this.rates.out].slice(-CURVE);
  }

  get words() {
    return STATES[this.state].words;
  }

  get sign() {
    return STATES[this.state].sign;
  }
}

function stateOf({ state, silent, avoided, status }) {
  if (silent || (avoided && !status)) return "silent";
  if (state === "draining" || status?.state === "draining") return "draining";
  return status && !status.ready ? "unready" : "up";
}

// What is told when a node's state becomes another one.
const CHANGES = {
  up: (before) => (before === "silent" ? "answers again" : "is up"),
  draining: () => "drains: its clients move to the others",
  unready: () => "takes no clients for now",
  silent: () => "does not answer",
};

/** All nodes, those that have just gone among them, and what has happened. */
export class Cluster {
  // The last answer, and when it came; null before the first.
  answer = null;
  answeredAt = null;
  // { at, text }, the newest first.
  events = [];
  #nodes = new Map();

  /** Take an answer that has come now; return what is new, as texts. */
  take(answer, now) {
    const first = this.answer === null;
    const news = [];
    Object.assign(this, { answer, answeredAt: now });
    for (const seen of answer.nodes) this.#seen(seen, first, news);
    const there = new Set(answer.nodes.map((node) => node.node_id));
    for (const node of this.#nodes.values()) if (!there.has(node.id)) this.#missing(node, now, news);
    this.events = [...news.map((text) => ({ at: now, text })).reverse(), ...this.events].slice(0, EVENTS);
    return news;
  }

  #seen(seen, first, news) {
    const known = this.#nodes.get(seen.node_id);
    const node = known ?? new Node(seen.node_id);
    const before = node.state;
    this.#nodes.set(node.id, node);
    node.take(seen);
    if (!known && !first) news.push(`${node.name} has joined`);
    else if (known && node.goneAt !== null) news.push(`${node.name} is back`);
    else if (known && node.state !== before) news.push(`${node.name} ${CHANGES[node.state](before)}`);
    node.goneAt = null;
  }

  #missing(node, now, news) {
    if (node.goneAt === null) {
      news.push(node.state === "draining" ? `${node.name} has left` : `${node.name} is gone`);
      Object.assign(node, { goneAt: now, state: "gone", rates: null, channels: 0 });
    } else if (now - node.goneAt > REMEMBERED) this.#nodes.delete(node.id);
  }

  /** Those that are shown, in the order in which they registered. */
  get nodes() {
    return [...this.#nodes.values()];
  }

  /** Those that are registered. */
  get there() {
    return this.nodes.filter((node) => node.state !== "gone");
  }

  get channels() {
    return this.there.reduce((sum, node) => sum + node.channels, 0);
  }

  /** Messages a second that come in. */
  get rate() {
    return this.there.reduce((sum, node) => sum + (node.rates?.in ?? 0), 0);
  }

  /** The name of the node with a url; null if it is that of no node which is shown. */
  nameOf(url) {
    return this.nodes.find((node) => node.seen.url === url)?.name ?? null;
  }

  /** The names of the nodes that a user is connected to; empty if that is not known. */
  placesOf(user) {
    const has = (node) => node.status?.sample.some((person) => person.user === user);
    return this.there.filter(has).map((node) => node.name);
  }
}
