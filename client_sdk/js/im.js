/**
 * im.js: the SDK for browsers. It finds a node, keeps a channel to it, and finds another one whenever
 * that is lost; every message comes once and in order, and what was sent is sent again until it is
 * stored. One module, no dependency, no build step; Node.js will do as well.
 *
 *   1 Errors · 2 Names and bodies · 3 Frames and codes · 4 Time · 5 Failures · 6 Inbox · 7 Outbox ·
 *   8 Sender · 9 Questions · 10 Memory · 11 Resolvers · 12 Channel · 13 Dialer · 14 Traffic ·
 *   15 Keeper · 16 Client
 *
 * What stands above Sender does no I/O, and takes time and chance as arguments. Each class has its
 * counterpart in the Python SDK, and both run the vectors of `tests/vectors`. Time is in seconds.
 */

// ---- 1 Errors ---------------------------------------------------------------------------------

/** Root of every error that this module raises on purpose. */
export class ImError extends Error {
  constructor(name, message, details = {}) {
    super(message);
    Object.assign(this, details);
    // Spelt out, since a minifier renames classes.
    this.name = name;
  }
}

/** A user's or device's name that may not be used. */
export class InvalidName extends ImError {
  constructor(kind, reason) {
    super("InvalidName", `${kind} ${reason}`, { kind, reason });
  }
}

/** An option that can't be used. */
export class InvalidSetting extends ImError {
  constructor(setting, reason) {
    super("InvalidSetting", `${setting} ${reason}`, { setting, reason });
  }
}

/** An address that can't be understood. */
export class InvalidAddress extends ImError {
  constructor(address) {
    const expected = "http://BALANCER or ws://NODE[,ws://NODE…]";
    super("InvalidAddress", `cannot use the address '${address}': expected ${expected}`, { address });
  }
}

/** A body that can't be sent; nothing was. */
export class InvalidBody extends ImError {
  constructor(reason) {
    super("InvalidBody", `cannot send this body: ${reason}`, { reason });
  }
}

/** The node refused a message for good; it was not stored. */
export class SendRejected extends ImError {
  constructor(id, code, reason) {
    super("SendRejected", `the node refused message ${id} (${code}): ${reason}`, { id, code, reason });
  }
}

/** Not confirmed in time and not sent again. `id` is null if it was never written to a node. */
export class SendTimeout extends ImError {
  constructor(id, seconds) {
    const doubt = id === null ? "it was not sent" : `message ${id} may have been stored nevertheless`;
    super("SendTimeout", `not confirmed within ${seconds} s: ${doubt}`, { id, seconds });
  }
}

/** Too many calls of `send` wait for their turn; this one was not sent. */
export class QueueFull extends ImError {
  constructor(limit) {
    super("QueueFull", `${limit} calls of send wait already`, { limit });
  }
}

/** The node refused this client for good; the client has ended. */
export class Disconnected extends ImError {
  constructor(code, reason) {
    super("Disconnected", `the node ended the connection for good (${code}): ${reason}`, { code, reason });
  }
}

/** The client has been closed. */
export class ClientClosed extends ImError {
  constructor() {
    super("ClientClosed", "this client has been closed; connect() makes a new one");
  }
}

/** `onMessage` failed; the client has ended, and the message comes again on the next connect. */
export class HandlerFailed extends ImError {
  constructor(cause) {
    super("HandlerFailed", `onMessage failed: ${cause}`, { cause });
  }
}

/** No node could be reached in time. `tried` has a line for each attempt. */
export class NoNodeAvailable extends ImError {
  constructor(seconds, tried) {
    super("NoNodeAvailable", [`no node reached within ${seconds} s`, ...tried].join("\n  "), { tried });
  }
}

// The faults below are what the parts tell each other; none of them reaches the application.

/** A channel is gone, or was closed by the node instead of being accepted. */
class ChannelLost extends Error {
  constructor(code, reason) {
    super(`${reason || "closed"} (${code})`);
    Object.assign(this, { code, reason });
  }
}

/** Something that is needed for a channel is not there; `retryAfter` is null if it did not say. */
class Unreachable extends Error {
  constructor(reason, retryAfter = null) {
    super(reason);
    this.retryAfter = retryAfter;
  }
}

/** No candidate opened a channel. */
class RoundFailed extends Error {
  constructor(faults) {
    const waits = faults.map(({ fault }) => fault.retryAfter ?? null).filter((wait) => wait !== null);
    const tried = faults.map(({ url, fault }) => (url ? `${url}: ${fault.message}` : fault.message));
    super(tried.join("; "));
    this.tried = tried;
    this.retryAfter = waits.length ? Math.min(...waits) : null;
  }
}

/** A message that is not a frame of the protocol; `code` is the error code of the protocol. */
class InvalidFrame extends Error {
  constructor(code, reason) {
    super(`${code}: ${reason}`);
    this.code = code;
  }
}

// ---- 2 Names and bodies -----------------------------------------------------------------------

const MAX_NAME_BYTES = 255;
// A node reads JSON of about a thousand levels; one frame that it can't read gets no answer.
const MAX_LEVELS = 900;
// What JSON.stringify makes of a lone surrogate, and of nothing else: it writes pairs as they are.
const LONE_SURROGATE = /(?:^|[^\\])(?:\\\\)*\\ud[89a-f]/;

const bytesOf = (text) => new TextEncoder().encode(text).length;

