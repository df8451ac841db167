// What keeps a client connected: moves, heartbeats, tokens, the page and the network, a memory.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Disconnected, connect } from "../im.js";
import { World, settled } from "./world.mjs";

async function joined(options = {}) {
  const world = new World("a", "b");
  const connecting = connect("http://balancer", world.options(options));
  await world.clock.advance();
  const client = await connecting;
  await world.clock.advance();
  return { world, client, a: world.nodes[0], b: world.nodes[1] };
}

test("a move: at a random moment, the new channel first, then the old one closed", async () => {
  const { world, client, a, b } = await joined();
  world.chance = 0.5;
  a.say({ type: "move", url: b.url, within: 4 });
  await world.clock.advance(1.9);
  assert.deepEqual([client.node, b.opened], ["a", 0]);
  let stillOpen = null;
  b.instead = (socket, { type }) => {
    if (type === "connect") stillOpen = a.sockets.length;
    return false;
  };
  const [old] = a.sockets;
  await world.clock.advance(0.2);
  assert.deepEqual([client.node, stillOpen, a.sockets.length, old.closedWith], ["b", 1, 0, 1000]);
  assert.equal(b.of("connect")[0].moved, true);
  assert.deepEqual(world.events, ["connected", "moving", "connected"]);
});

test("a move without a url: any node but this one", async () => {
  const { world, client, a } = await joined();
  a.say({ type: "move", within: 0 });
  await world.clock.advance();
  assert.equal(client.node, "b");
});

test("a move at the client's own wish: another node, the new channel first", async () => {
  const { world, client, a, b } = await joined();
  let stillOpen = null;
  b.instead = (socket, { type }) => {
    if (type === "connect") stillOpen = a.sockets.length;
    return false;
  };
  client.move();
  client.move();
  await world.clock.advance();
  assert.deepEqual([client.node, stillOpen, a.sockets.length, b.opened], ["b", 1, 0, 1]);
  assert.deepEqual(world.events, ["connected", "moving", "connected"]);
  await client.close();
  client.move();
  await world.clock.advance(1);
  assert.equal(a.opened, 1);
});

test("a move without a url, with one address: through that again, as other nodes may be behind it", async () => {
  const { world, client, a, b } = await joined();
  b.up = false;
  world.nodes.splice(1);
  a.say({ type: "move", within: 0 });
  await world.clock.advance();
  assert.deepEqual([a.opened, a.sockets.length, a.of("connect").at(-1).moved], [2, 1, true]);
  assert.deepEqual(world.events, ["connected", "moving", "connected"]);
});

test("a move to nobody: stays until somebody takes the client, or it is closed", async () => {
  const { world, client, a, b } = await joined();
  b.up = false;
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance(5);
  assert.equal(client.node, "a");
  assert.equal((await client.send("alice", 1)).offset, 1);
  b.up = true;
  a.cut(4001, "was to move");
  await world.clock.advance(10);
  assert.deepEqual([client.node, b.of("connect")[0].moved], ["b", true]);
});

test("the latest word of a node counts, and never puts the move off", async () => {
  const { world, client, a, b } = await joined();
  a.say({ type: "move", url: "ws://gone/ws", within: 300 });
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance();
  assert.equal(client.node, "b");
  b.say({ type: "move", url: a.url, within: 2 });
  b.say({ type: "move", url: a.url, within: 300 });
  await world.clock.advance(1.1);
  assert.equal(client.node, "a");
});

test("for five minutes after a move every node is told of it", async () => {
  const { world, client, a, b } = await joined();
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance();
  b.cut();
  await world.clock.advance(1);
  assert.deepEqual([client.node, a.of("connect").map(({ moved }) => moved)], ["a", [undefined, true]]);
  await world.clock.advance(300);
  a.cut();
  await world.clock.advance(1);
  assert.deepEqual([client.node, b.of("connect").map(({ moved }) => moved)], ["b", [true, undefined]]);
});

