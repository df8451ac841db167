// The operator's part: the token, and what it allows.

import { token } from "./api.js";
import { byId, say } from "./dom.js";

const SAYS = {
  locked: "With the token of balancer start --allow-admin you see who is connected where, and may drain nodes.",
  wrong: "This is not the operator’s token.",
  granted: "You see who is connected where, and may drain nodes.",
};

export class Operator {
  // Why the last drain did not begin; empty if it did, or if there is another token since.
  #failure = "";

  /** `changed` is called when there is another token, or none. */
  constructor(changed) {
    const use = (value) => {
      this.tell("");
      token.set(value);
      byId("operator-token").value = "";
      changed();
    };
    byId("operator").addEventListener("submit", (event) => {
      event.preventDefault();
      use(byId("operator-token").value.trim());
    });
    byId("operator-forget").addEventListener("click", () => use(""));
  }

  /** Tell why a drain did not begin, until there is something else to tell; empty if it did. */
  tell(failure) {
    this.#failure = failure;
  }

  /** Show what one may; `admin` is the balancer's word for it. */
  draw(admin) {
    byId("operator").hidden = admin === "off";
    byId("operator-entry").hidden = admin === "granted";
    byId("operator-forget").hidden = admin !== "granted";
    say(byId("operator-says"), this.#failure || (SAYS[admin] ?? ""));
  }
}
