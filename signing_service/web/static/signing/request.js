/**
 * The one-time key and its PKCS#10 request (RFC 2986), made in the browser.
 *
 * The private key is not extractable: no script, ours included, can read it, and it is gone with the page.
 */

import { bitString, context, integer, oid, sequence } from "./der.js";
import { concat } from "./bytes.js";

const CURVE = { name: "ECDSA", namedCurve: "P-256" };
const ALGORITHM = { name: "ECDSA", hash: "SHA-256" };
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"; // RFC 5758 section 3.2; no parameters

/** Make a fresh P-256 key; gives {privateKey, spki (DER)}. */
export async function makeOneTimeKey() {
  const pair = await crypto.subtle.generateKey(CURVE, false, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { privateKey: pair.privateKey, spki };
}

/** The raw signature r‖s (64 bytes) over `data`, by ECDSA with SHA-256. */
export async function sign(key, data) {
  return new Uint8Array(await crypto.subtle.sign(ALGORITHM, key.privateKey, data));
}

/** A PKCS#10 request with an empty subject and no attributes: it proves possession of the key, no more. */
export async function makeRequest(key) {
  const noAttributes = context(0, new Uint8Array());
  const information = sequence(integer(0), sequence(), key.spki, noAttributes);
  const signature = toDerSignature(await sign(key, information));
  return sequence(information, sequence(oid(ECDSA_WITH_SHA256)), bitString(signature));
}

/** r‖s as SEQUENCE { INTEGER r, INTEGER s } (RFC 3279 section 2.2.3). */
export function toDerSignature(raw) {
  const half = raw.length / 2;
  return sequence(integer(raw.subarray(0, half)), integer(raw.subarray(half)));
}

/** SEQUENCE { INTEGER r, INTEGER s } as r‖s of `size` bytes each, the form WebCrypto takes. */
export function toRawSignature(node, size) {
  const halves = node.children.map((child) => {
    const magnitude = child.content[0] === 0 ? child.content.subarray(1) : child.content;
    if (magnitude.length > size) throw new RangeError("signature's integer is too large");
    return concat(new Uint8Array(size - magnitude.length), magnitude);
  });
  if (halves.length !== 2) throw new RangeError("signature is not a pair of integers");
  return concat(...halves);
}
