/** X.509 certificates (RFC 5280), read as far as a signer checks them: names, key, validity, use, issuer. */

import { equal, toUtf8 } from "./bytes.js";
import { TAG, octetString, oid, parseDer, sequence } from "./der.js";
import { toRawSignature } from "./request.js";
import { Refusal, require } from "./refusal.js";

const COUNTRY = "2.5.4.6";
const ORGANIZATION = "2.5.4.10";
const COMMON_NAME = "2.5.4.3";
const SUBJECT_ALT_NAME = "2.5.29.17";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const DOCUMENT_SIGNING = "1.3.6.1.5.5.7.3.36"; // RFC 9336
const URI = 0x86; // GeneralName [6] IMPLICIT IA5String
const EXTENSIONS = 0xa3;
const MAX_VALIDITY_MS = 3_600_000; // one hour, docs/formats.md section 6
const CLOCK_TOLERANCE_MS = 86_400_000; // a device may keep the wrong zone; timestamps, not its clock, prove the time

const CURVES = new Map([["1.2.840.10045.3.1.7", ["P-256", 32]], ["1.3.132.0.34", ["P-384", 48]]]);
const HASHES = new Map([["1.2.840.10045.4.3.2", "SHA-256"], ["1.2.840.10045.4.3.3", "SHA-384"]]);

/** Read a DER certificate; throws Refusal("malformed-answer"). Names and keys stay DER where they are compared. */
export function readCertificate(bytes) {
  try {
    const [tbs, algorithm, signature] = parseDer(bytes).children;
    const [, serial, , issuer, validity, subject, key, ...rest] = tbs.children;
    const extensions = rest.find((node) => node.tag === EXTENSIONS);
    return {
      bytes,
      tbs: tbs.bytes,
      algorithm: algorithm.children[0].bytes,
      signature: signature.content.subarray(1),
      serial: serial.content,
      issuer: issuer.bytes,
      subject: subject.bytes,
      names: readNames(subject),
      notBefore: readTime(validity.children[0]),
      notAfter: readTime(validity.children[1]),
      spki: key.bytes,
      curve: key.children[0].children[1]?.bytes,
      extensions: readExtensions(extensions?.children[0].children ?? []),
    };
  } catch (error) {
    throw new Refusal("malformed-answer", `certificate: ${error.message}`);
  }
}

/**
 * Throws a Refusal unless `certificate` is for the key `spki` and names exactly the expected signer:
 * {name, organization, country (or null), uri}; `now` in milliseconds.
 */
export function checkOneTimeCertificate(certificate, { spki, name, organization, country, uri, now }) {
  require(equal(certificate.spki, spki), "certificate-key");
  const expected = [[ORGANIZATION, organization], [COMMON_NAME, name]];
  if (country !== null) expected.push([COUNTRY, country]);
  const named = expected.every(([type, text]) => certificate.names.get(typeKey(type)) === text);
  require(named && certificate.names.size === expected.length, "certificate-names");
  const alternative = certificate.extensions.get(typeKey(SUBJECT_ALT_NAME));
  require(alternative && readUri(alternative) === uri, "certificate-names", "subjectAltName");

  const { notBefore, notAfter } = certificate;
  require(notAfter - notBefore <= MAX_VALIDITY_MS, "certificate-validity", "too long");
  require(now >= notBefore - CLOCK_TOLERANCE_MS && now <= notAfter + CLOCK_TOLERANCE_MS, "certificate-validity", "clock");

  const use = certificate.extensions.get(typeKey(EXTENDED_KEY_USAGE));
  require(use && equal(use, octetString(sequence(oid(DOCUMENT_SIGNING)))), "certificate-usage");
}

/** Throws a Refusal unless each certificate of `path` (signer first) is signed by the next, and the last by `root`. */
export async function checkPath(path, root) {
  const issuers = path.at(-1) && equal(path.at(-1).bytes, root.bytes) ? path.slice(1) : [...path.slice(1), root];
  for (const [index, issuer] of issuers.entries()) {
    const certificate = path[index];
    require(equal(certificate.issuer, issuer.subject), "certificate-chain", "issuer's name");
    require(await isSignedBy(certificate, issuer), "certificate-chain", "issuer's signature");
  }
}

async function isSignedBy(certificate, issuer) {
  try {
    const [namedCurve, size] = lookUp(CURVES, issuer.curve);
    const hash = lookUp(HASHES, certificate.algorithm);
    const key = await crypto.subtle.importKey("spki", issuer.spki, { name: "ECDSA", namedCurve }, false, ["verify"]);
    const signature = toRawSignature(parseDer(certificate.signature), size);
    return await crypto.subtle.verify({ name: "ECDSA", hash }, key, signature, certificate.tbs);
  } catch (error) {
    throw new Refusal("certificate-chain", error.message);
  }
}

function lookUp(table, encoded) {
  for (const [dotted, value] of table) if (equal(oid(dotted), encoded)) return value;
  throw new RangeError("algorithm is not supported");
}

const typeKey = (dotted) => oid(dotted).join(".");

function readNames(subject) {
  const names = new Map();
  for (const { children: [pair] } of subject.children) {
    const [type, value] = pair.children;
    if (names.has(type.bytes.join("."))) throw new RangeError("subject repeats a name");
    if (value.tag !== TAG.utf8 && value.tag !== TAG.printable) throw new RangeError("subject's name is no text");
    names.set(type.bytes.join("."), toUtf8(value.content));
  }
  return names;
}

/** Extension type → its extnValue, the OCTET STRING as DER. */
function readExtensions(nodes) {
  return new Map(nodes.map(({ children }) => [children[0].bytes.join("."), children.at(-1).bytes]));
}

function readUri(extension) {
  const names = parseDer(parseDer(extension).content).children;
  return names.length === 1 && names[0].tag === URI ? toUtf8(names[0].content) : null;
}

/** UTCTime or GeneralizedTime as milliseconds (RFC 5280 section 4.1.2.5). */
function readTime(node) {
  let text = toUtf8(node.content);
  if (node.tag === TAG.utcTime) text = (Number(text.slice(0, 2)) < 50 ? "20" : "19") + text;
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (!match) throw new RangeError("certificate's time is malformed");
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
