/** Whether a successor of the trust file is the present one and one more key (docs/formats.md section 11). */

import { equal, sha256, toHex } from "../signing/bytes.js";
import { canonicalJson, parseCanonicalJson } from "../signing/canonical.js";
import { base32 } from "./code.js";

const FINGERPRINT_BYTES = 20; // 160 bits, eight groups of four letters
const LINE_FEED = 10;
const DAY_MS = 24 * 60 * 60 * 1000;

/** "abcd efgh …" of a trust file's bytes, as it is published. */
export async function fingerprint(bytes) {
  const letters = base32((await sha256(bytes)).subarray(0, FINGERPRINT_BYTES)).toLowerCase();
  return letters.match(/.{4}/g).join(" ");
}

/**
 * Whether `file`, not signed yet, is what succeeds the trust file `present` (bytes) by exactly this officer's key:
 * `item` is {person, name, key (base64url)}. Throws RangeError where `present` is no canonical JSON.
 */
export async function addsExactly(file, present, item) {
  const expected = parse(present);
  const known = expected.officers.find((officer) => officer.id === item.person);
  const named = known ?? { id: item.person, name: item.name, keys: [] };
  if (named.until !== undefined || named.keys.includes(item.key)) return false;
  expected.officers = [
    ...expected.officers.filter((officer) => officer !== known),
    { ...named, keys: [...named.keys, item.key] },
  ];
  expected.predecessor = { sha256: toHex(await sha256(present)), signature: "" };
  return equal(canonicalJson(file), canonicalJson(expected));
}

/**
 * Whether `file`, not signed yet, is what succeeds `present` (bytes) by ending the time of the officer of id `leaving`;
 * within a day of `now`, since the service's clock says when.
 */
export async function endsExactly(file, present, leaving, now) {
  const expected = parse(present);
  const until = file?.officers?.find((officer) => officer.id === leaving)?.until;
  if (!expected.officers.some((officer) => officer.id === leaving && officer.until === undefined)) return false;
  if (!(Math.abs(Date.parse(until) - now.getTime()) <= DAY_MS)) return false;
  expected.officers = expected.officers.map((officer) => (officer.id === leaving ? { ...officer, until } : officer));
  expected.predecessor = { sha256: toHex(await sha256(present)), signature: "" };
  return equal(canonicalJson(file), canonicalJson(expected));
}

/** Whether `stored` (bytes) is `file` with a signature, and the same in all else. */
export function isSigned(stored, file) {
  const found = parse(stored);
  const signature = found.predecessor?.signature;
  if (typeof signature !== "string" || signature === "") return false;
  const plain = { ...found, predecessor: { ...found.predecessor, signature: "" } };
  return equal(canonicalJson(plain), canonicalJson(file));
}

function parse(bytes) {
  if (bytes.at(-1) !== LINE_FEED) throw new RangeError("the trust file does not end in a line feed");
  return parseCanonicalJson(bytes.subarray(0, -1));
}
