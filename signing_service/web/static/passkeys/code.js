/**
 * The code that enrolling person and officer compare (docs/formats.md section 3, "Enrolment"); each browser computes it
 * from the whole key, so that a service that swaps the key on the way shows two different codes.
 */

import { toBase64url } from "../signing/base64url.js";
import { concat, fromUtf8, sha256 } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";

const CODE_TAG = "signing-service/enrolment-code/v1";
const CONFIRMATION_TAG = "signing-service/confirmation/v1";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"; // base32, RFC 4648 section 6
const CODE_BYTES = 10; // 80 bits, 16 letters

/** "MFRG GZDF MZTW Q2LK", of `key` (COSE_Key bytes), mandate digest, the representative's id and the signer's. */
export async function enrolmentCode({ key, mandate, person, signer }) {
  const bound = canonicalJson({ key: toBase64url(key), mandate, person, signer, v: 1 });
  const letters = base32((await tagged(CODE_TAG, bound)).subarray(0, CODE_BYTES));
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
