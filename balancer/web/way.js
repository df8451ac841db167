// The way of each message, step by step, as the frames on the wire show it. Pure.
//
//   sent       written to the node that holds the sender's channel
//   stored     the node has put it into the recipient's inbox: from here on it can't be lost
//   fanout     the node tells the others by RabbitMQ, unless the recipient is on this one
//   delivered  a device of the recipient has acknowledged it

/** One message on its way from here. */
export class Way {
  // The id that the SDK gives it; null until it is first written.
  id = null;
  // { kind, at, … }, in the order in which they happened; `at` is in seconds, null if nobody can see the moment.
  steps = [];

  constructor(to, text) {
    Object.assign(this, { to, text });
  }

  add(kind, at, details = {}) {
    this.steps.push({ kind, at, ...details });
  }

  has(kind) {
    return this.steps.some((step) => step.kind === kind);
  }

  /** Whether nothing more is to come. */
  get done() {
    return ["delivered", "waiting", "refused"].some((kind) => this.has(kind));
  }
}

/** The ways of all messages that this page sends. */
export class Ways {
  // Those that have not been written yet, in order; then by id.
  #unwritten = [];
  #ways = new Map();

  /** Begin a way; the SDK writes messages in the order in which they were given to it. */
  begin(to, text) {
    const way = new Way(to, text);
    this.#unwritten.push(way);
    return way;
  }

  /** Take a frame that was written to `url`; return the way that it concerns, or null. */
  written(frame, url, at) {
    if (frame.type !== "send") return null;
    const way = this.#ways.get(frame.id) ?? this.#unwritten.shift() ?? null;
    if (way === null) return null;
    way.add(way.id === null ? "sent" : "again", at, { url });
    way.id = frame.id;
    this.#ways.set(frame.id, way);
    return way;
  }

  /** Take a frame that came from `url`; return the way that it concerns, or null. */
  heard(frame, url, at) {
    const way = this.#ways.get(frame.id);
    if (!way) return null;
    if (frame.type === "sent" && !way.has("stored")) {
      way.add("stored", at, { offset: frame.offset, url });
      way.add("fanout", null, { url });
    } else if (frame.type === "receipt" && !way.done) {
      way.add(frame.status === "delivered" ? "delivered" : "waiting", at);
    } else return null;
    return way;
  }

  /** Note that the SDK has given a message up, or that all is said. */
  end(way, reason = null, at = null) {
    if (reason !== null) way.add("refused", at, { reason });
    else if (!way.done) way.add("waiting", at);
    this.#unwritten = this.#unwritten.filter((other) => other !== way);
    this.#ways.delete(way.id);
  }
}
