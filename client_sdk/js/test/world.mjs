// What a client meets, played in one process and by a clock that tests move: time, a network, nodes.
// The real nodes are in tests/integration; here stands what can't be waited for or provoked there.

/** A clock whose time passes only in `advance`. */
export class FakeClock {
  #timers = new Map();
  #next = 1;
  seconds = 0;

  now = () => this.seconds;
  setTimeout = (call, ms) => {
    // Real ones take a longer time for none at all.
    const wait = ms < 2 ** 31 ? ms / 1000 : 0;
    this.#timers.set(this.#next, { at: this.seconds + wait, call });
    return this.#next++;
  };
  clearTimeout = (timer) => this.#timers.delete(timer);

  /** Let time pass, and everything happen that is due by then, in its order. */
  async advance(seconds = 0) {
    const end = this.seconds + seconds;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (!due.length) break;
      const [timer, { at, call }] = due[0];
      this.#timers.delete(timer);
      this.seconds = Math.max(this.seconds, at);
      call();
    }
    this.seconds = end;
  }
}

/** Resolve when all that can happen without time has happened. */
export async function settled() {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** A node: accepts every client, stores what it is sent, and misbehaves when told to. */
export class FakeNode {
  up = true;
  // Whether it answers nothing at all, and whether not even the handshake.
  mute = false;
  deaf = false;
  // Whether a failed handshake is an error without a close, as in Node.js 20.
  closeless = false;
  epoch = "e";
  offset = 0;
  // What clients said, the open sockets, and how many were ever opened.
  said = [];
  sockets = [];
  opened = 0;
  // Set by tests: what to do with a frame instead of the usual; true if that was all.
  instead = () => false;

  constructor(name) {
    this.name = name;
    this.url = `ws://${name}/ws`;
  }

  take(socket, frame) {
    this.said.push(frame);
    if (this.mute || this.instead(socket, frame)) return;
    const { type, id, user } = frame;
    if (type === "connect") socket.say(this.connected(frame.offset ?? this.offset));
    if (type === "send" && frame.durable !== false) socket.say({ type: "sent", id, offset: ++this.offset });
    if (type === "ping") socket.say({ type: "pong" });
    if (type === "presence") socket.say({ type, user, online: true });
  }

  connected(offset, recovered = true) {
    const { name, epoch } = this;
    return { type: "connected", channel: "c", node: name, epoch, offset, recovered, heartbeat: 25 };
  }

  /** Say a frame on the channel opened last. */
  say(frame) {
    this.sockets.at(-1).say(frame);
  }

  message(offset, body = offset) {
    this.say({ type: "message", offset, from: "alice", id: `a-${offset}`, time: 1.5, body });
  }

  /** Close every channel, with the code of a cut connection unless another is given. */
  cut(code = 1006, reason = "") {
    for (const socket of [...this.sockets]) socket.cut(code, reason);
  }

  kill() {
    this.up = false;
    this.cut();
  }

  of(type) {
    return this.said.filter((frame) => frame.type === type);
  }
}

/** Nodes, a balancer that knows them, and what `connect` needs to live among them. */
export class World {
  clock = new FakeClock();
  window = new EventTarget();
  document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  stored = new Map();
  balancerUp = true;
  // Whether it takes questions and never answers.
  balancerMute = false;
  asked = [];
  askedAt = [];
  // Where chance falls between the least (0) and the most (1).
  chance = 0.5;
  events = [];
  got = [];

  constructor(...names) {
    this.nodes = names.map((name) => new FakeNode(name));
  }

  /** Options for `connect`, with everything that is played here. */
  options(more = {}) {
    const { now, setTimeout, clearTimeout } = this.clock;
    return {
      user: "bob",
      WebSocket: socketClass(this.nodes),
      fetch: (url, { signal }) => this.#fetch(url, signal),
      storage: {
        getItem: (key) => this.stored.get(key) ?? null,
        setItem: (key, value) => this.stored.set(key, value),
      },
      window: this.window,
      document: this.document,
      random: () => this.chance,
      now,
      setTimeout,
      clearTimeout,
      onMessage: ({ body }) => void this.got.push(body),
      onState: ({ what }) => void this.events.push(what),
      ...more,
    };
  }

  async #fetch(url, signal) {
    this.asked.push(new URL(url));
    this.askedAt.push(this.clock.seconds);
    if (!this.balancerUp) throw new TypeError("fetch failed");
    if (this.balancerMute) await new Promise((_, reject) => signal.addEventListener("abort", reject));
    const [first, ...candidates] = this.nodes.map(({ url, name }) => ({ url, node_id: name }));
    return new Response(JSON.stringify({ ...first, candidates }));
  }
}

function socketClass(nodes) {
  return class FakeSocket {
    readyState = 0;
    bufferedAmount = 0;

    constructor(url) {
      this.node = nodes.find((node) => node.url === url);
      setImmediate(() => (this.node?.up ? this.#open() : this.drop(1006, "")));
    }

    #open() {
      if (this.readyState !== 0 || this.node.deaf) return;
      this.readyState = 1;
      this.node.sockets.push(this);
      this.node.opened += 1;
      this.onopen();
    }

    send(text) {
      // A real one delivers later, and never within the call.
      setImmediate(() => !this.lost && this.node.take(this, JSON.parse(text)));
    }

    say(frame) {
      const data = typeof frame === "string" ? frame : JSON.stringify(frame);
      if (this.readyState === 1) this.onmessage?.({ data });
    }

    close(code) {
      this.closedWith ??= code;
      const opened = this.readyState !== 0;
      if (this.readyState < 2) this.readyState = 2;
      // Behind what was sent.
      setImmediate(() => this.drop(opened ? 1000 : 1006, ""));
    }

    /** Break the connection; what is on its way is lost. */
    cut(code, reason) {
      this.lost = true;
      this.drop(code, reason);
    }

    drop(code, reason) {
      if (this.readyState === 3) return;
      this.readyState = 3;
      if (this.node) this.node.sockets = this.node.sockets.filter((socket) => socket !== this);
      // As the package `ws` does: one to which nobody listens is thrown.
      if (code === 1006) this.onerror({});
      if (!this.node?.closeless) this.onclose?.({ code, reason });
    }
  };
}
