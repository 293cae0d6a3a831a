/**
 * The signed attributes (docs/formats.md section 5): the bytes that the one-time key signs.
 *
 * They are determined by the document's digest, the certificate and the approval, so the check writes them again
 * and compares; only what the service adds to the approval (a password's method and time, a passkey's public key) is
 * read from them.
 */

import { concat, equal, toUtf8 } from "./bytes.js";
import {
  TAG, context, element, generalizedTime, integer, octetString, oid, parseDer, sequence, setOf, utf8String,
} from "./der.js";
import { Refusal, require } from "./refusal.js";

const CONTENT_TYPE = "1.2.840.113549.1.9.3"; // RFC 5652 section 11.1
const DATA = "1.2.840.113549.1.7.1"; // RFC 5652 section 4
const MESSAGE_DIGEST = "1.2.840.113549.1.9.4"; // RFC 5652 section 11.2
const SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.47"; // RFC 5035 section 3
const APPROVAL = "2.25.118362114167349168736368981850527050349"; // docs/formats.md section 3
const DIRECTORY_NAME = 4; // GeneralName, RFC 5280 section 4.2.1.6
const METHODS = ["password", "password+totp"];

/** The DER SET OF signed attributes. `certificate` as readCertificate gives it, `digests` of document and certificate. */
export function writeSignedAttributes(documentDigest, certificate, certificateDigest, approval) {
  const attribute = (type, value) => sequence(oid(type), setOf(value));
  const issuerSerial = sequence(sequence(context(DIRECTORY_NAME, certificate.issuer)), element(TAG.integer, certificate.serial));
  return setOf(
    attribute(CONTENT_TYPE, oid(DATA)),
    attribute(MESSAGE_DIGEST, octetString(documentDigest)),
    attribute(SIGNING_CERTIFICATE_V2, sequence(sequence(sequence(octetString(certificateDigest), issuerSerial)))),
    attribute(APPROVAL, approval),
  );
}

/** Approval with the service's assertion of a password: SEQUENCE { 1, statement, [0] { method, time } }. */
export function writeServiceApproval(statement, { method, time }) {
  const assertion = context(0, concat(utf8String(method), generalizedTime(time)));
  return sequence(integer(1), octetString(statement), assertion);
}

/** Approval with a passkey's assertion: SEQUENCE { 1, statement, [1] { id, key, and what the authenticator gave } }. */
export function writePasskeyApproval(statement, publicKey, { credentialId, authenticatorData, clientData, signature }) {
  const members = [credentialId, publicKey, authenticatorData, clientData, signature].map(octetString);
  return sequence(integer(1), octetString(statement), context(1, concat(...members)));
}

/**
 * Throws a Refusal unless `bytes` are exactly the attributes for this digest, certificate, statement and, where a
 * passkey approved, its `assertion` {credentialId, authenticatorData, clientData, signature}.
 */
export function checkSignedAttributes(bytes, { documentDigest, certificate, certificateDigest, statement, assertion }) {
  const values = readAttributes(bytes);
  const digest = values.get(MESSAGE_DIGEST);
  require(digest && equal(digest, octetString(documentDigest)), "attributes-digest");
  const approval = values.get(APPROVAL);
  require(approval, "attributes-approval", "no approval");
  const own = assertion
    ? writePasskeyApproval(statement, readPublicKey(approval), assertion)
    : writeServiceApproval(statement, readServiceAssertion(approval));
  require(equal(approval, own), "attributes-approval", "another statement or answer");
  const expected = writeSignedAttributes(documentDigest, certificate, certificateDigest, approval);
  require(equal(bytes, expected), "attributes-content");
}

/** Attribute type → its single value's DER; types are compared by their DER. */
function readAttributes(bytes) {
  try {
    const byType = new Map(parseDer(bytes).children.map((attribute) => [toKey(attribute.children[0].bytes), attribute]));
    const value = (type) => byType.get(toKey(oid(type)))?.children[1].children[0].bytes;
    return new Map([MESSAGE_DIGEST, APPROVAL].map((type) => [type, value(type)]));
  } catch (error) {
    throw new Refusal("attributes-content", error.message);
  }
}

/** The service's own note: by which method it asked, and when. */
function readServiceAssertion(approval) {
  try {
    const [method, time] = parseDer(approval).children[2].children;
    const assertion = { method: toUtf8(method.content), time: toUtf8(time.content) };
    require(METHODS.includes(assertion.method), "attributes-approval", "unknown method");
    require(/^\d{14}Z$/.test(assertion.time), "attributes-approval", "malformed time");
    return assertion;
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("attributes-approval", error.message);
  }
}

/** The passkey's public key: the service adds it, and the auditor looks for it among the confirmed enrolments. */
function readPublicKey(approval) {
  try {
    return parseDer(approval).children[2].children[1].content;
  } catch (error) {
    throw new Refusal("attributes-approval", error.message);
  }
}

const toKey = (bytes) => bytes.join(".");
