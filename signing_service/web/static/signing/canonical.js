/**
 * Canonical JSON: RFC 8785 narrowed to ASCII keys, NFC strings, integers within ±(2^53 - 1), booleans and null.
 *
 *     canonicalJson({ b: 1, a: "é" })  →  the UTF-8 bytes of {"a":"é","b":1}
 */

import { fromUtf8, toUtf8, equal } from "./bytes.js";

const MAX_DEPTH = 32; // levels, as in signing_service/encoding.py

/** Encode `value`; throws RangeError where it has no canonical form. */
export const canonicalJson = (value) => fromUtf8(spell(value, 0));

/** Decode canonical JSON; throws RangeError unless `bytes` is exactly what canonicalJson gives. */
export function parseCanonicalJson(bytes) {
  let value;
  try {
    value = JSON.parse(toUtf8(bytes));
  } catch (error) {
    throw new RangeError(`not JSON: ${error.message}`);
  }
  if (!equal(canonicalJson(value), bytes)) throw new RangeError("JSON is not in canonical form");
  return value;
}

function spell(value, depth) {
  if (depth > MAX_DEPTH) throw new RangeError("JSON is nested too deep");
  if (value === null || typeof value === "boolean") return String(value);
  if (typeof value === "string") return spellText(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) throw new RangeError("JSON number is not an integer");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map((item) => spell(item, depth + 1)).join(",")}]`;
  if (typeof value === "object") return spellObject(value, depth);
  throw new RangeError(`JSON cannot hold a ${typeof value}`);
}

function spellObject(value, depth) {
  const members = Object.keys(value).sort().map((key) => {
    if (!/^[\x00-\x7f]*$/.test(key)) throw new RangeError("JSON key is not ASCII");
    return `${spellText(key)}:${spell(value[key], depth + 1)}`;
  });
  return `{${members.join(",")}}`;
}

function spellText(text) {
  if (!isWellFormed(text)) throw new RangeError("JSON string holds a lone surrogate");
  if (text.normalize("NFC") !== text) throw new RangeError("JSON string is not in normal form NFC");
  return JSON.stringify(text);
}

// encodeURIComponent refuses lone surrogates; String.prototype.isWellFormed is too young for some phones.
function isWellFormed(text) {
  try {
    encodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
