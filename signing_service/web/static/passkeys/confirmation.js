/** Whether an officer's passkey is asked for what the page shows, and nothing else (docs/formats.md section 3). */

import { equal } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";

const DAY_MS = 24 * 60 * 60 * 1000;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * Whether `statement` has exactly the members of a confirmation, with the values that the page knows: `shown` is
 * {agreement, signer, person, name, credential, mandate, method, officer}. Its time may be a day off `now`.
 */
export function confirmsExactly(statement, shown, now) {
  const { agreement, signer, person, name, credential, mandate, method, officer } = shown;
  const time = statement?.time;
  if (typeof time !== "string" || !TIME.test(time)) return false;
  if (!(Math.abs(Date.parse(time) - now.getTime()) <= DAY_MS)) return false;
  const representative = { id: person, name };
  const expected = { v: 1, agreement, signer, representative, credential, mandate, method, officer, time };
  return Object.values(shown).every((value) => value !== undefined) && equal(canonicalJson(statement), canonicalJson(expected));
}
