/**
 * Whether the signature of this page is there already: given in another window, or sent just before this page was
 * left and loaded again.
 *
 *     const arrival = new Arrival(root.dataset.sent, page.urls.receipt);
 *     if (arrival.isExpected) …await arrival.wait();   // true once it is there, false where it does not come
 */

import { ask, sleep } from "../signing/transport.js";

const RECENT_MS = 2 * 60 * 1000; // what was sent longer ago arrives no more
const LOOKS = 8;
const PAUSE_MS = 1500;

export class Arrival {
  /** `sent`: when the approval was begun (ISO 8601), or undefined; `receipt`: where the receipt is once it is there. */
  constructor(sent, receipt) {
    this.isExpected = Boolean(sent) && Math.abs(Date.now() - Date.parse(sent)) < RECENT_MS;
    this.receipt = receipt;
  }

  async isThere() {
    try {
      await ask("GET", this.receipt);
      return true;
    } catch {
      return false; // not there, or nobody answers: then what is known is told
    }
  }

  async wait() {
    for (let look = 0; look < LOOKS; look += 1) {
      if (look) await sleep(PAUSE_MS);
      if (await this.isThere()) return true;
    }
    return false;
  }
}
