/**
 * Signing, from the visible signature to the receipt (DESIGN 4a), without any page around it.
 *
 *     const flow = new SigningFlow(page, service, { onMoment: (moment, detail) => … });
 *     const proposal = await flow.propose({ typed: "Somchai Wattana" });   // shows proposal.preview and .consent
 *     const receipt = await flow.sign({ password });
 *
 * Every request may be sent again: the service answers a completed one the same. A lost connection is therefore
 * waited out, with the key kept; only closing the page loses the key, and then nothing was signed or all of it.
 */

import { toBase64url, fromBase64url } from "./base64url.js";
import { canonicalJson } from "./canonical.js";
import { checkPrepared, checkReceipt, checkRevision0, checkStatement, decodePrepared } from "./checks.js";
import { equal, sha256, toHex } from "./bytes.js";
import { makeOneTimeKey, makeRequest, sign } from "./request.js";
import { Refusal, require } from "./refusal.js";
import { persist, sleep } from "./transport.js";

const MAX_ROUNDS = 250; // more signatures than any agreement has

/** What the person sees while it runs, in this order; "waiting", "again" and "lost" may come in between. */
export const MOMENTS = Object.freeze([
  "reading", "key", "approval", "waiting", "checking", "signing", "again", "lost", "recorded",
]);

export class SigningFlow {
  /** `service` offers begin, approve, complete (each gives {status, body}) and `document` (a GrowingDocument). */
  constructor(page, service, { onMoment = () => {}, now = () => Date.now(), pause = sleep, makeKey = makeOneTimeKey } = {}) {
    Object.assign(this, { page, service, onMoment, now, pause, makeKey });
    this.proposal = null;
  }

  /** Begin an attempt with the visible signature `mark`; gives {consent, preview (PNG bytes), statement}. */
  async propose(mark) {
    this.key = null;
    this.request = null;
    this.onMoment("reading");
    await checkRevision0(await this.#persist(() => this.service.document.readRevision0()), this.page);
    const { body } = await this.#persist(() => this.service.begin(mark));
    const appearance = decode(body.appearance);
    await checkStatement(body.statement, appearance, this.page, this.now());
    this.proposal = { attempt: body.attempt, statement: body.statement, appearance };
    return { consent: body.statement.consent, preview: decode(body.preview), statement: body.statement };
  }

  /** Approve the proposal with `approval` (the step-up), check, sign; gives {receipt, url, checkpoint}. */
  async sign(approval) {
    require(this.proposal, "malformed-answer", "nothing is proposed");
    const { attempt, statement, appearance } = this.proposal;
    this.onMoment("key");
    this.key ??= await this.makeKey();
    const { spki } = this.key;
    const approved = { appearance, spki, statement: canonicalJson({ ...statement, key: toBase64url(spki) }) };

    this.onMoment("approval");
    this.request ??= toBase64url(await makeRequest(this.key));
    const evidence = { request: this.request, statement: toBase64url(approved.statement), approval };
    let prepared = await this.#approve(attempt, evidence);

    for (let round = 1, earlier = null; round <= MAX_ROUNDS; round += 1) {
      const { base, decoded } = await this.#check(prepared, earlier, approved);
      this.onMoment("signing");
      const signature = toBase64url(await sign(this.key, decoded.signedAttributes));
      const answer = await this.#persist(() => this.service.complete(attempt, { signature, revision: decoded.revision }));
      if (answer.status === 200) return this.#finish(answer.body, decoded.certificate);
      this.onMoment("again", { round });
      prepared = answer.body.prepared ?? (await this.#approve(attempt, evidence));
      earlier = { base, certificate: decoded.certificate };
    }
    throw new Refusal("malformed-answer", "the service prepares again and again");
  }

  async #approve(attempt, body) {
    for (;;) {
      const answer = await this.#persist(() => this.service.approve(attempt, body));
      if (answer.status === 200) return answer.body.prepared;
      this.onMoment("waiting", { place: answer.body.waiting });
      await this.pause(answer.body.retry_after_ms);
    }
  }

  /** Read what the delta continues, and check all of 4a.4; one certificate serves every round. */
  async #check(prepared, earlier, approved) {
    this.onMoment("checking");
    const decoded = decodePrepared(prepared);
    const sameCertificate = earlier === null || equal(earlier.certificate.bytes, decoded.certificate.bytes);
    require(sameCertificate, "certificate-key", "another certificate than before");
    const { document } = this.service;
    const base = await this.#persist(() => document.read(decoded.revision - 1, decoded.baseLength));
    const earlierBase = earlier?.base ?? null;
    await checkPrepared(decoded, { base, earlierBase, approved, page: this.page, now: this.now() });
    return { base, decoded };
  }

  async #finish(body, certificate) {
    const digest = toHex(await sha256(certificate.bytes));
    const checkpoint = await checkReceipt(body.receipt, digest, this.page);
    this.onMoment("recorded", { entry: body.receipt.index });
    return { receipt: body.receipt, url: body.receipt_url, checkpoint };
  }

  #persist(task) {
    return persist(task, { onLost: (wait) => this.onMoment("lost", { wait }), pause: this.pause });
  }
}

function decode(text) {
  try {
    return fromBase64url(text);
  } catch (error) {
    throw new Refusal("malformed-answer", error.message);
  }
}
