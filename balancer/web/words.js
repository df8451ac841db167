// Numbers and times in words. Pure.

/** "1 node", "2 nodes". */
export const count = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

/** "alice", "alice and bob", "alice, bob and carol". */
export function list(names) {
  return names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** A duration in its largest unit: "5 s", "3 min", "2 h", "4 d". */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} d`;
}

/** A rate: "0", "0.4", "12". */
export function rate(number) {
  return number === 0 || number >= 10 ? String(Math.round(number)) : number.toFixed(1);
}

/** A difference of times: "+4 ms", "+1.2 s". */
export function later(seconds) {
  const ms = Math.round(seconds * 1000);
  return ms < 1000 ? `+${Math.max(0, ms)} ms` : `+${(ms / 1000).toFixed(1)} s`;
}

const two = (number) => String(number).padStart(2, "0");

/** The time of day, by seconds since 1970: "12:00:01". */
export function clock(seconds) {
  const date = new Date(seconds * 1000);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
}

/** The same with milliseconds. */
export function clockMs(seconds) {
  return `${clock(seconds)}.${String(Math.floor((seconds * 1000) % 1000)).padStart(3, "0")}`;
}

/** What people call a node: where it listens. */
export function placeOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
