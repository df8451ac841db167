// A client in a process of its own: does what the lines on stdin say, and tells on stdout what happens.
//
// Arguments: the address, the options of `connect` as JSON, and the file that plays localStorage.
// In:  {"call": 1, "do": "send", "with": ["bob", "hello"]}; also "presence", "close", "look"
// Out: {"call": 1, "gives": …} or {"call": 1, "error": NAME}; {"message": …}; {"event": …}

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { connect } from "../../client_sdk/js/im.js";

const [address, options, memory] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

const read = () => (existsSync(memory) ? JSON.parse(readFileSync(memory, "utf8")) : {});
const storage = {
  getItem: (key) => read()[key] ?? null,
  setItem: (key, value) => writeFileSync(memory, JSON.stringify({ ...read(), [key]: value })),
};

const client = await connect(address, {
  // Node.js has one since version 22.
  WebSocket: globalThis.WebSocket ?? createRequire(import.meta.url)("ws"),
  storage,
  onMessage: (message) => say({ message }),
  onState: (event) => say({ event }),
  ...JSON.parse(options),
});

const look = () => {
  const { url, node, epoch, offset, recovered, degraded, state } = client;
  return { url, node, epoch, offset, recovered, degraded, state };
};

for await (const line of createInterface({ input: process.stdin })) {
  const { call, do: what, with: words } = JSON.parse(line);
  const done = what === "look" ? Promise.resolve(look()) : client[what](...words);
  done.then(
    (gives = null) => say({ call, gives }),
    (error) => say({ call, error: error.name }),
  );
}
await client.close();
