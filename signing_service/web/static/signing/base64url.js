/** Base64url without padding (RFC 4648 section 5), and the standard base64 that the record's notes use (section 4). */

/** Encode bytes as base64url without padding. */
export const toBase64url = (bytes) => toBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

/** Decode unpadded base64url; throws RangeError on padding, other letters or stray trailing bits. */
export function fromBase64url(text) {
  if (typeof text !== "string" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new RangeError("not base64url without padding");
  }
  const bytes = decode(text.replace(/-/g, "+").replace(/_/g, "/"));
  if (toBase64url(bytes) !== text) throw new RangeError("base64url value has stray trailing bits");
  return bytes;
}

/** Encode bytes as standard base64 with padding. */
export function toBase64(bytes) {
  let text = "";
  for (const value of bytes) text += String.fromCharCode(value);
  return btoa(text);
}

/** Decode standard, padded base64; throws RangeError on any other spelling. */
export function fromBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) throw new RangeError("not base64");
  const bytes = decode(text);
  if (toBase64(bytes) !== text) throw new RangeError("base64 value has stray trailing bits");
  return bytes;
}

const decode = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
