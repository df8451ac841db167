// The browser SDK does what the vectors say; the Python SDK runs the same ones.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { InvalidAddress, InvalidName, internals } from "../im.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url)));

/** Run `check` on each case of a list; an empty list is an error, since it would prove nothing. */
function each(file, list, check) {
  const cases = read(file)[list];
  assert.notEqual(cases.length, 0);
  describe(`${file}: ${list}`, () => {
    for (const [at, one] of cases.entries()) test(one.name || String(at), () => check(one));
  });
}

const chance = (at) => (low, high) => low + (high - low) * at;
const near = (got, expected) => assert.ok(Math.abs(got - expected) < 1e-9, `${got} is not ${expected}`);

each("frames_from_node", "valid", ({ text, frame }) => assert.deepEqual(internals.decodeFrame(text), frame));

each("frames_from_node", "ignored", ({ text }) => assert.equal(internals.decodeFrame(text), null));

each("frames_from_node", "refused", ({ text, code, binary = false }) => {
  const data = binary ? new TextEncoder().encode(text).buffer : text;
  assert.throws(() => internals.decodeFrame(data), (error) => error.code === code);
});

each("frames_from_client", "valid", ({ kind, of, frame }) =>
  assert.deepEqual(JSON.parse(internals.encode[kind](of)), writtenOut(frame)),
);

/** The browser SDK always names the device, which may be left out. */
function writtenOut(frame) {
  return frame.type === "connect" ? { device: "default", ...frame } : frame;
}

each("sends", "calls", async (one) => {
  const { to = "al", max_size: maxSize = 65536, durable = true, receipt = false, refused } = one;
  const settings = { sendTimeout: Infinity, sendWindow: 1, sendQueue: 1, maxSize };
  const never = { after: () => () => {} };
  const sender = new internals.Sender("0123456789abcdef", settings, never, chance(0), () => {});
  const body = bodyOf(one);
  const call = (async () => sender.send(to, body, { durable, receipt }))();
  if (refused !== null) return assert.rejects(call, { name: refused });
  const said = { type: "send", id: "0123456789abcdef-1", to, body };
  if (!durable) said.durable = false;
  if (receipt) said.receipt = true;
  assert.deepEqual(JSON.parse(sender.nextFrame()), said);
});

/** Return a body that stands there as JSON, or that a rule makes. */
function bodyOf({ body, repeat, levels }) {
  if (repeat) return repeat.of.repeat(repeat.times);
  return JSON.parse(levels ? "[".repeat(levels) + "]".repeat(levels) : body);
}

each("close_codes", "codes", ({ code, again }) => assert.equal(internals.mayReconnect(code), again));

each("names", "names", ({ name, usable }) => {
  if (usable) assert.equal(internals.checkName("user", name), name);
  else assert.throws(() => internals.checkName("user", name), InvalidName);
});

each("addresses", "lists", ({ address, urls }) => assert.deepEqual(internals.splitNodes(address), urls));

each("addresses", "refused", ({ address }) => assert.throws(() => internals.splitNodes(address), InvalidAddress));

each("balancer", "answers", ({ body, urls }) => assert.deepEqual(internals.readAnswer(body), urls));

each("balancer", "refused", ({ body }) =>
  assert.throws(() => internals.readAnswer(body), /not the answer of a balancer/),
);

each("balancer", "retry_after", ({ header, seconds }) => assert.equal(internals.readRetryAfter(header), seconds));

each("balancer", "failures", ({ steps }) => {
  let now = 0;
  const failures = new internals.Failures(() => now);
  for (const { time, failed, succeeded, order } of steps) {
    now = time;
    if (failed) failures.failed(failed);
    else if (succeeded) failures.succeeded(succeeded);
    else assert.equal(failures.order(["a", "b", "c", "d"]).join(""), order);
  }
});

each("backoff", "pacing", ({ at, steps }) => {
  const pacing = new internals.Pacing(chance(at));
  for (const { lost_after, retry_after, wait } of steps) {
    near(lost_after === undefined ? pacing.afterFailure(retry_after) : pacing.afterLoss(lost_after), wait);
  }
});

each("backoff", "delays", ({ jitter, base, cap, at, waits }) => {
  const delays = internals[`${jitter}Jitter`](base, cap, chance(at));
  for (const wait of waits) near(delays.next().value, wait);
});

/** Run a script: each step is an object whose first key names what to do, with its value. */
function run(steps, actions, silent) {
  for (const [at, step] of steps.entries()) {
    const [[what, value]] = Object.entries(step);
    const gives = actions[what](value, step);
    if (!silent.includes(what)) assert.deepEqual(gives, step.gives ?? value, `step ${at}: ${JSON.stringify(step)}`);
  }
}

each("inbox", "scripts", ({ window, steps }) => {
  let now = 0;
  let resumes = 0;
  const inbox = new internals.Inbox({ epoch: null, offset: null }, window, () => now, () => (resumes += 1));
  const pair = ({ epoch, offset }) => [epoch, offset];
  const actions = {
    connected: (answer, { asked }) =>
      inbox.resumed(asked ? { epoch: asked[0], offset: asked[1] } : inbox.position, answer),
    again: (answer) => inbox.restarted(answer),
    message: (offset) => inbox.arrived({ offset }),
    take: () => {
      inbox.handled();
      const frame = inbox.take();
      return frame && (frame.offset ?? "passing");
    },
    handled: () => inbox.handled(),
    ack: () => (inbox.ackWait() === 0 ? inbox.nextAck() : null),
    wait: (seconds) => (now += seconds),
    position: () => pair(inbox.position),
    taken: () => pair(inbox.taken),
    recovered: () => inbox.recovered,
    resumes: () => resumes,
  };
  run(steps, actions, ["connected", "handled", "wait"]);
});

each("outbox", "scripts", ({ steps }) => {
  const outbox = new internals.Outbox("s");
  const entries = [];
  const id = (number) => (typeof number === "string" ? number : `s-${number}`);
  const actions = {
    add: (count, { durable = true }) => {
      for (let n = 0; n < count; n++) entries.push(outbox.add("", durable));
    },
    take: () => {
      const numbers = [];
      for (let entry; (entry = outbox.take()); ) numbers.push(entry.number);
      return numbers;
    },
    settle: (number) => outbox.settle(id(number)),
    postpone: (number) => outbox.postpone(id(number)),
    release: () => outbox.release(),
    withdraw: (number) => outbox.withdraw(entries[number - 1]),
    rewind: () => outbox.rewind(),
    blocked: () => outbox.blocked,
    size: () => outbox.size,
  };
  run(steps, actions, ["add", "settle", "release", "withdraw", "rewind"]);
});
