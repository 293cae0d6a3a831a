/** Whether an officer's passkey is asked to attest what the page shows, and nothing else (docs/formats.md section 3). */

import { equal } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";
import { tagged } from "./code.js";

const PAPER_TAG = "signing-service/paper/v1";
const DAY_MS = 24 * 60 * 60 * 1000;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const SHA256 = /^[0-9a-f]{64}$/;
const MAGIC = [["application/pdf", [0x25, 0x50, 0x44, 0x46, 0x2d]], ["image/png", [0x89, 0x50, 0x4e, 0x47]], ["image/jpeg", [0xff, 0xd8, 0xff]]];

/**
 * Whether `statement` has exactly the members of an attestation, with the values that the page knows: `shown` is
 * {agreement, revision0, signer, person, name, document, media_type, signed_on, officer}. The mandate is the service's to
 * name, as the officer gave it; the time may be a day off `now`.
 */
export function attestsExactly(statement, shown, now) {
  const { agreement, revision0, signer, person, name, document, media_type, signed_on, officer } = shown;
  const { time, mandate } = statement ?? {};
  if (typeof time !== "string" || !TIME.test(time) || !SHA256.test(mandate)) return false;
  if (!(Math.abs(Date.parse(time) - now.getTime()) <= DAY_MS)) return false;
  const representative = { id: person, name };
  const expected = { v: 1, agreement, revision0, signer, representative, mandate, document, media_type, signed_on, officer, time };
  return Object.values(shown).every((value) => value !== undefined) && equal(canonicalJson(statement), canonicalJson(expected));
}

/** The challenge for the officer's passkey: a hash of the whole statement. */
export const paperChallenge = (statement) => tagged(PAPER_TAG, canonicalJson(statement));

/** The media type by a file's first bytes; undefined for what is no scan. */
export const mediaType = (bytes) => MAGIC.find(([, magic]) => magic.every((value, index) => bytes[index] === value))?.[0];