function checkName(kind, name) {
  if (typeof name !== "string") throw new InvalidName(kind, "must be a string");
  if (name === "") throw new InvalidName(kind, "must not be empty");
  if (LONE_SURROGATE.test(JSON.stringify(name))) {
    throw new InvalidName(kind, "must be valid Unicode, without lone surrogates");
  }
  if (bytesOf(name) > MAX_NAME_BYTES) throw new InvalidName(kind, `must be at most ${MAX_NAME_BYTES} bytes long`);
  if (/[{}\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new InvalidName(kind, "must not hold control characters or braces");
  }
  return name;
}

/** Return how deep arrays and objects are nested in JSON; 0 for one that is too short to matter. */
function levelsOf(json) {
  if (json.length < MAX_LEVELS) return 0;
  let deepest = 0;
  let level = 0;
  // Escapes first, then texts: an expression for both in one runs out of stack over many megabytes.
  const bare = json.replace(/\\./g, "").replace(/"[^"]*"/g, "");
  for (const [sign] of bare.matchAll(/[[\]{}]/g)) {
    level += sign === "[" || sign === "{" ? 1 : -1;
    deepest = Math.max(deepest, level);
  }
  return deepest;
}

function encodeBody(body) {
  let json;
  try {
    json = JSON.stringify(body);
  } catch (error) {
    throw new InvalidBody(error.message);
  }
  if (json === undefined) throw new InvalidBody("JSON can't express it");
  if (LONE_SURROGATE.test(json)) throw new InvalidBody("it holds a lone surrogate");
  if (levelsOf(json) > MAX_LEVELS) throw new InvalidBody(`it is nested deeper than ${MAX_LEVELS} levels`);
  return json;
}

// ---- 3 Frames and codes -----------------------------------------------------------------------

const SUBPROTOCOL = "im.v1";
// RFC 6455, section 7.4.1: no close frame was received.
const ABNORMAL = 1006;
const TOKEN_EXPIRED = 4502;
// A node may leave the closing to the client; the error code says what the close code would be.
const REFUSALS = { authentication_failed: 4501, token_expired: TOKEN_EXPIRED, bad_name: 4503 };

/** Tell whether to connect again after a close: 1007, 1009 and 4500 to 4999 say no. */
function mayReconnect(code) {
  return code !== 1007 && code !== 1009 && !(code >= 4500 && code <= 4999);
}

const text = (value) => typeof value === "string";
const flag = (value) => typeof value === "boolean";
const number = (value) => Number.isFinite(value);
const offset = (value) => Number.isSafeInteger(value) && value >= 0;
const anything = () => true;
const or = (alternative, check) => (value) => value === alternative || check(value);

// Each field's check and, for those that may be missing, what it is then.
const NODE_FRAMES = {
  connected: {
    channel: [text],
    node: [text],
    epoch: [text],
    offset: [offset],
    recovered: [flag],
    heartbeat: [number],
  },
  sent: { id: [text], offset: [or(null, offset), null] },
  receipt: { id: [text], status: [(value) => value === "delivered" || value === "stored"] },
  message: { offset: [or(null, offset), null], from: [text], id: [text], time: [number], body: [anything] },
  error: { id: [or(null, text), null], code: [text], reason: [text], temporary: [flag, false] },
  move: { url: [or(null, text), null], within: [number] },
  pong: {},
  presence: { user: [text], online: [or(null, flag)] },
  status: { degraded: [(value) => Array.isArray(value) && value.every(text)] },
};

/** Read a frame of a node; null for a type that this version does not know. */
function decodeFrame(data) {
  if (!text(data)) throw new InvalidFrame("not_text", "the message is binary");
  let raw;
  try {
    raw = JSON.parse(data);
  } catch (error) {
    throw new InvalidFrame("bad_json", error.message);
  }
  if (data.includes("\\u") && LONE_SURROGATE.test(JSON.stringify(raw))) {
    throw new InvalidFrame("bad_json", "a lone surrogate");
  }
  if (raw === null || Array.isArray(raw) || !text(raw.type)) {
    throw new InvalidFrame("bad_frame", "not an object with a type");
  }
  if (!Object.hasOwn(NODE_FRAMES, raw.type)) return null;
  const frame = { type: raw.type };
  for (const [name, [check, missing]] of Object.entries(NODE_FRAMES[raw.type])) {
    frame[name] = Object.hasOwn(raw, name) ? raw[name] : missing;
    if (frame[name] === undefined || !check(frame[name])) {
      throw new InvalidFrame("bad_frame", `${raw.type}.${name} is missing or of the wrong type`);
    }
  }
  return frame;
}

// What goes to the node. JSON.stringify leaves out what is undefined: fields at their default.
const encode = {
  connect: ({ user, token, device, epoch, offset, moved }) =>
    JSON.stringify({
      type: "connect",
      user,
      token: token ?? undefined,
      device,
      epoch: epoch ?? undefined,
      offset: offset ?? undefined,
      moved: moved || undefined,
    }),
  send: ({ id, to, body, durable, receipt }) =>
    `{"type":"send","id":"${id}","to":${JSON.stringify(to)},"body":${body}` +
    `${durable ? "" : ',"durable":false'}${receipt ? ',"receipt":true' : ""}}`,
  ack: ({ offset }) => `{"type":"ack","offset":${offset}}`,
  presence: ({ user }) => JSON.stringify({ type: "presence", user }),
  ping: () => '{"type":"ping"}',
};

// ---- 4 Time -----------------------------------------------------------------------------------

/** What time it is, and what is to happen later. */
class Clock {
  // The longest that a timer can wait: one that is told to wait longer is over at once.
  static LONGEST_MS = 2 ** 31 - 1;

  constructor({ now, setTimeout, clearTimeout }) {
    this.now = now;
    this.setTimeout = setTimeout;
    this.clearTimeout = clearTimeout;
  }

  /** Call in so many seconds, never if that is infinite; return what prevents it. */
  after(seconds, call) {
    if (seconds === Infinity) return () => {};
    // Browsers refuse to run these as methods of another object.
    const { setTimeout, clearTimeout } = this;
    const timer = setTimeout(call, Math.min(seconds * 1000, Clock.LONGEST_MS));
    return () => clearTimeout(timer);
  }
}

/** Waits that can be cut short. */
class Pause {
  // Ends each wait that is under way.
  #ends = new Set();

  constructor(clock) {
    this.clock = clock;
  }

  /** Resolve after so many seconds, or when `end` is called. */
  wait(seconds) {
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#ends.delete(end);
        resolve();
      };
      const cancel = this.clock.after(seconds, end);
      this.#ends.add(end);
    });
  }

  end() {
    for (const end of [...this.#ends]) end();
  }
}

/** Yield waiting times, each random between a part of a doubling limit and the limit. */
function* jitter(base, cap, from, uniform) {
  for (let limit = base; ; limit = Math.min(limit * 2, cap)) yield uniform(from * limit, limit);
}

const fullJitter = (base, cap, uniform) => jitter(base, cap, 0, uniform);
const equalJitter = (base, cap, uniform) => jitter(base, cap, 0.5, uniform);

/**
 * How long to wait before the next attempt to get a channel. The first attempt after a channel that had
 * lasted follows at once, since another node can take over.
 */
class Pacing {
  static BASE = 0.1;
  static CAP = 8;
  // A channel that lasted this long shows that the trouble is over.
  static SETTLED = 5;

  #delays;
  // Whether the last channel was lost before it had lasted, or never came.
  #unsettled = false;

  constructor(uniform) {
    this.uniform = uniform;
    this.#restart();
  }

  #restart() {
    this.#delays = fullJitter(Pacing.BASE, Pacing.CAP, this.uniform);
  }

  afterLoss(lasted) {
    if (lasted >= Pacing.SETTLED) {
      this.#restart();
      this.#unsettled = false;
    }
    const first = !this.#unsettled;
    this.#unsettled = true;
    return first ? 0 : this.#delays.next().value;
  }

  /** `retryAfter` is kept, and stretched so that those who were told the same come apart. */
  afterFailure(retryAfter) {
    this.#unsettled = true;
    const delay = this.#delays.next().value;
    return retryAfter === null ? delay : Math.max(delay, retryAfter * this.uniform(1, 1.25));
  }
}

// ---- 5 Failures -------------------------------------------------------------------------------

/**
 * Which nodes are better tried last for a while: for as many seconds as they have failed times in a row,
 * at most 60. Never more than half of them, and none if all have failed.
 */
class Failures {
  static CAP = 60;
  // url → how often it failed in a row, and until when it is tried last.
  #nodes = new Map();

  constructor(now) {
    this.now = now;
  }

  failed(url) {
    const now = this.now();
    const known = this.#nodes.get(url);
    const inARow = !known || now - known.until > Failures.CAP ? 1 : known.inARow + 1;
    this.#nodes.set(url, { inARow, until: now + Math.min(Failures.CAP, inARow) });
  }

  succeeded(url) {
    this.#nodes.delete(url);
  }

  /** Return the urls, those to be tried last at the end. */
  order(urls) {
    const now = this.now();
    const out = urls.filter((url) => this.#nodes.get(url)?.until > now);
    if (out.length === urls.length) return urls;
    const known = (url) => this.#nodes.get(url);
    out.sort((a, b) => known(a).inARow - known(b).inARow || known(a).until - known(b).until);
    const last = new Set(out.slice(Math.max(0, out.length - Math.floor(urls.length / 2))));
    return [...urls.filter((url) => !last.has(url)), ...urls.filter((url) => last.has(url))];
  }
}

// ---- 6 Inbox ----------------------------------------------------------------------------------

/**
 * Which arriving messages are new, and from where to resume. Offsets count 1, 2, 3 … within an epoch:
 * last + 1 is the next one, a smaller one was here before, a larger one means that something is missing.
 */
class Inflow {
  // Grows whenever offsets start anew, so that old ones are not taken for new ones.
  generation = 0;
  // True from the first message for which there was no room, until the client has resumed.
  refusing = false;
  // Whether everything that was missing at the last resume could be replayed.
  recovered = true;

  /** `position` is {epoch, offset}, null for what is not known. */
  constructor(position) {
    this.position = position;
  }

  /** Take the answer to a `connect` that named `asked`; another channel may have brought more since. */
  resume(asked, { epoch, offset, recovered }) {
    this.refusing = false;
    const last = this.position.offset;
    // A store that lost its latest writes gives their offsets out again, in the same epoch.
    const shrunk = epoch === asked.epoch && asked.offset !== null && offset < asked.offset;
    if (last !== null && epoch === this.position.epoch && !shrunk) {
      this.recovered = recovered || offset <= last;
      this.position = { epoch, offset: Math.max(last, offset) };
      return;
    }
    this.recovered = recovered;
    if (last !== null) this.generation += 1;
    this.position = { epoch, offset };
  }

