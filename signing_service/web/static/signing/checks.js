/**
 * What the browser checks before it approves and before it signs (DESIGN 4a.2 and 4a.4).
 *
 * `page` is what the representative has in front of them, from the page itself:
 *
 *     { act, agreement, revision0 (SHA-256, hexadecimal), signer, field, mandate (digest), representative (name),
 *       organization, country (or null), reason, consent_language, trust: { record_key (vkey), root (base64url DER) } }
 *
 * Every check throws a Refusal with a code of its own; none of them asks the service anything.
 */

import { concat, equal, startsWith, sha256, toHex, toLatin1 } from "./bytes.js";
import { fromBase64url, toBase64url } from "./base64url.js";
import { canonicalJson, parseCanonicalJson } from "./canonical.js";
import { checkSignedAttributes } from "./attributes.js";
import { checkOneTimeCertificate, checkPath, readCertificate } from "./certificate.js";
import { readForeignUpdate } from "./foreign.js";
import { readSignatureDelta, readTimestampDelta } from "./grammar.js";
import { checkOpening } from "./record.js";
import { readLayout } from "./structure.js";
import { Refusal, require } from "./refusal.js";

const STATEMENT_MEMBERS = "act agreement appearance consent consent_language expires mandate revision0 signer v";
const MAX_APPROVAL_MS = 3_600_000 + 86_400_000; // an hour, and a device clock that is a day off
const CLOCK_TOLERANCE_MS = 86_400_000; // timestamps, not the device's clock, prove the time

/** The statement that the service proposes (without "key") against the page and the visible signature. */
export async function checkStatement(statement, appearance, page, now) {
  require(Object.keys(statement).sort().join(" ") === STATEMENT_MEMBERS && statement.v === 1, "statement-members");
  require(statement.act === page.act, "statement-act");
  require(statement.agreement === page.agreement, "statement-agreement");
  require(statement.revision0 === page.revision0, "statement-document");
  require(statement.signer === page.signer, "statement-signer");
  require(statement.mandate === page.mandate, "statement-mandate");
  const consents = typeof statement.consent === "string" && statement.consent.trim() !== "";
  require(consents && statement.consent_language === page.consent_language, "statement-consent");
  const expires = Date.parse(statement.expires);
  require(expires > now - CLOCK_TOLERANCE_MS && expires < now + MAX_APPROVAL_MS, "statement-expiry");
  require(toHex(await sha256(appearance)) === statement.appearance, "appearance-digest");
}

/** Revision 0's digest against the one on the page, before anything is approved. */
export async function checkRevision0(revision0, page) {
  require(toHex(await sha256(revision0)) === page.revision0, "base-revision0");
}

/** The binary members of the service's `prepared` answer, decoded; throws Refusal("malformed-answer"). */
export function decodePrepared(prepared) {
  try {
    return {
      revision: prepared.revision,
      baseLength: prepared.base_length,
      revision0Length: prepared.revision0_length,
      delta: fromBase64url(prepared.delta),
      signedAttributes: fromBase64url(prepared.signed_attributes),
      certificate: readCertificate(fromBase64url(prepared.certificate)),
      chain: prepared.chain.map((item) => readCertificate(fromBase64url(item))),
      issuance: decodeOpening(prepared.issuance),
      baseEnd: prepared.base_end ? decodeEnd(prepared.base_end) : null,
    };
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("malformed-answer", error.message);
  }
}

const decodeEnd = ({ start, bytes }) => ({ start, data: fromBase64url(bytes) });

const decodeOpening = ({ event, salt, entry, index, proof }) => (
  { event: fromBase64url(event), salt: fromBase64url(salt), entry: fromBase64url(entry), index, proof }
);

/**
 * All checks of DESIGN 4a.4, in its order. `approved` is what this browser made and approved: {spki, statement
 * (canonical JSON bytes), appearance (body), assertion (a passkey's, or null)}; `base` is the document so far,
 * `earlierBase` that of the round before or null. Throws a Refusal, or gives the checkpoint.
 */