test("a node that was left because it asked for that is tried last for a while", async () => {
  const world = new World("a", "b", "c", "d");
  const [a, b] = world.nodes;
  const [client] = await Promise.all([connect("http://balancer", world.options()), world.clock.advance()]);
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance();
  b.cut();
  await world.clock.advance();
  assert.equal(client.node, "c");
});

test("a channel that opens too late to be of use is closed", async () => {
  const { world, client, a, b } = await joined();
  let late = null;
  b.instead = (socket, { type }) => {
    if (type !== "connect" || late) return false;
    late = socket;
    return true;
  };
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance();
  a.cut();
  await world.clock.advance();
  assert.deepEqual([client.node, b.sockets.length], ["b", 2]);
  late.say(b.connected(0));
  await world.clock.advance();
  assert.deepEqual([late.readyState, b.sockets.length, client.state], [3, 1, "connected"]);
});

test("during a move nothing is lost or doubled", async () => {
  const { world, client, a, b } = await joined();
  a.message(1);
  a.instead = (socket, { type }) => type === "send";
  const sending = client.send("alice", "on its way");
  await settled();
  b.instead = (socket, { type }) => {
    // The old channel brings one more after the new one was asked for.
    if (type === "connect") a.message(2);
    return false;
  };
  a.say({ type: "move", url: b.url, within: 0 });
  await world.clock.advance();
  b.message(2);
  b.message(3);
  await world.clock.advance(1);
  await sending;
  assert.deepEqual(world.got, [1, 2, 3]);
});

test("after an idle time the node is asked for a sign of life, and given up without", async () => {
  const { world, client, a } = await joined();
  await world.clock.advance(19);
  assert.deepEqual(a.of("ping"), []);
  await world.clock.advance(2);
  assert.equal(a.of("ping").length, 1);
  await world.clock.advance(25);
  assert.equal(client.node, "a");
  a.mute = true;
  await world.clock.advance(31);
  assert.equal(client.node, "b");
  assert.deepEqual(world.events, ["connected", "disconnected", "connected"]);
});

test("a node that talks is not asked", async () => {
  const { world, a } = await joined();
  for (let offset = 1; offset < 5; offset++) {
    await world.clock.advance(15);
    a.message(offset);
  }
  assert.deepEqual(a.of("ping"), []);
});

test("a page that comes to sight asks at once and does not wait long", async () => {
  const { world, client, a } = await joined();
  a.mute = true;
  world.document.visibilityState = "hidden";
  world.document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.deepEqual(a.of("ping"), []);
  world.document.visibilityState = "visible";
  world.document.dispatchEvent(new Event("visibilitychange"));
  await settled();
  assert.equal(a.of("ping").length, 1);
  await world.clock.advance(4);
  assert.equal(client.node, "a");
  await world.clock.advance(2);
  assert.equal(client.node, "b");
});

test("a page that comes to sight again and again does not put the verdict off", async () => {
  const { world, client, a } = await joined();
  a.mute = true;
  for (let n = 0; n < 4; n++) {
    world.document.dispatchEvent(new Event("visibilitychange"));
    await world.clock.advance(2);
  }
  assert.equal(client.node, "b");
});

test("without a network nothing is tried; with one, at once", async () => {
  const { world, client, a, b } = await joined();
  a.kill();
  b.kill();
  world.chance = 1;
  world.window.dispatchEvent(new Event("offline"));
  await world.clock.advance(1);
  const tried = world.asked.length;
  await world.clock.advance(300);
  assert.deepEqual([world.asked.length, client.state], [tried, "offline"]);
  b.up = true;
  world.window.dispatchEvent(new Event("online"));
  await settled();
  assert.deepEqual([client.node, client.state], ["b", "connected"]);
});

