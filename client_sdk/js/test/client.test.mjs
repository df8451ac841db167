// The client as an application sees it, while nodes come and go.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ClientClosed, Disconnected, InvalidBody, InvalidName, InvalidSetting, NoNodeAvailable } from "../im.js";
import { QueueFull, SendRejected, SendTimeout, connect } from "../im.js";
import * as module from "../im.js";
import { World, settled } from "./world.mjs";

const ADDRESS = "http://balancer/im/";

/** Return a world in which a client is connected to the first of two nodes. */
async function joined(options = {}) {
  const world = new World("a", "b");
  const connecting = connect(ADDRESS, world.options(options));
  await world.clock.advance();
  const client = await connecting;
  await world.clock.advance();
  return { world, client, a: world.nodes[0], b: world.nodes[1] };
}

const bodies = (node) => node.of("send").map(({ body }) => body);

test("asks the balancer, connects to the node it names, and sends", async () => {
  const { world, client, a } = await joined({ policy: "consistent_hash", zone: "z", device: "phone", token: "t" });
  assert.equal(world.asked[0].href, "http://balancer/im/v1/node?policy=consistent_hash&user=bob&zone=z");
  assert.deepEqual(a.said, [{ type: "connect", user: "bob", device: "phone", token: "t" }]);
  assert.deepEqual([client.url, client.node, client.epoch, client.offset], [a.url, "a", "e", 0]);
  assert.deepEqual([client.state, client.recovered, client.degraded], ["connected", true, []]);
  const sent = await client.send("alice", { text: "hello" });
  assert.equal(sent.offset, 1);
  assert.match(sent.id, /^[0-9a-f]{16}-1$/);
  assert.deepEqual(a.of("send"), [{ type: "send", id: sent.id, to: "alice", body: { text: "hello" } }]);
});

test("what can't be sent is refused before anything is written", async () => {
  const { client, a } = await joined({ maxSize: 200 });
  const cyclic = {};
  cyclic.self = cyclic;
  const large = ["x".repeat(200), "x".repeat(2e7), "\n".repeat(2e7)];
  for (const body of [undefined, () => 1, 1n, cyclic, "\ud800", { "\udfff": 1 }, ...large]) {
    await assert.rejects(client.send("alice", body), InvalidBody);
  }
  const deep = JSON.parse("[".repeat(950) + "]".repeat(950));
  await assert.rejects(client.send("alice", deep), /deeper than 900/);
  await assert.rejects(client.send("a{b", 1), InvalidName);
  await assert.rejects(client.presence(""), InvalidName);
  await assert.rejects(client.send("alice", 1, { durable: false, receipt: true }), InvalidSetting);
  assert.deepEqual(a.of("send"), []);
  await client.send("alice", "\\ud800 [[[ is only text");
});

