/** Byte arrays: join, compare, and turn into text and back. */

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Join byte arrays into a new one. */
export function concat(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

export function equal(left, right) {
  return left.length === right.length && left.every((value, index) => value === right[index]);
}

export function startsWith(bytes, prefix) {
  return bytes.length >= prefix.length && equal(bytes.subarray(0, prefix.length), prefix);
}

export const toHex = (bytes) => Array.from(bytes, (value) => value.toString(16).padStart(2, "0")).join("");

/** Lower-case hexadecimal to bytes; throws RangeError on anything else. */
export function fromHex(text) {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new RangeError("not lower-case hexadecimal");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export const fromUtf8 = (text) => ENCODER.encode(text);

/** UTF-8 to text; throws TypeError on malformed UTF-8. */
export const toUtf8 = (bytes) => DECODER.decode(bytes);

/** One character a byte, as PDF syntax is read. */
export function toLatin1(bytes) {
  let text = "";
  for (let offset = 0; offset < bytes.length; offset += 8192) {
    text += String.fromCharCode(...bytes.subarray(offset, offset + 8192));
  }
  return text;
}

export const fromLatin1 = (text) => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** SHA-256 of the joined parts, 32 bytes. */
export async function sha256(...parts) {
  const data = parts.length === 1 ? parts[0] : concat(...parts);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** SHA-256(tag ‖ 00 ‖ parts…) of docs/formats.md, 32 bytes. */
export const taggedSha256 = (tag, ...parts) => sha256(fromUtf8(tag), Uint8Array.of(0), ...parts);
