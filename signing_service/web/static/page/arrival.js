/**
 * Whether the signature of this page is there already: given in another window, or sent just before this page was
 * left and loaded again.
 *
 *     const arrival = new Arrival(root.dataset.sent, page);
 *     if (arrival.isExpected) …await arrival.wait();   // true once it is there, false where it does not come
 */

import { checkGivenReceipt } from "../signing/checks.js";
import { ask, sleep } from "../signing/transport.js";

const RECENT_MS = 2 * 60 * 1000; // what was sent longer ago arrives no more
const LOOKS = 8;
const PAUSE_MS = 1500;

export class Arrival {
  /** `sent`: when the approval was begun (ISO 8601), or undefined; `page`: as SigningFlow has it. */
  constructor(sent, page) {
    this.isExpected = Boolean(sent) && Math.abs(Date.now() - Date.parse(sent)) < RECENT_MS;
    this.page = page;
  }

  /** Only with a receipt that stands in the record: the service's bare word is not taken for it. */
  async isThere() {
    try {
      const { body } = await ask("GET", this.page.urls.receipt);
      await checkGivenReceipt(body, this.page);
      return true;
    } catch {
      return false; // not there, not right, or nobody answers: then what is known is told
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
