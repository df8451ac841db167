// The operator's part: the token, and what it allows.

import { token } from "./api.js";
import { byId, say } from "./dom.js";

const SAYS = {
  locked: "With the token of balancer start --allow-admin you see who is connected where, and may drain nodes.",
  wrong: "This is not the operator’s token.",
  granted: "You see who is connected where, and may drain nodes.",
};

export class Operator {
  /** `changed` is called when there is another token, or none. */
  constructor(changed) {
    const use = (value) => {
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

  /** Show what one may; `admin` is the balancer's word for it. */
  draw(admin) {
    byId("operator").hidden = admin === "off";
    byId("operator-entry").hidden = admin === "granted";
    byId("operator-forget").hidden = admin !== "granted";
    say(byId("operator-says"), SAYS[admin] ?? "");
  }
}