test("a network that is back: the channel is checked at once", async () => {
  const { world, client, a } = await joined();
  a.mute = true;
  world.window.dispatchEvent(new Event("offline"));
  world.window.dispatchEvent(new Event("online"));
  await world.clock.advance(6);
  assert.equal(client.node, "b");
});

test("attempts come later and later, spread at random", async () => {
  const { world, a, b } = await joined();
  world.chance = 1;
  a.kill();
  b.kill();
  await world.clock.advance(30);
  const times = world.askedAt.slice(1);
  const waits = times.slice(1).map((time, at) => Math.round((time - times[at]) * 10) / 10);
  assert.deepEqual(waits.slice(0, 6), [0.1, 0.2, 0.4, 0.8, 1.6, 3.2]);
});

test("a token that has expired is asked for again, once", async () => {
  const tokens = ["old", "new", "newer"];
  const world = new World("a");
  const [a] = world.nodes;
  a.instead = (socket, { token }) => {
    if (token === "old") socket.drop(4502, "expired");
    return token === "old";
  };
  const options = world.options({ token: async () => tokens.shift() });
  const [client] = await Promise.all([connect("ws://a", options), world.clock.advance(1)]);
  assert.deepEqual(a.of("connect").map(({ token }) => token), ["old", "new"]);
  a.cut(4502, "expired");
  await world.clock.advance(1);
  assert.deepEqual([a.of("connect").at(-1).token, client.state], ["newer", "connected"]);
});

test("a token that can't be had anew ends the client", async () => {
  for (const token of ["old", () => "old"]) {
    const world = new World("a");
    const [a] = world.nodes;
    a.instead = (socket, { type }) => {
      if (type === "connect") socket.say({ type: "error", code: "token_expired", reason: "it has expired" });
      return true;
    };
    const connecting = connect("ws://a", world.options({ token }));
    const [refused] = await Promise.allSettled([connecting, world.clock.advance(1)]);
    assert.ok(refused.reason instanceof Disconnected);
    assert.deepEqual([refused.reason.code, refused.reason.reason], [4502, "it has expired"]);
  }
});

test("goes on behind what was handled before a reload", async () => {
  const { world, client, a } = await joined({ device: "phone" });
  a.message(1);
  a.message(2);
  await world.clock.advance(1);
  await Promise.all([client.close(), world.clock.advance(3)]);
  assert.deepEqual([...world.stored], [["im:bob:phone", '{"epoch":"e","offset":2}']]);
  const [again] = await Promise.all([connect("ws://a", world.options({ device: "phone" })), world.clock.advance()]);
  assert.deepEqual([a.of("connect")[1].epoch, a.of("connect")[1].offset, again.offset], ["e", 2, 2]);
  await Promise.all([connect("ws://a", world.options({ offset: 0 })), world.clock.advance()]);
  assert.equal(a.of("connect")[2].offset, 0);
});

test("a memory that is missing, broken or full is done without", async () => {
  const broken = () => {
    throw new Error("forbidden");
  };
  const rubbish = ["", "null", "[]", '{"epoch":1,"offset":2}', '{"epoch":"e","offset":-1}', "{"];
  const storages = [
    null,
    { getItem: broken, setItem: broken },
    ...rubbish.map((value) => ({ getItem: () => value, setItem() {} })),
  ];
  for (const storage of storages) {
    const { world, client, a } = await joined({ storage });
    a.message(1);
    await world.clock.advance(1);
    assert.deepEqual([world.got, client.offset, a.of("connect")[0].offset], [[1], 1, undefined]);
  }
});

test("a client that has ended listens to nothing any more", async () => {
  const { world, client, a } = await joined();
  await Promise.all([client.close(), world.clock.advance(3)]);
  const { length } = world.events;
  world.window.dispatchEvent(new Event("online"));
  world.document.dispatchEvent(new Event("visibilitychange"));
  await world.clock.advance(60);
  assert.deepEqual([world.events.length, a.opened], [length, 1]);
});
