// What the page asks the balancer, and the operator's token, which stays in this tab.

const KEY = "im-page:operator-token";

// Seconds until the balancer counts as not answering.
const TIMEOUT = 3;

/** Where the balancer is: the page lies at its root. */
export const balancer = () => new URL(".", document.baseURI).href;

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => (value ? sessionStorage.setItem(KEY, value) : sessionStorage.removeItem(KEY)),

  /** Take the token out of the address, so that it is in no history and in no screenshot. */
  takeFromAddress() {
    const given = new URLSearchParams(location.hash.slice(1)).get("token");
    if (given === null) return;
    token.set(given);
    history.replaceState(null, "", location.pathname + location.search);
  },
};

/** Return the picture of the cluster; rejects if the balancer does not answer. */
export const fetchCluster = () => ask("GET", "v1/cluster");

/** Have a node drain; rejects with the reason why it does not. */
export const drain = (nodeId, within) => ask("POST", `v1/drain/${encodeURIComponent(nodeId)}?within=${within}`);

async function ask(method, path) {
  const shown = token.get();
  const headers = shown ? { Authorization: `Bearer ${shown}` } : {};
  const signal = AbortSignal.timeout(TIMEOUT * 1000);
  const response = await fetch(new URL(path, balancer()), { method, headers, signal, cache: "no-store" });
  const body = await response.json();
  if (!response.ok) throw new Error(body.reason ?? `HTTP ${response.status}`);
  return body;
}
