/** Types of im.js, the browser SDK. Times are in seconds. */

/** Anything that JSON can express. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** A message that has arrived. */
export interface Message<Body = any> {
  /** The user who sent it. */
  readonly from: string;
  readonly body: Body;
  /** Its place in this user's inbox; null if it was sent with `durable: false`. */
  readonly offset: number | null;
  /** The id that the sender's client gave it. */
  readonly id: string;
  /** When a node took it, in seconds since 1970. */
  readonly time: number;
}

/** A message that is stored for its recipient. */
export interface Sent {
  readonly id: string;
  /** Its place in the recipient's inbox; null if it was not stored, or the place is not known any more. */
  readonly offset: number | null;
  /** What became of it; null if no receipt was asked for. */
  readonly receipt: "delivered" | "stored" | null;
}

export interface SendOptions {
  /** False to reach only those who are connected now; default true. */
  durable?: boolean;
  /** True to wait until it is known what became of the message; default false. */
  receipt?: boolean;
  /** How long to wait, reconnects included; default `sendTimeout`. */
  timeout?: number;
}

export type What =
  | "connected"
  | "disconnected"
  | "retrying"
  | "moving"
  | "messages_lost"
  | "degraded"
  | "recovered"
  | "refused"
  | "offline"
  | "online"
  | "ended";

/** Something that has happened to the connection. */
export interface StateEvent {
  readonly what: What;
  /** The node's url; empty if none is concerned. */
  readonly url: string;
  /** The node's incarnation; empty if it is not known. */
  readonly node: string;
  /** The close code as digits, an error code or an error's name; empty for none. */
  readonly code: string;
  /** In words, for people. */
  readonly reason: string;
  /** With `connected`: whether everything missed could be replayed. */
  readonly recovered: boolean;
}

export type Policy = "round_robin" | "ip_hash" | "consistent_hash" | "least_loaded";
export type State = "connecting" | "connected" | "reconnecting" | "offline" | "ended";

export interface Options<Body = any> {
  /** Who connects. */
  user: string;
  /** Proof of it; a function is called for the first connection and after a token has expired. */
  token?: string | (() => string | Promise<string>) | null;
  /** Which of the user's devices this is; default "default". Each has a cursor of its own. */
  device?: string;
  /** Called with each message, one after the other; it is handled when the promise resolves. */
  onMessage?: ((message: Message<Body>, client: Client) => unknown) | null;
  /** Called with each event. */
  onState?: ((event: StateEvent, client: Client) => void) | null;
  /** How the balancer picks a node; default "round_robin". */
  policy?: Policy;
  /** The zone whose nodes the balancer prefers. */
  zone?: string;
  /** Where to go on, instead of what `storage` remembers; offset 0 asks for all that is kept. */
  epoch?: string | null;
  offset?: number | null;
  /** How long `connect` tries; default 10. Infinity for ever. */
  connectTimeout?: number;
  /** How long `send` waits, reconnects included; default 30. */
  sendTimeout?: number;
  /** Unconfirmed sends at one time; default 1024. */
  sendWindow?: number;
  /** Calls of `send` that may wait for their turn; default 10000. */
  sendQueue?: number;
  /** Messages kept ready; default 1000. Further ones stay in the inbox. */
  receiveWindow?: number;
  /** The largest frame to send, in bytes; default 65536. */
  maxSize?: number;
  /** Where to keep epoch and offset; default localStorage. null for nowhere. */
  storage?: Pick<Storage, "getItem" | "setItem"> | null;
  /** What to use instead of the global ones. */
  WebSocket?: new (url: string, protocols: string[]) => any;
  fetch?: (url: string, init?: any) => Promise<any>;
  window?: Pick<EventTarget, "addEventListener" | "removeEventListener"> | null;
  document?: (Pick<EventTarget, "addEventListener" | "removeEventListener"> & { visibilityState: string }) | null;
  /** Returns a number from 0 up to, not including, 1. */
  random?: () => number;
  /** Returns monotonic seconds. */
  now?: () => number;
  setTimeout?: (call: () => void, milliseconds: number) => any;
  clearTimeout?: (timer: any) => void;
}

/** A user's connection to the cluster; it finds a node again by itself whenever it loses one. */
export class Client {
  private constructor();
  /**
   * Send a message; resolves when it is stored for its recipient.
   * Rejects with InvalidName, InvalidBody, InvalidSetting, SendRejected, SendTimeout, QueueFull,
   * Disconnected, HandlerFailed or ClientClosed.
   */
  send(to: string, body: unknown, options?: SendOptions): Promise<Sent>;
  /** Whether a user has a device connected anywhere; null if that can't be told now. */
  presence(user: string, options?: { timeout?: number }): Promise<boolean | null>;
  /**
   * Go to another node as soon as one accepts: the new channel first, then the old one is closed.
   * Nothing is done while there is no channel. `onState` tells when it is there.
   */
  move(): void;
  /** Wait a moment for sends on their way, acknowledge what was handled, and disconnect. */
  close(): Promise<void>;
  readonly state: State;
  /** The url of the node that holds the channel; empty while there is none. */
  readonly url: string;
  /** The incarnation of that node; empty while there is no channel. */
  readonly node: string;
  /** What `offset` is counted in. */
  readonly epoch: string | null;
  /** The offset of the last message that was handled, or of the place before the first. */
  readonly offset: number | null;
  /** Whether everything that was missed could be replayed at the last connect. */
  readonly recovered: boolean;
  /** The services that the node calls away; empty when all is well. */
  readonly degraded: readonly string[];
}

/**
 * Connect a user to the cluster; resolves once a node has accepted it.
 * Rejects with InvalidName, InvalidSetting, InvalidAddress, NoNodeAvailable or Disconnected.
 */
export function connect<Body = any>(address: string, options: Options<Body>): Promise<Client>;

/** Root of every error that this module raises on purpose; `name` is that of its class. */
export class ImError extends Error {}
export class InvalidName extends ImError {
  readonly kind: string;
  readonly reason: string;
}
export class InvalidSetting extends ImError {
  readonly setting: string;
  readonly reason: string;
}
export class InvalidAddress extends ImError {
  readonly address: string;
}
export class InvalidBody extends ImError {
  readonly reason: string;
}
/** The node refused a message for good; it was not stored. */
export class SendRejected extends ImError {
  readonly id: string;
  readonly code: string;
  readonly reason: string;
}
/** Not confirmed in time; it may have been stored unless `id` is null. */
export class SendTimeout extends ImError {
  readonly id: string | null;
  readonly seconds: number;
}
/** Too many calls of `send` wait for their turn; this one was not sent. */
export class QueueFull extends ImError {
  readonly limit: number;
}
/** The node refused this client for good; the client has ended. */
export class Disconnected extends ImError {
  readonly code: number;
  readonly reason: string;
}
export class ClientClosed extends ImError {}
/** `onMessage` failed; the client has ended. */
export class HandlerFailed extends ImError {
  readonly cause: unknown;
}
export class NoNodeAvailable extends ImError {
  readonly tried: readonly string[];
}
