/**
 * The code that enrolling person and officer compare (docs/formats.md section 3, "Enrolment"). Each browser computes it
 * from the key alone, so that a service that shows another key shows another code: nothing that goes in is the service's
 * to choose, and each try is slow (docs/adr/0009).
 */

import { concat, fromUtf8, sha256 } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";

const CODE_TAG = "signing-service/enrolment-code/v2";
const CONFIRMATION_TAG = "signing-service/confirmation/v1";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // base32, RFC 4648 section 6
const CODE_BITS = 80; // 16 letters
const ITERATIONS = 2 ** 18;

/** "MFRG GZDF MZTW Q2LK", of the COSE_Key's bytes and this page's origin; takes some tenths of a second. */
export async function enrolmentCode(key, origin = location.origin) {
  const salt = concat(fromUtf8(CODE_TAG), new Uint8Array(1), fromUtf8(origin));
  const secret = await crypto.subtle.importKey("raw", key, "PBKDF2", false, ["deriveBits"]);
  const how = { name: "PBKDF2", hash: "SHA-512", salt, iterations: ITERATIONS };
  const letters = base32(new Uint8Array(await crypto.subtle.deriveBits(how, secret, CODE_BITS)));
  return letters.match(/.{4}/g).join(" ");
}

/** The challenge for an officer's passkey: a hash of the whole statement. */
export const confirmationChallenge = (statement) => tagged(CONFIRMATION_TAG, canonicalJson(statement));

/** SHA-256(tag ‖ 00 ‖ data) */
export const tagged = (tag, data) => sha256(concat(fromUtf8(tag), new Uint8Array(1), data));

/** RFC 4648 section 6, without padding. */
export function base32(bytes) {
  let text = "";
  let bits = 0;
  let value = 0;
  for (const byte of bytes) {
    value = (value << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) text += LETTERS[(value >> (bits - 5)) & 31];
    value &= 31;
  }
  return text;
}