test("the types name what is exported, and what a client has", () => {
  const types = readFileSync(new URL("../im.d.ts", import.meta.url), "utf8");
  const found = (text, pattern) => [...text.matchAll(pattern)].map(([, name]) => name).sort();
  const exported = Object.keys(module).filter((name) => name !== "internals");
  assert.deepEqual(found(types, /^export (?:class|function) (\w+)/gm), exported.sort());
  const [client] = types.match(/^export class Client \{.*?^\}/ms);
  const members = Object.getOwnPropertyNames(module.Client.prototype).filter((name) => name !== "constructor");
  assert.deepEqual(found(client, /^  (?:readonly )?(\w+)[(:]/gm), members.sort());
});

test("options that can't be used are named", async () => {
  for (const wrong of [{ policy: "best" }, { connectTimeout: 0 }, { sendWindow: 0 }, { offset: -1 }]) {
    const [name] = Object.keys(wrong);
    const world = new World("a");
    await assert.rejects(connect(ADDRESS, world.options(wrong)), (error) => error.setting === name, name);
  }
  await assert.rejects(connect(ADDRESS, { user: "bob", WebSocket: null }), InvalidSetting);
  await assert.rejects(connect(ADDRESS), InvalidName);
  await assert.rejects(connect("zk://127.0.0.1:2181", new World("a").options()), /cannot use the address/);
});

test("each message once and in order, acknowledged when its handler is done", async () => {
  const finish = [];
  const got = [];
  const onMessage = (message) => new Promise((resolve) => got.push(message) && finish.push(resolve));
  const { world, client, a } = await joined({ onMessage });
  for (const offset of [1, 2, 2, 1]) a.message(offset);
  await world.clock.advance(1);
  assert.deepEqual(got, [{ from: "alice", body: 1, offset: 1, id: "a-1", time: 1.5 }]);
  assert.deepEqual([a.of("ack"), client.offset], [[], 0]);
  finish[0]();
  await world.clock.advance(1);
  assert.deepEqual(got.map(({ body }) => body), [1, 2]);
  assert.deepEqual([a.of("ack"), client.offset], [[{ type: "ack", offset: 1 }], 1]);
});

test("a handler that fails ends the client; its message is not acknowledged and comes again", async () => {
  const { world, client, a } = await joined({
    onMessage: ({ body }) => {
      if (body === 2) throw new Error("a fault of the application");
    },
  });
  a.message(1);
  a.message(2);
  a.message(3);
  await world.clock.advance(1);
  assert.equal(client.state, "ended");
  assert.deepEqual(a.of("ack"), [{ type: "ack", offset: 1 }]);
  await assert.rejects(client.send("alice", 1), ClientClosed);
  const again = connect(ADDRESS, world.options());
  await world.clock.advance();
  await again;
  assert.equal(a.of("connect")[1].offset, 1);
});

test("without a handler nothing counts as handled", async () => {
  const { world, client, a } = await joined({ onMessage: null });
  a.message(1);
  await world.clock.advance(1);
  assert.deepEqual([a.of("ack"), client.offset], [[], 0]);
});

test("a lost node is followed by the next one, where everything goes on", async () => {
  const { world, client, a, b } = await joined();
  a.message(1);
  await world.clock.advance(1);
  a.instead = (socket, { type }) => type === "send";
  const sending = [1, 2, 3].map((body) => client.send("alice", body));
  await settled();
  a.kill();
  await world.clock.advance();
  await Promise.all(sending);
  assert.deepEqual(b.of("connect")[0], { type: "connect", user: "bob", device: "default", epoch: "e", offset: 1 });
  assert.deepEqual(bodies(b), [1, 2, 3]);
  assert.deepEqual(b.of("send").map(({ id }) => id), a.of("send").map(({ id }) => id));
  assert.deepEqual(world.events, ["connected", "disconnected", "connected"]);
  b.message(1);
  b.message(2);
  await world.clock.advance(1);
  assert.deepEqual(world.got, [1, 2]);
});

test("a gap leads to a new channel, and what was missing comes there", async () => {
  const { world, a, b } = await joined();
  a.message(1);
  a.message(3);
  await world.clock.advance();
  const [node] = [a, b].filter(({ sockets }) => sockets.length);
  assert.equal(node.of("connect").at(-1).offset, 1);
  node.message(2);
  node.message(3);
  await world.clock.advance(1);
  assert.deepEqual(world.got, [1, 2, 3]);
});

test("frames that are none, and those of tomorrow, are passed over", async (t) => {
  t.mock.method(console, "warn", () => {});
  const { world, a } = await joined();
  for (const frame of ["{", "[]", '{"type":"confetti"}', '{"type":"message"}']) a.say(frame);
  a.sockets[0].onmessage({ data: new ArrayBuffer(2) });
  a.message(1);
  await world.clock.advance(1);
  assert.deepEqual([world.got, a.opened], [[1], 1]);
  assert.equal(console.warn.mock.callCount(), 4);
});

test("what comes right behind `connected` is not lost", async () => {
  const world = new World("a");
  const [a] = world.nodes;
  a.instead = (socket, { type }) => {
    if (type !== "connect") return false;
    socket.say(a.connected(0));
    a.message(1);
    a.message(2);
    return true;
  };
  const connecting = connect(ADDRESS, world.options());
  await settled();
  assert.deepEqual(world.got, [], "not before the caller holds the client");
  await connecting;
  await world.clock.advance();
  assert.deepEqual(world.got, [1, 2]);
});

test("the store is a new one: offsets begin anew", async () => {
  const { world, client, a } = await joined();
  a.message(1);
  await world.clock.advance(1);
  a.epoch = "f";
  a.say(a.connected(0, false));
  a.message(1, "anew");
  await world.clock.advance(1);
  assert.deepEqual([world.got, client.epoch, client.offset, client.recovered], [[1, "anew"], "f", 1, false]);
  assert.deepEqual(world.events, ["connected", "connected", "messages_lost"]);
});

test("more than there is room for stays in the inbox until there is", async () => {
  const finish = [];
  const got = [];
  const onMessage = ({ body }) => new Promise((resolve) => got.push(body) && finish.push(resolve));
  const { world, a } = await joined({ receiveWindow: 4, onMessage });
  for (let offset = 1; offset <= 9; offset++) a.message(offset);
  await world.clock.advance();
  assert.equal(a.opened, 1);
  for (let n = 0; n < 4; n++) {
    finish[n]();
    await world.clock.advance();
  }
  assert.equal(a.opened, 2);
  assert.equal(a.of("connect")[1].offset, 5);
  assert.equal(a.sockets.length, 1);
});

test("a message refused for good, and one that is not confirmed in time", async () => {
  const { world, client, a } = await joined();
  a.instead = (socket, { type, id, body }) => {
    if (type === "send" && body === "bad") socket.say({ type: "error", id, code: "store_refused", reason: "full" });
    return type === "send";
  };
  await assert.rejects(client.send("alice", "bad"), (error) => error instanceof SendRejected && error.reason === "full");
  const [late] = await Promise.allSettled([client.send("alice", "late", { timeout: 3 }), world.clock.advance(4)]);
  assert.ok(late.reason instanceof SendTimeout);
  assert.equal(late.reason.id, a.of("send")[1].id);
});

test("a timeout that is longer than a timer can be is not over at once", async () => {
  const { world, client, a } = await joined({ sendTimeout: 1e7 });
  a.instead = (socket, { type }) => type === "send";
  const sending = client.send("alice", 1);
  await world.clock.advance(60);
  a.say({ type: "sent", id: a.of("send")[0].id, offset: 1 });
  assert.equal((await sending).offset, 1);
});

test("what the node can't store goes again, alone first, then all in order", async () => {
  const { world, client, a } = await joined();
  let up = false;
  a.instead = (socket, { type, id }) => {
    if (type === "send" && !up) socket.say({ type: "error", id, code: "unavailable", reason: "", temporary: true });
    return type === "send" && !up;
  };
  const sending = Promise.all([1, 2, 3].map((body) => client.send("alice", body)));
  await world.clock.advance(0.2);
  up = true;
  await world.clock.advance(2);
  await sending;
  assert.deepEqual(bodies(a).slice(0, 4), [1, 2, 3, 1]);
  assert.deepEqual(bodies(a).slice(-3), [1, 2, 3]);
  assert.equal(a.opened, 1);
});

test("the waits before it goes again begin anew with every success", async () => {
  const { world, client, a } = await joined();
  world.chance = 1;
  let up = false;
  a.instead = (socket, { type, id }) => {
    if (type === "send" && !up) socket.say({ type: "error", id, code: "unavailable", reason: "", temporary: true });
    return type === "send" && !up;
  };
  const first = client.send("alice", 1);
  await world.clock.advance(1);
  up = true;
  await world.clock.advance(2);
  await first;
  up = false;
  client.send("alice", 2).catch(() => {});
  await world.clock.advance(0.15);
  assert.equal(bodies(a).filter((body) => body === 2).length, 2);
});

test("what is given up while the node waits for it does not hold up the rest", async () => {
  const { world, client, a } = await joined();
  let up = false;
  a.instead = (socket, { type, id }) => {
    if (type === "send" && !up) socket.say({ type: "error", id, code: "unavailable", reason: "", temporary: true });
    return type === "send" && !up;
  };
  const sending = [client.send("alice", 1, { timeout: 0.02 }), client.send("alice", 2)];
  const results = Promise.allSettled(sending);
  await settled();
  up = true;
  await world.clock.advance(1);
  const [given, stored] = await results;
  assert.ok(given.reason instanceof SendTimeout);
  assert.deepEqual([stored.value.offset, a.opened, a.sockets.length], [1, 2, 1]);
});

test("calls of send are bounded", async () => {
  const { world, client, a } = await joined({ sendWindow: 2, sendQueue: 1 });
  a.instead = (socket, { type }) => type === "send";
  const sending = [1, 2, 3].map((body) => client.send("alice", body));
  await assert.rejects(client.send("alice", 4), QueueFull);
  await settled();
  assert.deepEqual(bodies(a), [1, 2]);
  a.say({ type: "sent", id: a.of("send")[0].id, offset: 1 });
  await world.clock.advance();
  assert.deepEqual(bodies(a), [1, 2, 3]);
  await sending[0];
  sending.slice(1).forEach((promise) => promise.catch(() => {}));
});

test("a socket that takes no more is written to later", async () => {
  const { world, client, a } = await joined();
  a.sockets[0].bufferedAmount = 2 << 20;
  const sending = client.send("alice", 1);
  await world.clock.advance(0.2);
  assert.deepEqual(bodies(a), []);
  a.sockets[0].bufferedAmount = 0;
  await world.clock.advance(0.1);
  await sending;
});

test("not durable: written and done; a refusal is told", async () => {
  const { world, client, a } = await joined();
  const { offset } = await client.send("alice", "typing", { durable: false });
  await settled();
  a.say({ type: "error", id: a.of("send")[0].id, code: "bad_name", reason: "why" });
  await world.clock.advance();
  assert.equal(offset, null);
  assert.equal(a.of("send")[0].durable, false);
  assert.equal(world.events.at(-1), "refused");
});

test("receipts", async () => {
  const { world, client, a } = await joined();
  const first = client.send("alice", 1, { receipt: true });
  await settled();
  a.say({ type: "receipt", id: a.of("send")[0].id, status: "delivered" });
  assert.deepEqual([(await first).offset, (await first).receipt], [1, "delivered"]);
  const lost = client.send("alice", 2, { receipt: true });
  await settled();
  a.cut();
  await world.clock.advance();
  assert.equal((await lost).receipt, "stored");
  const late = client.send("alice", 3, { receipt: true, timeout: 5 });
  await world.clock.advance(6);
  assert.equal((await late).receipt, "stored");
});

test("an error for what is stored already takes nothing back", async () => {
  const { client, a } = await joined();
  const sending = client.send("alice", 1, { receipt: true });
  await settled();
  a.say({ type: "error", id: a.of("send")[0].id, code: "store_refused", reason: "" });
  assert.deepEqual([(await sending).offset, (await sending).receipt], [1, "stored"]);
});

test("presence is asked again on a new channel, and is null if nobody answers", async () => {
  const { world, client, a } = await joined();
  assert.equal(await client.presence("alice"), true);
  a.instead = (socket, { type }) => type === "presence";
  const asked = client.presence("alice");
  await settled();
  a.kill();
  await world.clock.advance();
  assert.equal(await asked, true);
  world.nodes[1].mute = true;
  const [unknown] = await Promise.all([client.presence("alice", { timeout: 2 }), world.clock.advance(3)]);
  assert.equal(unknown, null);
});

test("services that are away are told once", async () => {
  const { world, client, a } = await joined();
  for (const degraded of [["RabbitMQ"], ["RabbitMQ"], []]) a.say({ type: "status", degraded });
  assert.deepEqual(world.events, ["connected", "degraded", "recovered"]);
  a.say({ type: "status", degraded: ["Redis"] });
  assert.deepEqual(client.degraded, ["Redis"]);
});

test("refused for good: the client ends, and everything with it", async () => {
  const { world, client, a } = await joined();
  a.instead = (socket, { type }) => type === "send";
  const sending = client.send("alice", 1);
  await settled();
  a.cut(4500, "three bad frames");
  await assert.rejects(sending, (error) => error instanceof Disconnected && error.code === 4500);
  await world.clock.advance(60);
  assert.deepEqual([client.state, a.opened, world.nodes[1].opened], ["ended", 1, 0]);
  await assert.rejects(client.presence("alice"), Disconnected);
  await client.close();
  assert.deepEqual(world.events, ["connected", "ended"]);
});

test("nobody there: connect gives up and says what it tried", async () => {
  const world = new World("a", "b");
  world.nodes.forEach((node) => (node.up = false));
  const [failed] = await Promise.allSettled([connect(ADDRESS, world.options()), world.clock.advance(11)]);
  assert.ok(failed.reason instanceof NoNodeAvailable);
  assert.deepEqual(failed.reason.tried, ["ws://a/ws: could not connect", "ws://b/ws: could not connect"]);
  assert.deepEqual(world.events, ["ended"]);
});

test("a silent node does not hold up connect for ever", async () => {
  const world = new World("a", "b");
  world.nodes[0].mute = true;
  const [joining] = await Promise.all([connect(ADDRESS, world.options()), world.clock.advance(6)]);
  assert.equal(joining.node, "b");
});

test("a node that does not even shake hands is given up, with no error that nobody hears", async () => {
  const world = new World("a", "b");
  world.nodes[0].deaf = true;
  const [client] = await Promise.all([connect(ADDRESS, world.options()), world.clock.advance(6)]);
  await settled();
  assert.equal(client.node, "b");
});

test("an error instead of an open socket is enough to try the next node at once", async () => {
  const world = new World("a", "b");
  Object.assign(world.nodes[0], { up: false, closeless: true });
  const [client] = await Promise.all([connect(ADDRESS, world.options()), world.clock.advance()]);
  assert.equal(client.node, "b");
});

test("while the balancer is away its last answer serves, with the failed node last", async () => {
  const { world, client, a, b } = await joined();
  world.balancerUp = false;
  a.cut();
  await world.clock.advance();
  assert.deepEqual([client.node, a.opened, b.opened], ["b", 1, 1]);
});

test("a balancer that does not answer holds nobody up for more than a second", async () => {
  const { world, client, a } = await joined();
  world.balancerMute = true;
  a.kill();
  await world.clock.advance(1.1);
  assert.equal(client.node, "b");
});

test("a node that could not be reached is tried last for a while", async () => {
  const world = new World("a", "b", "c", "d");
  const [a, b] = world.nodes;
  a.up = false;
  const [client] = await Promise.all([connect(ADDRESS, world.options()), world.clock.advance()]);
  assert.equal(client.node, "b");
  a.up = true;
  b.cut();
  await world.clock.advance();
  assert.equal(client.node, "c");
});

test("a list of nodes will do as an address, from a random start", async () => {
  for (const [chance, node] of [[0, "a"], [0.99, "b"]]) {
    const world = new World("a", "b");
    world.chance = chance;
    const [client] = await Promise.all([connect("ws://a,ws://b", world.options()), world.clock.advance()]);
    assert.equal(client.node, node);
  }
});

test("closing waits for sends on their way and acknowledges what was handled", async () => {
  const { world, client, a } = await joined();
  a.message(1);
  a.message(2);
  await settled();
  const sending = client.send("alice", 1);
  const closing = client.close();
  await assert.rejects(client.send("alice", 2), ClientClosed);
  await assert.rejects(client.presence("alice"), ClientClosed);
  await sending;
  await world.clock.advance();
  await closing;
  assert.deepEqual(a.of("ack").at(-1), { type: "ack", offset: 2 });
  assert.deepEqual([a.sockets, client.state, client.url], [[], "ended", ""]);
  assert.equal(client.close(), client.close());
});

test("closing does not wait for ever, and nothing is tried afterwards", async () => {
  const { world, client, a, b } = await joined();
  a.instead = (socket, { type }) => type === "send";
  const sending = client.send("alice", 1);
  const [lost] = await Promise.allSettled([sending, client.close(), world.clock.advance(3)]);
  assert.ok(lost.reason instanceof ClientClosed);
  await world.clock.advance(60);
  assert.deepEqual([a.opened, b.opened], [1, 0]);
});
