// The page: asks the balancer once a second, and has the picture, the notices and the chat drawn.

import { drain, fetchCluster, token } from "./api.js";
import { Chat } from "./chat.js";
import { Cluster } from "./cluster.js";
import { announce, byId, make } from "./dom.js";
import { notices } from "./notices.js";
import { Operator } from "./operator.js";
import { Picture } from "./picture.js";
import { count, rate } from "./words.js";

// Seconds between two looks, when the first one is answered at once.
const EVERY = 1;

const cluster = new Cluster();
const picture = new Picture(drainNode);
const operator = new Operator(() => look());
const chat = new Chat(cluster, () => draw());
// Whether the balancer does not answer, and what was told last.
let away = false;
let told = "";

const now = () => Date.now() / 1000;

/** Ask once, and draw what there is then. */
async function look() {
  let news = [];
  try {
    const answer = await fetchCluster();
    away = false;
    news = cluster.take(answer, now());
  } catch {
    away = true;
  }
  draw();
  if (news.length) announce(news.join(". "));
}

function draw() {
  picture.draw(cluster, now(), chat.you);
  if (cluster.answer) operator.draw(cluster.answer.admin);
  drawSummary();
  drawNotices(notices(cluster, away, now()));
}

function drawSummary() {
  if (cluster.answer === null) return;
  const { there, channels } = cluster;
  const parts = [count(there.length, "node"), count(channels, "connection"), `${rate(cluster.rate)} messages a second`];
  byId("summary").textContent = parts.join(" · ");
}

/** Show the notices, and read those out that are new. */
function drawNotices(all) {
  const texts = all.map(({ text }) => text).join(" ");
  const area = byId("notices");
  if (texts !== told) {
    area.replaceChildren(
      ...all.map(({ text }) => make("p", { class: "notice" }, make("span", {}, text), make("span"))),
    );
    announce(texts || "All is well again.");
    told = texts;
  }
  all.forEach(({ age }, at) => (area.children[at].lastChild.textContent = age));
}

async function drainNode(node, within) {
  try {
    await drain(node.id, within);
    operator.tell("");
    announce(`${node.name} drains`);
  } catch (error) {
    const failure = `${node.name} could not be drained: ${error.message}`;
    operator.tell(failure);
    announce(failure);
  }
  look();
}

/** Look again and again, but not while nobody sees it. */
async function watch() {
  for (;;) {
    if (document.visibilityState === "visible") await look();
    await new Promise((resolve) => setTimeout(resolve, EVERY * 1000));
  }
}

token.takeFromAddress();
addEventListener("hashchange", () => {
  token.takeFromAddress();
  look();
});
document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
watch();
