// What is wrong, in plain words. Pure: a picture of the cluster in, sentences out.

import { count, duration, list } from "./words.js";

/**
 * Return what to tell, the most important first, as { text, age }: `age` is the rest of the sentence, which
 * changes every second and so is not read out.
 *
 * @param cluster the picture
 * @param away whether the balancer does not answer
 * @param now seconds since 1970
 */
export function notices(cluster, away, now) {
  const { answer } = cluster;
  if (answer === null) return away ? [{ text: "The balancer does not answer.", age: "" }] : [];
  const since = now - cluster.answeredAt;
  const told = [];
  if (away) {
    const text = "The balancer does not answer: this is the last known picture";
    told.push({ text, age: `, ${duration(since)} old. Whoever is connected stays so.` });
  }
  if (answer.stale) told.push(staleness(answer, since));
  if (!away) told.push(...degradations(cluster).map((text) => ({ text, age: "" })));
  return told;
}

function staleness({ age, nodes, complete }, since) {
  if (age === null) return { text: "ZooKeeper has not answered yet.", age: "" };
  if (complete) {
    const text = "Half of the nodes or more have vanished at once: they stay until it is clear whether they are gone.";
    return { text, age: "" };
  }
  const text = `ZooKeeper does not answer: this is the last known picture`;
  return { text, age: `, ${duration(age + since)} old. ${nodes.length ? "Messages go on." : ""}`.trimEnd() };
}

function degradations(cluster) {
  const told = [];
  const nodes = cluster.there;
  const silent = nodes.filter((node) => node.state === "silent");
  if (silent.length) told.push(`${list(silent.map((node) => node.name))} ${verb(silent, "does", "do")} not answer.`);
  const polling = nodes.filter((node) => node.status?.degraded.length);
  if (polling.length) {
    const services = new Set(polling.flatMap((node) => node.status.degraded));
    const who = share(polling, nodes);
    told.push(`${list([...services])} ${services.size > 1 ? "are" : "is"} away for ${who}: messages between nodes may take a second longer.`);
  }
  const storeless = nodes.filter((node) => node.status?.services.Redis === false);
  if (storeless.length) {
    told.push(`Redis does not answer ${share(storeless, nodes)}: nothing new is sent until it is back, nothing sent is lost.`);
  }
  const alone = nodes.filter((node) => node.status?.services.ZooKeeper === false);
  if (alone.length && !cluster.answer.stale) told.push(`ZooKeeper does not answer ${share(alone, nodes)}.`);
  return told;
}

const verb = (nodes, one, many) => (nodes.length === 1 ? one : many);

const share = (some, all) => (some.length === all.length ? "all nodes" : `${some.length} of ${count(all.length, "node")}`);