export async function checkPrepared(prepared, { base, earlierBase, approved, page, now }) {
  // (1) the base begins with the approved revision 0 and extends the base of any earlier attempt
  require(base.length === prepared.baseLength && prepared.revision0Length <= base.length, "base-length");
  const revision0 = base.subarray(0, prepared.revision0Length);
  await checkRevision0(revision0, page);
  require(earlierBase === null || startsWith(base, earlierBase), "base-changed");
  const layout = readLayout(revision0);
  const tail = walkBase(layout, base, page.field);

  // (2) the delta follows the grammar and fills only this signer's field, with the approved appearance
  const delta = readSignatureDelta(layout, tail, prepared.delta);
  require(delta.bytes.length === prepared.delta.length, "delta-structure", "bytes follow the delta");
  checkOpenParts(delta, { approved, page, now });

  // (3) ByteRange leaves out only the zeroes, and its digest is the one that is signed
  const documentDigest = await sha256(concat(
    base, delta.bytes.subarray(0, delta.contentsStart), delta.bytes.subarray(delta.contentsEnd),
  ));

  // (4) the signed attributes are exactly content type, digest, certificate and the own approval
  const { certificate } = prepared;
  const certificateDigest = await sha256(certificate.bytes);
  checkSignedAttributes(prepared.signedAttributes, {
    documentDigest, certificate, certificateDigest, statement: approved.statement, assertion: approved.assertion,
  });

  // (5) the certificate carries the own key and the right names, and comes from this alliance's authority
  checkOneTimeCertificate(certificate, {
    spki: approved.spki,
    name: page.representative,
    organization: page.organization,
    country: page.country,
    uri: `urn:signing-service:${page.agreement}:${page.signer}`,
    now,
  });
  await checkPath([certificate, ...prepared.chain], readCertificate(fromBase64url(page.trust.root)));

  // (6) the issuance is in the record
  checkIssuance(prepared.issuance.event, page, certificate, toHex(certificateDigest), approved.statement);
  return checkOpening(prepared.issuance, page.trust.record_key);
}

/**
 * Walk the revisions between revision 0 and the end of `base`: signatures, and where the agreement has fields for it
 * those that other software wrote, with their timestamps. Gives the tail that the next delta continues.
 */
export function walkBase(layout, base, ownField) {
  const own = layout.fields.get(ownField);
  require(own && !own.body.includes(" /V "), "field-missing");
  const offsets = new Map(layout.offsets);
  const filled = new Set();
  let { tail } = layout;
  while (tail.length < base.length) {
    const earlier = readEarlier(layout, tail, base, offsets);
    require(earlier.field.name !== ownField && !filled.has(earlier.field.name), "field-filled");
    filled.add(earlier.field.name);
    tail = earlier.tail;
  }
  return tail;
}

function readEarlier(layout, tail, base, offsets) {
  const rest = base.subarray(tail.length);
  if (![...layout.fields.keys()].some((name) => name.startsWith("timestamp:"))) {
    return readSignatureDelta(layout, tail, rest);
  }
  const timestamp = readTimestampDelta(layout, tail, rest);
  if (timestamp) return timestamp;
  try {
    return readSignatureDelta(layout, tail, rest);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return readForeignUpdate(layout, tail, toLatin1(base), offsets);
  }
}

function checkOpenParts(delta, { approved, page, now }) {
  require(delta.field.name === page.field, "delta-field");
  require(equal(delta.appearance, approved.appearance), "delta-appearance");
  require(/^0+$/.test(delta.contents), "delta-contents", "not empty");
  require(delta.name === page.representative, "delta-name");
  require(delta.reason === page.reason, "delta-reason");
  const time = Date.parse(delta.time.replace(/(....)(..)(..)(..)(..)(..)/, "$1-$2-$3T$4:$5:$6Z"));
  require(Math.abs(time - now) < CLOCK_TOLERANCE_MS, "delta-time");
}

function checkIssuance(eventBytes, page, certificate, certificateDigest, statement) {
  const event = readEvent(eventBytes);
  const right = event.type === "issuance" && event.scope === page.agreement && event.act === page.act
    && event.signer === page.signer && event.mandate_sha256 === page.mandate;
  require(right, "record-event");
  const own = event.certificate_sha256 === certificateDigest && event.certificate === toBase64url(certificate.bytes);
  require(own, "record-opening", "another certificate");
  require(includes(fromBase64url(event.approval), statement), "record-event", "approval");
}

function readEvent(bytes) {
  try {
    return parseCanonicalJson(bytes);
  } catch (error) {
    throw new Refusal("record-event", error.message);
  }
}

function includes(bytes, part) {
  for (let start = bytes.indexOf(part[0]); start !== -1; start = bytes.indexOf(part[0], start + 1)) {
    if (startsWith(bytes.subarray(start), part)) return true;
  }
  return false;
}

/** The receipt against what this page signed: same agreement, signer and document, and its event in the record. */
export async function checkReceipt(receipt, signedDigest, page) {
  require(receipt.event.certificate_sha256 === signedDigest, "receipt-mismatch");
  return checkGivenReceipt(receipt, page);
}

/** The receipt of a signature that another window, or this page before it was loaded again, has given. */
export async function checkGivenReceipt(receipt, page) {
  const { event } = receipt;
  const right = receipt.agreement === page.agreement && receipt.signer === page.signer
    && event.type === page.act && event.signer === page.signer && event.pdf_sha256 === receipt.pdf_sha256;
  require(right, "receipt-mismatch");
  const { salt, entry, index, proof } = receipt;
  const opening = { event: canonicalJson(event), salt: fromBase64url(salt), entry: canonicalJson(entry), index, proof };
  return checkOpening(opening, page.trust.record_key);
}
