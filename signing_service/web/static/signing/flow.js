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
import { concat, equal, fromUtf8, sha256, toHex } from "./bytes.js";
import { makeOneTimeKey, makeRequest, sign } from "./request.js";
import { Refusal, require } from "./refusal.js";
import { ServiceError, persist, sleep } from "./transport.js";

const MAX_ROUNDS = 250; // more signatures than any agreement has
const NOT_NOW = Object.freeze([408, 409, 425, 429]); // of 4xx, those that say nothing of the approval itself

/** What the person sees while it runs, in this order; "waiting", "reserved", "again" and "lost" may come in between. */
export const MOMENTS = Object.freeze([
  "reading", "key", "passkey", "approval", "waiting", "reserved", "checking", "signing", "timestamp", "again", "lost",
  "recorded",
]);

export class SigningFlow {
  #key = null; // of this proposal; it lives no longer
  #request = null; // the PKCS#10 request for it, base64url
  #answer = null; // the passkey's approval that may have arrived, or the password typed last: {passkey} or {password}
  #sent = null; // the signature that may have arrived: {body, certificate, base}

  /** `service` offers begin, approve, complete (each gives {status, body}) and `document` (a GrowingDocument). */
  constructor(page, service, { onMoment = () => {}, now = Date.now, pause = sleep, makeKey = makeOneTimeKey } = {}) {
    Object.assign(this, { page, service, onMoment, now, pause, makeKey, proposal: null });
  }

  /** Begin an attempt with the visible signature `mark`; gives {consent, preview (JPEG bytes), statement, approvals}. */
  async propose(mark) {
    this.#key = this.#request = this.#answer = this.#sent = this.proposal = null;
    this.onMoment("reading");
    await checkRevision0(await this.#persist(() => this.service.document.readRevision0()), this.page);
    const { body } = await this.#persist(() => this.service.begin(mark));
    const appearance = decode(body.appearance);
    await checkStatement(body.statement, appearance, this.page, this.now());
    this.proposal = { attempt: body.attempt, statement: body.statement, appearance };
    const { approvals = null, statement } = body;
    return { consent: statement.consent, preview: decode(body.preview), statement, approvals };
  }

  /**
   * Approve the proposal, check, sign; gives {receipt, page (its address), checkpoint}. `approval` is {password, code?},
   * or a function that lets a passkey sign the challenge it is given: (bytes) => ({passkey: AuthenticationResponseJSON}).
   * After any failure it may be called again and goes on where it stopped, with the same key.
   */
  async sign(approval) {
    require(this.proposal, "malformed-answer", "nothing is proposed");
    const { statement, appearance } = this.proposal;
    this.onMoment("key");
    this.#key ??= await this.makeKey();
    this.#request ??= toBase64url(await makeRequest(this.#key));
    const { spki } = this.#key;
    const approved = { appearance, spki, statement: canonicalJson({ ...statement, key: toBase64url(spki) }) };
    const byPasskey = typeof approval === "function";
    if (byPasskey && !this.#answer?.passkey) this.onMoment("passkey");
    // a passkey signs anew each time, and what the service took of it stands in the certificate; a password does not
    if (!this.#answer?.passkey) this.#answer = byPasskey ? await approval(await challengeOf(approved.statement)) : approval;
    approved.assertion = assertionOf(this.#answer);
    const evidence = { request: this.#request, statement: toBase64url(approved.statement), approval: this.#answer };

    let answer = this.#sent && (await this.#send());
    for (let round = 1; round <= MAX_ROUNDS && answer?.status !== 200; round += 1) {
      if (answer) this.onMoment("again", { round });
      const prepared = answer?.body.prepared ?? (await this.#approve(evidence));
      this.#sent = await this.#checkAndSign(prepared, approved);
      answer = await this.#send();
    }
    require(answer.status === 200, "malformed-answer", "the service prepares again and again");
    return this.#finish(answer.body);
  }

  /** What the service refused is asked of the person anew; what may have been taken is sent again as it was. */
  #forget(error) {
    if (error instanceof ServiceError && error.status < 500 && !NOT_NOW.includes(error.status)) this.#answer = null;
    throw error;
  }

  async #approve(evidence) {
    this.onMoment("approval");
    for (;;) {
      const have = this.service.document.length;
      const asked = () => this.service.approve(this.proposal.attempt, { ...evidence, have });
      const answer = await this.#persist(asked).catch((error) => this.#forget(error));
      if (answer.status === 200) return answer.body.prepared;
      const { waiting: place, reserved } = answer.body;
      this.onMoment(reserved ? "reserved" : "waiting", reserved ?? { place });
      await this.pause(answer.body.retry_after_ms);
    }
  }

  /** Read what the delta continues, check all of 4a.4, sign; one certificate serves every round. */
  async #checkAndSign(prepared, approved) {
    this.onMoment("checking");
    const decoded = decodePrepared(prepared);
    const { certificate, revision } = decoded;
    const earlier = this.#sent;
    if (decoded.baseEnd) this.service.document.take(decoded.baseEnd);
    require(!earlier || equal(earlier.certificate.bytes, certificate.bytes), "certificate-key", "another than before");
    const base = await this.#persist(() => this.service.document.read(revision - 1, decoded.baseLength));
    const earlierBase = earlier?.base ?? null;
    await checkPrepared(decoded, { base, earlierBase, approved, page: this.page, now: this.now() });
    this.onMoment("signing");
    const signature = toBase64url(await sign(this.#key, decoded.signedAttributes));
    return { body: { signature, revision }, certificate, base };
  }

  #send() {
    this.onMoment("timestamp");
    const have = this.service.document.length; // should another signature have come first, its bytes come along
    return this.#persist(() => this.service.complete(this.proposal.attempt, { ...this.#sent.body, have }));
  }

  async #finish(body) {
    this.#answer = null;
    const digest = toHex(await sha256(this.#sent.certificate.bytes));
    const checkpoint = await checkReceipt(body.receipt, digest, this.page);
    this.onMoment("recorded", { entry: body.receipt.index });
    return { receipt: body.receipt, page: body.receipt_url, checkpoint };
  }

  #persist(task) {
    return persist(task, { onLost: (wait) => this.onMoment("lost", { wait }), pause: this.pause });
  }
}

const CHALLENGE_TAG = "signing-service/approval/v1"; // docs/formats.md section 3

const challengeOf = (statement) => sha256(concat(fromUtf8(CHALLENGE_TAG), new Uint8Array(1), statement));

/** The parts of a passkey's answer that the signed attributes must repeat; null for any other answer. */
function assertionOf({ passkey }) {
  if (!passkey) return null;
  const { authenticatorData, clientDataJSON, signature } = passkey.response;
  return {
    credentialId: decode(passkey.id),
    authenticatorData: decode(authenticatorData),
    clientData: decode(clientDataJSON),
    signature: decode(signature),
  };
}

function decode(text) {
  try {
    return fromBase64url(text);
  } catch (error) {
    throw new Refusal("malformed-answer", error.message);
  }
}
