// The chat panel: one user, held by the SDK, and what is seen of the messages on the wire.

import { balancer } from "./api.js";
import { byId, say } from "./dom.js";
import { watchedSocket } from "./frames.js";
import { connect } from "./im.js";
import { addEntry, incoming, outgoing, textOf } from "./log.js";
import { Ways } from "./way.js";
import { placeOf } from "./words.js";

const NAME = "im-page:name";
const DEVICE = "im-page:device";
// Whether this tab was here before under a name, by the name.
const WAS_HERE = "im-page:was-here:";

const now = () => (performance.timeOrigin + performance.now()) / 1000;

/** Each tab is a device of its own, and keeps its place over a reload. */
function device() {
  const known = sessionStorage.getItem(DEVICE);
  if (known) return known;
  const made = `page-${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}`;
  sessionStorage.setItem(DEVICE, made);
  return made;
}

export class Chat {
  #client = null;
  #ways = new Ways();
  // Whether the next node is one to which this tab moves, rather than one that it had to find.
  #moving = false;
  // How this tab came to its node, for people.
  #how = "";
  // Draws the way of a message that was sent here, by the way.
  #drawers = new Map();

  /** `cluster` says who is where; `changed` is called when this tab is somewhere else. */
  constructor(cluster, changed) {
    Object.assign(this, { cluster, changed });
    byId("name").value = sessionStorage.getItem(NAME) ?? "";
    this.#on("enter", "submit", () => this.#enter());
    this.#on("write", "submit", () => this.#write());
    this.#on("move", "click", () => this.#client?.move());
    this.#on("leave", "click", () => this.#leave());
  }

  #on(id, event, action) {
    byId(id).addEventListener(event, (happened) => {
      happened.preventDefault();
      action();
    });
  }

  /** Where this tab is, as { url, name }; null while it is nowhere. */
  get you() {
    return this.#client?.url ? { url: this.#client.url, name: this.name } : null;
  }

  async #enter() {
    this.name = byId("name").value.trim();
    say(byId("enter-error"), "");
    const button = byId("enter").querySelector("button");
    button.disabled = true;
    try {
      this.#client = await connect(balancer(), this.#options());
    } catch (error) {
      say(byId("enter-error"), `Could not connect: ${error.message}`);
      return;
    } finally {
      button.disabled = false;
    }
    sessionStorage.setItem(NAME, this.name);
    sessionStorage.setItem(WAS_HERE + this.name, "yes");
    this.#show(true);
    this.#where();
    byId("to").focus();
  }

  #options() {
    return {
      user: this.name,
      token: byId("name-token").value || null,
      device: device(),
      storage: sessionStorage,
      // A device that was never there gets what comes from now on; a person looks for what waits.
      offset: sessionStorage.getItem(WAS_HERE + this.name) ? null : 0,
      WebSocket: watchedSocket((direction, frame, url) => this.#saw(direction, frame, url)),
      onMessage: (message, client) => this.#received(message, client),
      onState: (event) => this.#happened(event),
    };
  }

  #show(talking) {
    byId("enter").hidden = talking;
    byId("talk").hidden = !talking;
  }

  /** Say where this tab is, or what keeps it from being somewhere. */
  #where(why = "") {
    const client = this.#client;
    if (client === null) return;
    const words = {
      connected: () => `${this.name} is on node ${placeOf(client.url)}. ${this.#how}`,
      offline: () => "The browser says that there is no network. Messages wait until it is back.",
      reconnecting: () => `Looking for another node …${why ? ` (${why})` : ""}`,
      connecting: () => "Looking for a node …",
      ended: () => `The connection has ended${why ? `: ${why}` : ""}.`,
    };
    say(byId("you"), words[client.state]());
    byId("move").disabled = client.state !== "connected";
    this.changed();
  }

  #happened({ what, reason, url }) {
    if (what === "moving") {
      this.#moving = true;
      say(byId("you"), `Moving ${url ? `to ${placeOf(url)}` : "to another node"} …`);
    } else if (what === "connected") {
      this.#how = this.#moving ? "It moved there without a gap." : "The balancer picked it, by round robin.";
      this.#moving = false;
      this.#where();
    } else if (what === "ended" && this.#client !== null) this.#ended(reason);
    else this.#where(what === "retrying" ? "nobody answers yet" : "");
  }

  #ended(reason) {
    this.#client = null;
    this.#show(false);
    if (reason !== "closed") say(byId("enter-error"), `The connection has ended: ${reason}`);
    this.changed();
  }

  async #leave() {
    await this.#client?.close();
    byId("name").focus();
  }

  #write() {
    const to = byId("to").value.trim();
    const text = byId("text").value;
    byId("text").value = "";
    byId("text").focus();
    const way = this.#ways.begin(to, text);
    this.#drawers.set(way, addEntry("out", `You to ${to}`, text));
    this.#send(way);
  }

  async #send(way) {
    try {
      await this.#client.send(way.to, { text: way.text, via: this.#client.url }, { receipt: true });
      this.#ways.end(way, null, now());
    } catch (error) {
      if (!way.steps.length) way.add("sent", now(), { url: "" });
      this.#ways.end(way, error.message, now());
    }
    this.#draw(way);
    this.#drawers.delete(way);
  }

  #saw(direction, frame, url) {
    const way = this.#ways[direction](frame, url, now());
    if (way) this.#draw(way);
  }

  #draw(way) {
    this.#drawers.get(way)?.(outgoing(way, (user) => this.cluster.placesOf(user)));
  }

  #received(message, client) {
    const draw = addEntry("in", `${message.from} to you`, textOf(message.body));
    // Pages tell where they are. That comes from the sender, so only the url of a node is taken for one.
    const by = this.cluster.nameOf(message.body?.via);
    draw(incoming(message, { by, here: placeOf(client.url), me: this.name }, now()));
    if (!byId("to").value) byId("to").value = message.from;
  }
}
