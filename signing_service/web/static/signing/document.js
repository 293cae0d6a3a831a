/** The agreement's bytes as this browser has them: fetched once, then only what each signature appended. */

import { concat } from "./bytes.js";
import { ConnectionLost, SignedOut } from "./transport.js";

/** A document that grows; `url(revision)` is where a revision's bytes are. */
export class GrowingDocument {
  constructor(url, fetcher = (...args) => fetch(...args)) {
    this.url = url;
    this.fetcher = fetcher;
    this.bytes = new Uint8Array();
  }

  /** The bytes of `revision`, `length` long. Asks for the missing end only; what came before is kept, never replaced. */
  async read(revision, length) {
    if (length > this.bytes.length) this.bytes = await this.#extend(revision);
    return this.bytes.subarray(0, length);
  }

  /** How many bytes there are; said to the service, it sends what was appended since along with its delta. */
  get length() {
    return this.bytes.length;
  }

  /** Append what the service sent along, where it continues what is here; else it is fetched by `read` as ever. */
  take({ start, data }) {
    if (start === this.bytes.length) this.bytes = concat(this.bytes, data);
  }

  /** Revision 0, whatever its length; the caller compares its digest with the page's. */
  async readRevision0() {
    if (this.bytes.length === 0) this.bytes = await this.#extend(0);
    return this.bytes;
  }

  async #extend(revision) {
    const have = this.bytes.length;
    const headers = have > 0 ? { Range: `bytes=${have}-` } : {};
    let response;
    try {
      response = await this.fetcher(this.url(revision), { headers, credentials: "same-origin", redirect: "manual" });
      const received = new Uint8Array(await response.arrayBuffer());
      if (response.status === 206) return concat(this.bytes, received);
      if (response.status === 200) return concat(this.bytes, received.subarray(have));
    } catch (error) {
      throw new ConnectionLost(error.message);
    }
    if (response.type === "opaqueredirect") throw new SignedOut("the document is not to be had"); // to the sign-in page
    throw new ConnectionLost(`the document answered ${response.status}`);
  }
}