  /** Say what to do with a message, "new", "drop" or "hole", and count it if it is new. */
  judge(offset, room = true) {
    if (offset === null) return room ? "new" : "drop";
    const last = this.position.offset ?? 0;
    if (this.refusing || offset <= last) return "drop";
    if (offset > last + 1) return "hole";
    if (!room) {
      this.refusing = true;
      return "drop";
    }
    this.position = { epoch: this.position.epoch, offset };
    return "new";
  }
}

/**
 * Acknowledgements: cumulative and few. The first message after a pause is acknowledged at once; while
 * messages follow each other, one ack in `interval` seconds says it for all.
 */
class Acks {
  #handled = 0;
  // What this channel's node has been told.
  #told = 0;
  #count = 0;
  #due = 0;

  constructor(every = 64, interval = 0.2) {
    this.every = every;
    this.interval = interval;
  }

  handled(offset) {
    if (offset <= this.#handled) return;
    this.#handled = offset;
    this.#count += 1;
  }

  /** Return the seconds until an ack is due; null if there is nothing to say. */
  wait(now) {
    if (this.#handled === this.#told) return null;
    return this.#count >= this.every ? 0 : Math.max(0, this.#due - now);
  }

  /** Return the offset to acknowledge, whether due or not; null for none. */
  take(now) {
    if (this.#handled === this.#told) return null;
    this.#told = this.#handled;
    this.#count = 0;
    this.#due = now + this.interval;
    return this.#told;
  }

  /** Begin on a new channel: the last ack may not have arrived on the old one. */
  repeat() {
    this.#told = 0;
    this.#due = 0;
  }

  /** Forget everything: offsets start anew. */
  restart() {
    this.#handled = this.#told = this.#count = 0;
  }
}

/** Keeps new messages ready for the application, and says what it has handled. */
class Inbox {
  #inflow;
  #acks = new Acks();
  #queue = [];
  // The message that the application has at hand; null for none.
  #atHand = null;

  /** `resume` is called when a new channel would bring more messages. */
  constructor(start, window, now, resume) {
    this.#inflow = new Inflow(start);
    this.window = window;
    this.now = now;
    this.resume = resume;
    // How far the application has handled its messages.
    this.taken = start;
  }

  get position() {
    return this.#inflow.position;
  }

  get recovered() {
    return this.#inflow.recovered;
  }

  /** Take the answer to a `connect` that named `asked`. */
  resumed(asked, answer) {
    const { generation } = this.#inflow;
    this.#inflow.resume(asked, answer);
    const anew = this.#inflow.generation !== generation;
    if (anew) this.#acks.restart();
    if (anew || this.taken.offset === null) this.taken = this.#inflow.position;
    this.#acks.repeat();
  }

  /** Take a `connected` that comes again on an open channel; false if it changes nothing. */
  restarted(answer) {
    const { epoch, offset } = this.position;
    // One that refuses messages is about to resume, and is then told what is left.
    if (answer.epoch === epoch && (this.#inflow.refusing || answer.offset <= (offset ?? 0))) return false;
    this.resumed(this.position, answer);
    return true;
  }

  /** Take a message; false if something before it is missing. */
  arrived(frame) {
    const verdict = this.#inflow.judge(frame.offset, this.#queue.length < this.window);
    if (verdict === "new") this.#queue.push({ frame, generation: this.#inflow.generation });
    return verdict !== "hole";
  }

  /** Return the next message; null if none is here. */
  take() {
    this.#atHand = this.#queue.shift() ?? null;
    // Resuming a little before the queue runs dry keeps the application from waiting.
    if (this.#inflow.refusing && this.#queue.length <= this.window / 4) this.resume();
    return this.#atHand?.frame ?? null;
  }

  /** Count the message at hand as handled; false if that moves nothing. */
  handled() {
    const atHand = this.#atHand;
    this.#atHand = null;
    // An offset of an older generation means nothing to the node any more.
    if (!atHand || atHand.frame.offset === null || atHand.generation !== this.#inflow.generation) return false;
    this.taken = { epoch: this.position.epoch, offset: atHand.frame.offset };
    this.#acks.handled(atHand.frame.offset);
    return true;
  }

  ackWait() {
    return this.#acks.wait(this.now());
  }

  /** Return the offset to acknowledge now, whether due or not; null if there is none. */
  nextAck() {
    return this.#acks.take(this.now());
  }
}

// ---- 7 Outbox ---------------------------------------------------------------------------------

/**
 * Messages that are not confirmed yet, and in which order they go out:
 *
 * 1. In the order of their numbers: a node takes a number that is not larger than the last one stored for
 *    a repetition, so sending again does no harm, while sending out of order would lose.
 * 2. On a new channel everything unconfirmed goes out again, from the lowest number on.
 * 3. A node that can't store a message refuses all behind it until it comes again. So the outbox goes back to
 *    it, sends it alone after a delay, and goes on with the rest once it is confirmed.
 * 4. A message whose sender has given up never goes out again. If the node waits for exactly that one,
 *    only a new channel gets the others through: `blocked`.
 * 5. A message that is not durable is forgotten as soon as it is taken: nobody will confirm it.
 */
class Outbox {
  #last = 0;
  // Unanswered messages by id, numbers ascending.
  #entries = new Map();
  // What is to be written, ascending; it may still hold some that are gone.
  #due = [];
  // The message that the node waits for; null for none.
  #probe = null;
  // True from a temporary refusal until `release`.
  #held = false;

  constructor(session) {
    this.session = session;
  }

  /** How many messages somebody still waits for. */
  get size() {
    return [...this.#entries.values()].filter((entry) => !entry.withdrawn).length;
  }

  get blocked() {
    return Boolean(this.#probe?.withdrawn) && this.size > 0;
  }

  nextId() {
    return `${this.session}-${this.#last + 1}`;
  }

  /** Put a message, whose frame carries `nextId()`, behind all others. */
  add(frame, durable) {
    const id = this.nextId();
    this.#last += 1;
    const entry = { number: this.#last, id, frame, durable, inFlight: 0, written: false, due: true, withdrawn: false };
    this.#entries.set(id, entry);
    this.#due.push(entry);
    return entry;
  }

  /** Return the message to write next, counted as written; null if none may be now. */
  take() {
    const entry = this.#nextDue();
    if (entry === null) return null;
    entry.due = false;
    entry.written = true;
    entry.inFlight += 1;
    if (!entry.durable) this.#forget(entry);
    return entry;
  }

  #nextDue() {
    if (this.#held) return null;
    if (this.#probe !== null) return this.#probe.due ? this.#probe : null;
    while (this.#due.length) {
      const [entry] = this.#due;
      if (entry.due && this.#entries.get(entry.id) === entry) return entry;
      this.#due.shift();
    }
    return null;
  }

  holds(id) {
    return this.#entries.has(id);
  }

  /** Take out a message that was stored or refused for good; false if it is not here. */
  settle(id) {
    const entry = this.#entries.get(id);
    if (entry) this.#forget(entry);
    return Boolean(entry);
  }

  /** Go back to a message that the node can't store now; true if `release` is to follow. */
  postpone(id) {
    const entry = this.#entries.get(id);
    if (!entry) return false;
    entry.inFlight = Math.max(0, entry.inFlight - 1);
    // A later copy of it is on its way: the answer to that one counts.
    if (entry.inFlight || entry.due) return false;
    if (this.#probe === null || entry.number <= this.#probe.number) this.#probe = entry;
    for (const other of this.#entries.values()) {
      if (other.number >= entry.number && !other.withdrawn) other.due = true;
    }
    this.#due = [...this.#entries.values()].filter((other) => other.due);
    const held = this.#held;
    this.#held = true;
    return !held;
  }

  /** End the delay after a temporary refusal. */
  release() {
    this.#held = false;
  }

  /** Never write a message again, since nobody waits for it any more. */
  withdraw(entry) {
    if (this.#entries.get(entry.id) !== entry) return;
    entry.withdrawn = true;
    entry.due = false;
    // One that the node may still answer, or waits for, is kept to understand that answer.
    if (!entry.inFlight && this.#probe !== entry) this.#forget(entry);
  }

  /** Begin on a new channel: write everything that somebody waits for, in order. */
  rewind() {
    for (const entry of [...this.#entries.values()]) {
      if (entry.withdrawn) this.#entries.delete(entry.id);
      entry.due = true;
      entry.inFlight = 0;
    }
    this.#due = [...this.#entries.values()];
    this.#probe = null;
    this.#held = false;
  }

  #forget(entry) {
    this.#entries.delete(entry.id);
    if (this.#probe === entry) this.#probe = null;
  }
}

// ---- 8 Sender ---------------------------------------------------------------------------------

/** Turns calls of `send` into entries of the outbox, and answers into their results. */
class Sender {
  // The delays before a message that the node could not store is sent again.
  static BASE = 0.1;
  static CAP = 2;

  #outbox;
  // Calls that wait for their turn, in order.
  #waiting = new Set();
  // Calls that had their turn and are not confirmed.
  #open = new Set();
  // Calls that had their turn and have not returned, by id; some of them wait for a receipt.
  #calls = new Map();
  #delays;
  // Prevents the end of the delay that is under way.
  #cancelDelay = () => {};
  // Why nothing can be sent any more; null while it can.
  #ended = null;
  // Called when every call is confirmed or given up; null if nobody waits for that.
  #idle = null;

  constructor(session, settings, clock, uniform, wake) {
    Object.assign(this, { settings, clock, uniform, wake });
    this.#outbox = new Outbox(session);
    this.#restartDelays();
  }

  get blocked() {
    return this.#outbox.blocked;
  }

  #restartDelays() {
    this.#delays = equalJitter(Sender.BASE, Sender.CAP, this.uniform);
  }

  send(to, body, { durable = true, receipt = false, timeout = this.settings.sendTimeout } = {}) {
    if (receipt && !durable) throw new InvalidSetting("receipt", "needs durable: nothing else is ever confirmed");
    checkName("to", to);
    const call = { to, body: encodeBody(body), durable, receipt, entry: null, sent: null };
    if (this.#ended) throw this.#ended;
    if (this.#waiting.size >= this.settings.sendQueue) throw new QueueFull(this.settings.sendQueue);
    return new Promise((resolve, reject) => {
      Object.assign(call, { resolve, reject, cancel: this.clock.after(timeout, () => this.#expire(call, timeout)) });
      this.#waiting.add(call);
      this.#admit();
    });
  }

  /** Give calls their turn while there is room for them. */
  #admit() {
    for (const call of this.#waiting) {
      if (this.#open.size >= this.settings.sendWindow) break;
      this.#waiting.delete(call);
      const frame = encode.send({ ...call, id: this.#outbox.nextId() });
      const size = bytesOf(frame);
      if (size > this.settings.maxSize) {
        const reason = `its frame of ${size} bytes exceeds ${this.settings.maxSize} bytes`;
        this.#return(call, new InvalidBody(reason));
        continue;
      }
      call.entry = this.#outbox.add(frame, call.durable);
      this.#open.add(call);
      this.#calls.set(call.entry.id, call);
    }
    this.wake();
  }

  #expire(call, timeout) {
    if (call.sent) return this.#receive(call, "stored");
    const id = call.entry?.written ? call.entry.id : null;
    this.#return(call, new SendTimeout(id, timeout));
    this.#admit();
  }

  #confirm(call, offset) {
    call.sent = { id: call.entry.id, offset, receipt: null };
    this.#open.delete(call);
    if (call.receipt) this.#checkIdle();
    else this.#return(call);
    this.#admit();
  }

  #receive(call, receipt) {
    call.sent.receipt = receipt;
    this.#return(call);
  }

  #return(call, error = null) {
    call.cancel();
    this.#waiting.delete(call);
    if (call.entry) {
      this.#calls.delete(call.entry.id);
      this.#outbox.withdraw(call.entry);
    }
    this.#open.delete(call);
    if (error) call.reject(error);
    else call.resolve(call.sent);
    this.#checkIdle();
  }

  #checkIdle() {
    if (!this.#waiting.size && !this.#open.size) this.#idle?.();
  }

  /** Return the frame to write next; null if there is none now. */
  nextFrame() {
    const entry = this.#outbox.take();
    if (entry === null) return null;
    const call = this.#calls.get(entry.id);
    if (!entry.durable && call) this.#confirm(call, null);
    return entry.frame;
  }

  stored({ id, offset }) {
    if (!this.#outbox.settle(id)) return;
    this.#restartDelays();
    const call = this.#calls.get(id);
    if (call) this.#confirm(call, offset);
    this.wake();
  }

  receipt({ id, status }) {
    const call = this.#calls.get(id);
    if (call?.sent) this.#receive(call, status);
  }

  /** Take a refusal; false if it concerns nothing that is waited for here. */
  refused({ id, code, reason, temporary }) {
    if (id === null) return false;
    const call = this.#calls.get(id);
    const known = this.#outbox.holds(id) || Boolean(call);
    if (temporary) {
      if (this.#outbox.postpone(id)) this.#hold();
    } else {
      this.#outbox.settle(id);
      // What is stored stays so, whatever the node says of it afterwards.
      if (call?.sent) this.#receive(call, "stored");
      else if (call) this.#return(call, new SendRejected(id, code, reason));
      this.#admit();
    }
    return known;
  }

  #hold() {
    this.#cancelDelay = this.clock.after(this.#delays.next().value, () => {
      this.#outbox.release();
      this.wake();
    });
  }

  /** Begin on a new channel. The receipts that are waited for were to come on the old one. */
  rewind() {
    this.#cancelDelay();
    this.#outbox.rewind();
    for (const call of [...this.#calls.values()]) if (call.sent) this.#receive(call, "stored");
    this.wake();
  }

  end(error) {
    this.#ended = error;
    this.#cancelDelay();
    for (const call of [...this.#waiting, ...this.#calls.values()]) {
      if (call.sent) this.#receive(call, "stored");
      else this.#return(call, error);
    }
  }

  /** Resolve when every call is confirmed or given up. */
  idle() {
    return new Promise((resolve) => {
      this.#idle = resolve;
      this.#checkIdle();
    });
  }
}

// ---- 9 Questions ------------------------------------------------------------------------------

/**
 * The questions whether users are connected. An answer names the user and no question, so one for each
 * user is on its way; calls that come meanwhile share the next one, since an answer from before a call would
 * tell it what may not be true any more.
 */
class Questions {
  // user → who waits for a question that is yet to be written.
  #due = new Map();
  // user → who waits for the answer to one that was written on this channel.
  #asked = new Map();
  #ended = null;

  constructor(clock, wake) {
    Object.assign(this, { clock, wake });
  }

  ask(user, timeout) {
    checkName("user", user);
    if (this.#ended) throw this.#ended;
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject };
      waiter.cancel = this.clock.after(timeout, () => {
        this.#remove(this.#due, user, waiter);
        this.#remove(this.#asked, user, waiter);
        resolve(null);
      });
      this.#add(user, [waiter]);
      this.wake();
    });
  }

  #add(user, waiters) {
    this.#due.set(user, [...(this.#due.get(user) ?? []), ...waiters]);
  }

  #remove(waiting, user, waiter) {
    const others = (waiting.get(user) ?? []).filter((other) => other !== waiter);
    if (others.length) waiting.set(user, others);
    else waiting.delete(user);
  }

  nextFrame() {
    const user = [...this.#due.keys()].find((name) => !this.#asked.has(name));
    if (user === undefined) return null;
    this.#asked.set(user, this.#due.get(user));
    this.#due.delete(user);
    return encode.presence({ user });
  }

  answered({ user, online }) {
    for (const waiter of this.#asked.get(user) ?? []) {
      waiter.cancel();
      waiter.resolve(online);
    }
    this.#asked.delete(user);
    this.wake();
  }

  /** Begin on a new channel: what is not answered is asked again. */
  rewind() {
    for (const [user, waiters] of this.#asked) this.#add(user, waiters);
    this.#asked.clear();
    this.wake();
  }

  end(error) {
    this.#ended = error;
    for (const waiter of [...this.#due.values(), ...this.#asked.values()].flat()) {
      waiter.cancel();
      waiter.reject(error);
    }
  }
}

// ---- 10 Memory --------------------------------------------------------------------------------

/** How far a device has handled its messages, kept over a reload. A storage that fails is done without. */
class Memory {
  constructor(storage, user, device) {
    this.storage = storage;
    this.key = `im:${encodeURIComponent(user)}:${encodeURIComponent(device)}`;
  }

  load() {
    try {
      const { epoch, offset } = JSON.parse(this.storage.getItem(this.key));
      if (text(epoch) && Number.isSafeInteger(offset) && offset >= 0) return { epoch, offset };
    } catch {
      // There is no storage, it is forbidden, or what it holds is nothing of ours.
    }
    return { epoch: null, offset: null };
  }

  save(position) {
    try {
      this.storage?.setItem(this.key, JSON.stringify(position));
    } catch {
      // Full or forbidden: the inbox keeps a cursor for the device as well.
    }
  }
}

// ---- 11 Resolvers -----------------------------------------------------------------------------

/** Read a balancer's answer: the urls to try, each once, the best first. */
function readAnswer(body) {
  try {
    const answer = JSON.parse(body);
    const { candidates = [] } = answer;
    if (!Array.isArray(candidates)) throw new TypeError("candidates are no list");
    const nodes = [answer, ...candidates];
    if (!nodes.every((node) => text(node.url) && text(node.node_id))) throw new TypeError("a node without url");
    return [...new Set(nodes.map((node) => node.url))];
  } catch (error) {
    throw new Unreachable(`not the answer of a balancer: ${error.message}`);
  }
}

// A balancer that asks for more seconds than this is not believed.
const LONGEST_REST = 600;

/** Return the seconds that a `Retry-After` header names; null for a date or anything else. */
const readRetryAfter = (value) =>
  /^\s*\d+\s*$/.test(value ?? "") ? Math.min(Number(value), LONGEST_REST) : null;

/** Asks the balancer before each round. While it is away, its last answer serves. */
class BalancerResolver {
  // How long to wait for it where there is a last answer to go on with.
  static FIRST_TRY = 1;

  #known = [];

  constructor(address, { policy, user, zone, fetch }, clock) {
    const query = new URLSearchParams({ policy, user, ...(zone ? { zone } : {}) });
    this.base = `${address.origin}${address.pathname.replace(/\/+$/, "")}/v1/node`;
    this.url = `${this.base}?${query}`;
    Object.assign(this, { fetch, clock });
  }

  async candidates(timeout) {
    try {
      this.#known = await this.#ask(this.#known.length ? Math.min(timeout, BalancerResolver.FIRST_TRY) : timeout);
    } catch (error) {
      if (!this.#known.length) throw error;
    }
    return this.#known;
  }

  async #ask(timeout) {
    const abort = new AbortController();
    const cancel = this.clock.after(timeout, () => abort.abort());
    try {
      const { fetch } = this;
      const response = await fetch(this.url, { signal: abort.signal, cache: "no-store", credentials: "omit" });
      const body = await response.text();
      if (response.ok) return readAnswer(body);
      const reason = `HTTP ${response.status} ${body.slice(0, 200).trim()}`;
      throw new Unreachable(reason, readRetryAfter(response.headers.get("Retry-After")));
    } catch (error) {
      const why = abort.signal.aborted ? `no answer within ${timeout} s` : error.message;
      throw new Unreachable(`balancer ${this.base}: ${why}`, error.retryAfter ?? null);
    } finally {
      cancel();
    }
  }
}

/** Names nodes from a fixed list, in turn and from a random start. */
class StaticResolver {
  constructor(urls, uniform) {
    this.urls = urls;
    this.first = Math.floor(uniform(0, urls.length));
  }

  async candidates() {
    const at = this.first % this.urls.length;
    this.first = at + 1;
    return [...this.urls.slice(at), ...this.urls.slice(0, at)];
  }
}

function parseUrl(url, schemes, address) {
  let parsed = null;
  try {
    parsed = new URL(url);
  } catch {
    // Reported below, like every other address that can't be used.
  }
  const usable = parsed && schemes.includes(parsed.protocol) && parsed.hostname && parsed.port !== "0";
  if (!usable) throw new InvalidAddress(address);
  return parsed;
}

/** Split `ws://…,ws://…` into urls, each once and with a path. */
function splitNodes(address) {
  const urls = address.split(",").map((part) => {
    const url = parseUrl(part.trim(), ["ws:", "wss:"], address);
    if (url.hash) throw new InvalidAddress(address);
    if (url.pathname === "/") url.pathname = "/ws";
    return url.href;
  });
  return [...new Set(urls)];
}

function makeResolver(address, settings, clock, uniform) {
  if (!text(address)) throw new InvalidAddress(address);
  if (!/^https?:/i.test(address)) return new StaticResolver(splitNodes(address), uniform);
  return new BalancerResolver(parseUrl(address, ["http:", "https:"], address), settings, clock);
}

// ---- 12 Channel -------------------------------------------------------------------------------

/** Says when a node was silent for too long: browsers can't send WebSocket pings, so frames have to do. */
class Pulse {
  static INTERVAL = 20;
  static TIMEOUT = 10;

  #last;
  // By when a sign of life has to come; null while none was asked for.
  #deadline = null;
  #cancel = () => {};

  constructor(clock, ping, dead) {
    Object.assign(this, { clock, ping, dead });
    this.heard();
    this.#listen();
  }

  heard() {
    this.#last = this.clock.now();
    this.#deadline = null;
  }

  #listen() {
    const left = this.#last + Pulse.INTERVAL - this.clock.now();
    if (left <= 0) this.check(Pulse.TIMEOUT);
    else this.#cancel = this.clock.after(left, () => this.#listen());
  }

  /** Ask for a sign of life, at once; the node is dead if none comes in so many seconds. */
  check(timeout) {
    const now = this.clock.now();
    this.#deadline = Math.min(this.#deadline ?? Infinity, now + timeout);
    this.#cancel();
    this.#cancel = this.clock.after(this.#deadline - now, () => {
      if (this.#deadline === null) this.#listen();
      else this.dead();
    });
    this.ping();
  }

  stop() {
    this.#cancel();
  }
}

/** One channel: a WebSocket on which `connect` has been accepted. It decides nothing. */
class Channel {
  // More than this waits in the browser: write later.
  static FULL_BYTES = 1 << 20;

  #socket;
  #pulse;
  // Frames that came before `listen`.
  #early = [];
  #onFrame = (frame) => this.#early.push(frame);
  #onLost = () => {};
  // Why the channel is gone; null while it is open.
  #lost = null;

  /** Open a WebSocket, send `connect`, and resolve when the node has accepted it. */
  static open(url, asked, { WebSocket }, clock, timeout) {
    return new Promise((resolve, reject) => {
      let socket;
      try {
        socket = new WebSocket(url, [SUBPROTOCOL]);
      } catch (error) {
        return reject(new Unreachable(error.message));
      }
      const fail = (fault) => {
        cancel();
        socket.onopen = socket.onmessage = socket.onclose = null;
        // Not null: the package `ws` throws an error that nobody listens to, and one comes of this close.
        socket.onerror = () => {};
        socket.close();
        reject(fault);
      };
      const cancel = clock.after(timeout, () => fail(new Unreachable(`no answer within ${timeout} s`)));
      let opened = false;
      let refusal = "";
      socket.onopen = () => {
        opened = true;
        socket.send(encode.connect(asked));
      };
      // The event says nothing. Later ones are followed by `close`; one in place of `open` is not in Node.js 20.
      socket.onerror = () => opened || fail(new Unreachable("could not connect"));
      socket.onclose = ({ code, reason }) =>
        fail(opened ? new ChannelLost(code, reason || refusal) : new Unreachable("could not connect"));
      socket.onmessage = ({ data }) => {
        const frame = Channel.#read(data);
        if (frame?.type === "connected") {
          cancel();
          resolve(new Channel(socket, url, asked, frame, clock));
        } else if (frame?.type === "error") {
          refusal = frame.reason;
          if (Object.hasOwn(REFUSALS, frame.code)) fail(new ChannelLost(REFUSALS[frame.code], refusal));
        }
      };
    });
  }

  constructor(socket, url, asked, connected, clock) {
    this.#socket = socket;
    Object.assign(this, { url, asked, connected });
    const silence = `nothing was heard for too long`;
    this.#pulse = new Pulse(clock, () => this.send(encode.ping()), () => this.fail(ABNORMAL, silence));
    socket.onmessage = ({ data }) => {
      this.#pulse.heard();
      const frame = Channel.#read(data);
      if (frame) this.#onFrame(frame);
    };
    socket.onclose = ({ code, reason }) => this.fail(code, reason || "the connection was cut");
  }

  /** Read a frame; null for what is not understood, which is left out. */
  static #read(data) {
    try {
      return decodeFrame(data);
    } catch (error) {
      console.warn(`the node sent what is no frame: ${error.message}`);
      return null;
    }
  }

  /** Hand over every frame, those that have come already first, and in the end why the channel is gone. */
  listen(onFrame, onLost) {
    while (this.#early.length) onFrame(this.#early.shift());
    this.#onFrame = onFrame;
    this.#onLost = onLost;
    if (this.#lost) onLost(this.#lost);
  }

  get full() {
    return this.#socket.bufferedAmount > Channel.FULL_BYTES;
  }

  send(frame) {
    if (this.#socket.readyState === 1) this.#socket.send(frame);
  }

  /** Ask for a sign of life, at once. */
  check(timeout) {
    if (!this.#lost) this.#pulse.check(timeout);
  }

  /** Give the channel up as lost. */
  fail(code, reason) {
    if (this.#lost) return;
    this.#end(new ChannelLost(code, reason));
    this.#onLost(this.#lost);
  }

  close() {
    if (!this.#lost) this.#end(new ChannelLost(1000, "closed here"));
  }

  #end(lost) {
    this.#lost = lost;
    this.#pulse.stop();
    this.#onFrame = () => {};
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(1000);
  }
}

// ---- 13 Dialer --------------------------------------------------------------------------------

/** The current token, and the means to get a new one. */
class Tokens {
  #current;
  // Whether the token in use was fetched after the last one had expired.
  #fresh = false;

  constructor(source) {
    this.source = source;
    this.#current = typeof source === "function" ? null : (source ?? null);
  }

  async get() {
    if (this.#current !== null || typeof this.source !== "function") return this.#current;
    try {
      const token = await this.source();
      if (!text(token)) throw new TypeError(`expected a string, not ${typeof token}`);
      this.#current = token;
    } catch (error) {
      throw new Unreachable(`no token: ${error}`);
    }
    return this.#current;
  }

  /** Give up the current token; false if a new one can't be had or expired just as fast. */
  expired() {
    if (typeof this.source !== "function" || this.#fresh) return false;
    this.#current = null;
    this.#fresh = true;
    return true;
  }

  accepted() {
    this.#fresh = false;
  }
}

/** Opens channels: one round over the candidates, until one of them accepts. */
class Dialer {
  #tokens;
  #failures;

  constructor(resolver, settings, clock, position) {
    Object.assign(this, { resolver, settings, clock, position });
    this.#tokens = new Tokens(settings.token);
    this.#failures = new Failures(clock.now);
    // Half, so that one silent node leaves time for others.
    this.timeout = Math.min(5, settings.connectTimeout / 2);
  }

  /** Try `prefer`, then each candidate but `avoid` (unless there is no other), once; return the first channel that opens. */
  async round({ prefer = null, avoid = null, moved = false } = {}) {
    const faults = [];
    try {
      await this.#tokens.get();
      const tried = prefer === null ? null : await this.#try(prefer, moved, faults);
      if (tried) return tried;
      const candidates = await this.resolver.candidates(this.timeout);
      // The only address that the client knows is a front's, with other nodes behind it.
      const front = prefer === null && candidates.length === 1;
      for (const url of this.#failures.order(candidates)) {
        if (url === prefer || (url === avoid && !front)) continue;
        const channel = await this.#try(url, moved, faults);
        if (channel) return channel;
      }
    } catch (fault) {
      if (!(fault instanceof Unreachable)) throw fault;
      faults.push({ url: "", fault });
    }
    throw new RoundFailed(faults);
  }

  async #try(url, moved, faults) {
    try {
      const channel = await this.#open(url, moved);
      this.#failures.succeeded(url);
      this.#tokens.accepted();
      return channel;
    } catch (fault) {
      if (!(fault instanceof Unreachable || fault instanceof ChannelLost)) throw fault;
      faults.push({ url, fault });
      this.#failures.failed(url);
      return null;
    }
  }

  /** Open a channel, a second time with a new token if the first one had expired. */
  async #open(url, moved) {
    for (let first = true; ; first = false) {
      const token = await this.#tokens.get();
      const { user, device } = this.settings;
      const asked = { user, device, token, moved, ...this.position() };
      try {
        return await Channel.open(url, asked, this.settings, this.clock, this.timeout);
      } catch (fault) {
        if (fault instanceof ChannelLost) this.check(fault);
        if (!first || fault.code !== TOKEN_EXPIRED) throw fault;
      }
    }
  }

  /** Return if trying again can succeed after this end of a channel; else throw why not. */
  check({ code, reason }) {
    if (code === TOKEN_EXPIRED && this.#tokens.expired()) return;
    if (!mayReconnect(code)) throw new Disconnected(code, reason);
  }

  /** Note that a node ended a channel: others are better for now. */
  dropped(url) {
    this.#failures.failed(url);
  }
}

// ---- 14 Traffic -------------------------------------------------------------------------------

/** Carries frames between the channel in use and the parts that they concern. */
class Traffic {
  static RETRY_FULL = 0.05;

  #channel = null;
  // Whether a write is to come, later in this turn of the event loop.
  #woken = false;
  #cancelTimer = () => {};
  // The services that the channel's node calls away.
  degraded = [];

  /** `on` holds what to do: report, arrived, progressed, leave, resume. */
  constructor(parts, clock, on) {
    Object.assign(this, parts, { clock, on });
  }

  /** Go on with a channel that has just been connected. */
  begin(channel) {
    this.#channel = channel;
    this.inbox.resumed(channel.asked, channel.connected);
    this.sender.rewind();
    this.questions.rewind();
    this.#began(channel);
  }

  /** Carry no more until the next `begin`. */
  pause() {
    this.#channel = null;
    this.#cancelTimer();
  }

  #began({ url, connected: { node } }) {
    // A node that is degraded says so behind each `connected`.
    this.degraded = [];
    const { recovered } = this.inbox;
    this.on.progressed();
    this.on.report("connected", { url, node, recovered });
    if (recovered) return;
    const reason = "some messages are not kept any more; the next one follows after a gap";
    this.on.report("messages_lost", { url, node, reason });
  }

  take(channel, frame) {
    const takers = {
      message: () => {
        if (this.inbox.arrived(frame)) this.on.arrived();
        else channel.fail(ABNORMAL, `a message before ${frame.offset} is missing`);
      },
      sent: () => this.sender.stored(frame),
      receipt: () => this.sender.receipt(frame),
      error: () => {
        if (!this.sender.refused(frame)) this.on.report("refused", { code: frame.code, reason: frame.reason });
      },
      presence: () => this.questions.answered(frame),
      status: () => this.#degrade(channel, frame.degraded),
      connected: () => {
        if (this.inbox.restarted(frame)) this.#began(channel);
      },
      move: () => this.on.leave(channel, frame),
      pong: () => {},
    };
    takers[frame.type]();
  }

  #degrade({ url, connected: { node } }, degraded) {
    const before = this.degraded.join(", ");
    const reason = degraded.join(", ");
    this.degraded = degraded;
    if (reason !== before) this.on.report(reason ? "degraded" : "recovered", { url, node, reason });
  }

  /** Look again at what there is to write, when all that happens now has happened. */
  wake() {
    if (this.#woken) return;
    this.#woken = true;
    queueMicrotask(() => {
      this.#woken = false;
      this.#write();
    });
  }

  #write() {
    const channel = this.#channel;
    if (channel === null) return;
    this.#cancelTimer();
    if (this.sender.blocked) this.on.resume();
    for (let frame; !channel.full && (frame = this.#nextFrame()) !== null; ) channel.send(frame);
    const wait = channel.full ? Traffic.RETRY_FULL : this.inbox.ackWait();
    if (wait !== null) this.#cancelTimer = this.clock.after(wait, () => this.#write());
  }

  #nextFrame() {
    if (this.inbox.ackWait() === 0) return encode.ack({ offset: this.inbox.nextAck() });
    return this.questions.nextFrame() ?? this.sender.nextFrame();
  }

  /** Acknowledge what was handled, if there is a channel. */
  finish() {
    const offset = this.#channel && this.inbox.nextAck();
    if (offset !== null) this.#channel.send(encode.ack({ offset }));
  }
}

// ---- 15 Keeper --------------------------------------------------------------------------------

/** Keeps one channel open, and finds the next when it is lost or to be left. */
class Keeper {
  // A node that names a longer time to move within is not believed.
  static LONGEST_MOVE = 600;
  // For so long nodes are told of a move, so that none of them moves the client for balance again.
  static MOVED_FOR = 300;
  // A page that comes back to sight does not wait longer for a sign of life.
  static CHECK_TIMEOUT = 5;

  // The channel in use; null while there is none.
  channel = null;
  // Whether the browser says that there is no network.
  offline = false;
  #ended = false;
  #since = 0;
  #pacing;
  // Where to go instead of the channel in use, and when at the latest; null while that will do.
  #move = null;
  // When the client last followed a move to another node.
  #moved = -Infinity;
  // The waits before the next round, and before a move.
  #pause;
  #movePause;

  /** `failed` is called with the error that ends the client. */
  constructor(dialer, traffic, clock, uniform, report, failed) {
    Object.assign(this, { dialer, traffic, clock, uniform, report, failed });
    this.#pacing = new Pacing(uniform);
    this.#pause = new Pause(clock);
    this.#movePause = new Pause(clock);
  }

  /** Open the first channel; rejects with NoNodeAvailable if there is none within `timeout` seconds. */
  open(timeout) {
    return new Promise((resolve, reject) => {
      const tried = new Set();
      let late = false;
      const cancel = this.clock.after(timeout, () => {
        late = true;
        reject(new NoNodeAvailable(timeout, tried.size ? [...tried] : ["nothing had answered by then"]));
      });
      const failed = (fault) => fault.tried.forEach((line) => tried.add(line));
      this.#dial(() => ({}), this.#pacing, failed, () => late || this.#ended)
        .then((channel) => resolve(channel && this.#adopt(channel)), reject)
        .finally(cancel);
    });
  }

  /** Repeat rounds, each as `how` says by then, until one succeeds; null if it was called off before that. */
  async #dial(how, pacing, failed, isOff) {
    while (!isOff()) {
      try {
        const round = how();
        const moved = this.clock.now() - this.#moved < Keeper.MOVED_FOR;
        const channel = await this.dialer.round({ ...round, moved });
        if (!isOff()) return channel;
        channel.close();
      } catch (fault) {
        if (!(fault instanceof RoundFailed)) throw fault;
        if (isOff()) break;
        failed(fault);
        await this.#wait(pacing.afterFailure(fault.retryAfter), isOff);
      }
    }
    return null;
  }

  /** Wait so many seconds, and then for the network if there is none. */
  async #wait(seconds, isOff) {
    await this.#pause.wait(seconds);
    while (this.offline && !isOff()) await this.#pause.wait(Infinity);
  }

  #adopt(channel) {
    this.channel = channel;
    this.#since = this.clock.now();
    this.#move = null;
    this.#movePause.end();
    this.traffic.begin(channel);
    channel.listen(
      (frame) => this.traffic.take(channel, frame),
      (lost) => this.#redial(channel, lost).catch((error) => this.failed(error)),
    );
  }

  /** Look for a node until one accepts. */
  async #redial({ url }, lost) {
    const move = this.#move;
    this.channel = this.#move = null;
    // Whoever looks for another channel meanwhile sees that there is none to replace any more.
    this.#movePause.end();
    this.#pause.end();
    this.traffic.pause();
    this.dialer.check(lost);
    this.dialer.dropped(url);
    this.report("disconnected", { url, code: String(lost.code), reason: lost.reason });
    const isOff = () => this.#ended;
    await this.#wait(this.#pacing.afterLoss(this.clock.now() - this.#since), isOff);
    const prefer = move !== null && move.url !== url ? move.url : null;
    if (prefer !== null) this.#moved = this.clock.now();
    const failed = (fault) => this.report("retrying", { reason: fault.message });
    const channel = await this.#dial(() => ({ prefer }), this.#pacing, failed, isOff);
    if (channel) this.#adopt(channel);
  }

  /**
   * Leave a channel for `url` (null: for any other node) at a random moment within so many seconds. The
   * latest word counts, since it knows which nodes are still there; it never puts the moment off.
   */
  leave(channel, { url, within }) {
    if (channel !== this.channel) return;
    const before = this.#move;
    if (url !== (before ?? channel).url) this.report("moving", { url: url ?? "" });
    const longest = Math.min(Math.max(within, 0), Keeper.LONGEST_MOVE);
    const moment = this.clock.now() + this.uniform(0, longest);
    this.#move = { url, moment: Math.min(moment, before?.moment ?? Infinity) };
    this.#movePause.end();
    if (before === null) this.#replace(channel).catch((error) => this.failed(error));
  }

  /** Leave the channel for any other node now; nothing is done while there is none, or it is left already. */
  move() {
    if (this.channel !== null) this.leave(this.channel, { url: null, within: 0 });
  }

  /** Replace the channel by a new one at once, on the same node unless it is to be left anyway. */
  resume() {
    if (this.channel !== null) this.leave(this.channel, { url: (this.#move ?? this.channel).url, within: 0 });
  }

  /** Open another channel while the old one is still in use, and close that only then. */
  async #replace(old) {
    const isOff = () => this.channel !== old;
    const left = () => (isOff() ? 0 : this.#move.moment - this.clock.now());
    while (left() > 0) await this.#movePause.wait(left());
    const channel = await this.#dial(() => this.#elsewhere(old), new Pacing(this.uniform), () => {}, isOff);
    if (channel === null) return;
    this.#adopt(channel);
    // Else the next loss could lead straight back to it.
    if (channel.url !== old.url) this.dialer.dropped(old.url);
    old.close();
  }

  /** Say how to look for the channel that is to replace another. */
  #elsewhere({ url }) {
    const prefer = this.#move.url;
    if (prefer === url) return { prefer };
    this.#moved = this.clock.now();
    return { prefer, avoid: url };
  }

  /** See at once whether the channel still works; without one, try at once. */
  check() {
    this.channel?.check(Keeper.CHECK_TIMEOUT);
    this.#pause.end();
  }

  /** Learn whether there is a network: without one there is nothing to try. */
  network(online) {
    this.offline = !online;
    if (online) this.check();
  }

  end() {
    this.#ended = true;
    const { channel } = this;
    this.channel = null;
    this.#pause.end();
    this.#movePause.end();
    this.traffic.finish();
    this.traffic.pause();
    channel?.close();
  }
}

// ---- 16 Client --------------------------------------------------------------------------------

const POLICIES = ["round_robin", "ip_hash", "consistent_hash", "least_loaded"];

const DEFAULTS = {
  token: null,
  device: "default",
  policy: "round_robin",
  zone: "",
  epoch: null,
  offset: null,
  onMessage: null,
  onState: null,
  connectTimeout: 10,
  sendTimeout: 30,
  sendWindow: 1024,
  sendQueue: 10_000,
  receiveWindow: 1000,
  maxSize: 65536,
};

/** What the surroundings offer; each can be replaced by an option of the same name. */
const surroundings = () => ({
  WebSocket: globalThis.WebSocket,
  fetch: (...words) => globalThis.fetch(...words),
  storage: browserStorage(),
  window: globalThis,
  document: globalThis.document ?? null,
  random: Math.random,
  now: () => performance.now() / 1000,
  setTimeout: (call, ms) => globalThis.setTimeout(call, ms),
  clearTimeout: (timer) => globalThis.clearTimeout(timer),
});

function browserStorage() {
  try {
    return globalThis.document ? globalThis.localStorage : null;
  } catch {
    return null; // the user forbids it
  }
}

function readSettings(options) {
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
  const settings = { ...DEFAULTS, ...surroundings(), ...given };
  checkName("user", settings.user);
  checkName("device", settings.device);
  const must = (setting, holds, reason) => {
    if (!holds) throw new InvalidSetting(setting, reason);
  };
  must("policy", POLICIES.includes(settings.policy), `must be one of ${POLICIES.join(", ")}`);
  for (const name of ["connectTimeout", "sendTimeout"]) must(name, settings[name] > 0, "must be seconds above 0");
  for (const name of ["sendWindow", "sendQueue", "receiveWindow", "maxSize"]) {
    must(name, settings[name] >= 1, "must be at least 1");
  }
  must("offset", settings.offset === null || settings.offset >= 0, "must not be negative");
  must("WebSocket", settings.WebSocket, "must be given where there is no global one");
  return settings;
}

/** A user's connection to the cluster. `connect` makes it. */
export class Client {
  // Seconds that `close` waits for sends that are on their way.
  static #CLOSE_WAIT = 2;

  #settings;
  #clock;
  #memory;
  #inbox;
  #sender;
  #questions;
  #traffic;
  #keeper;
  #state = "connecting";
  // Whether onMessage may be called, and whether it is at work.
  #delivering = false;
  #busy = false;
  // Resolves when the client is closed; null as long as nobody has asked for it.
  #closing = null;
  #stopListening = () => {};

  /** Connect; see `connect`. */
  static async open(address, options = {}) {
    const client = new Client(address, readSettings(options));
    try {
      await client.#keeper.open(client.#settings.connectTimeout);
    } catch (error) {
      client.#end(error);
      throw error;
    }
    // Not before the caller holds the client.
    client.#clock.after(0, () => client.#startDelivering());
    return client;
  }

  /** Not for applications, which call `connect`. */
  constructor(address, settings) {
    const { user, device, random } = settings;
    const uniform = (low, high) => low + (high - low) * random();
    const clock = new Clock(settings);
    const wake = () => this.#traffic.wake();
    const report = (what, details) => this.#report(what, details);
    this.#settings = settings;
    this.#clock = clock;
    this.#memory = new Memory(settings.storage, user, device);
    const { epoch, offset } = settings;
    const start = epoch === null && offset === null ? this.#memory.load() : { epoch, offset };
    this.#inbox = new Inbox(start, settings.receiveWindow, clock.now, () => this.#keeper.resume());
    this.#sender = new Sender(newSession(random), settings, clock, uniform, wake);
    this.#questions = new Questions(clock, wake);
    const parts = { inbox: this.#inbox, sender: this.#sender, questions: this.#questions };
    this.#traffic = new Traffic(parts, clock, {
      report,
      arrived: () => this.#deliver(),
      progressed: () => this.#memory.save(this.#inbox.taken),
      leave: (channel, move) => this.#keeper.leave(channel, move),
      resume: () => this.#keeper.resume(),
    });
    const resolver = makeResolver(address, settings, clock, uniform);
    const dialer = new Dialer(resolver, settings, clock, () => this.#inbox.position);
    this.#keeper = new Keeper(dialer, this.#traffic, clock, uniform, report, (error) => this.#end(error));
    this.#listen(settings);
  }

  /** Listen to what the browser says of the page and of the network. */
  #listen({ window, document }) {
    const listeners = [
      [window, "online", () => this.#network(true)],
      [window, "offline", () => this.#network(false)],
      [document, "visibilitychange", () => document.visibilityState === "visible" && this.#keeper.check()],
    ];
    for (const [target, name, listener] of listeners) target?.addEventListener?.(name, listener);
    this.#stopListening = () => {
      for (const [target, name, listener] of listeners) target?.removeEventListener?.(name, listener);
    };
  }

  #network(online) {
    this.#report(online ? "online" : "offline");
    this.#keeper.network(online);
  }

  /** Send a message; resolves when it is stored for its recipient, with {id, offset, receipt}. */
  async send(to, body, options) {
    if (this.#closing) throw new ClientClosed();
    return this.#sender.send(to, body, options);
  }

  /** Return whether a user has a device connected anywhere; null if that can't be told now. */
  async presence(user, { timeout = 5 } = {}) {
    if (this.#closing) throw new ClientClosed();
    return this.#questions.ask(user, timeout);
  }

  /** Go to another node as soon as one accepts: the new channel first, then the old one is closed. */
  move() {
    this.#keeper.move();
  }

  /** Wait a moment for sends on their way, acknowledge what was handled, and disconnect. */
  close() {
    this.#closing ??= this.#close(null);
    return this.#closing;
  }

  async #close(error) {
    this.#delivering = false;
    const pause = new Pause(this.#clock);
    this.#sender.idle().then(() => pause.end());
    await pause.wait(Client.#CLOSE_WAIT);
    this.#end(error);
  }

  #end(error) {
    if (this.#state === "ended") return;
    this.#delivering = false;
    this.#stopListening();
    this.#sender.end(error ?? new ClientClosed());
    this.#questions.end(error ?? new ClientClosed());
    this.#keeper.end();
    const code = String(error?.code ?? (error ? error.name : ""));
    this.#report("ended", { code, reason: error ? error.message : "closed" });
  }

  #startDelivering() {
    const { onMessage } = this.#settings;
    this.#delivering = onMessage !== null && this.#closing === null && this.#state !== "ended";
    this.#deliver();
  }

  /** Hand out messages one by one; each is handled when the promise of onMessage resolves. */
  async #deliver() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (let frame; this.#delivering && (frame = this.#inbox.take()); ) {
        const { from, body, offset, id, time } = frame;
        await this.#settings.onMessage({ from, body, offset, id, time }, this);
        if (this.#inbox.handled()) this.#memory.save(this.#inbox.taken);
        this.#traffic.wake();
      }
    } catch (error) {
      console.error(error);
      this.#closing ??= this.#close(new HandlerFailed(error));
    } finally {
      this.#busy = false;
    }
  }

  #report(what, details = {}) {
    const then = { connected: "connected", disconnected: "reconnecting", ended: "ended" };
    this.#state = then[what] ?? this.#state;
    const event = { what, url: "", node: "", code: "", reason: "", recovered: true, ...details };
    try {
      this.#settings.onState?.(event, this);
    } catch (error) {
      console.error(error);
    }
  }

  /** "connecting", "connected", "reconnecting", "offline" or "ended". */
  get state() {
    const searching = this.#state === "connecting" || this.#state === "reconnecting";
    return searching && this.#keeper.offline ? "offline" : this.#state;
  }

  /** The url of the node that holds the channel; empty while there is none. */
  get url() {
    return this.#keeper.channel?.url ?? "";
  }

  /** The incarnation of that node; empty while there is no channel. */
  get node() {
    return this.#keeper.channel?.connected.node ?? "";
  }

  /** What `offset` is counted in. */
  get epoch() {
    return this.#inbox.taken.epoch;
  }

  /** The offset of the last message that was handled, or of the place before the first. */
  get offset() {
    return this.#inbox.taken.offset;
  }

  /** Whether everything that was missed could be replayed at the last connect. */
  get recovered() {
    return this.#inbox.recovered;
  }

  /** The services that the node calls away; empty when all is well. */
  get degraded() {
    return this.#traffic.degraded;
  }
}

/** Return the first part of every id: 16 hexadecimal digits that no other client has. */
function newSession(random) {
  const bytes = new Uint8Array(8);
  if (globalThis.crypto?.getRandomValues) globalThis.crypto.getRandomValues(bytes);
  else bytes.forEach((_, at) => (bytes[at] = Math.floor(random() * 256)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Connect a user to the cluster; resolves once a node has accepted it.
 *
 * @param {string} address `http(s)://BALANCER` or `ws(s)://NODE[,ws(s)://NODE…]`.
 * @param {object} options `user` is required; `im.d.ts` describes all.
 * @returns {Promise<Client>}
 * @throws InvalidName, InvalidSetting, InvalidAddress, NoNodeAvailable, Disconnected
 */
export const connect = (address, options) => Client.open(address, options);

/** The parts, for the tests; they may change from one version to the next. */
export const internals = Object.freeze({
  checkName,
  mayReconnect,
  decodeFrame,
  encode,
  fullJitter,
  equalJitter,
  Pacing,
  Failures,
  Inbox,
  Outbox,
  Sender,
  readAnswer,
  readRetryAfter,
  splitNodes,
});
