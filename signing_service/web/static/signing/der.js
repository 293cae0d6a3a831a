/**
 * DER (X.690): a small writer, and a reader that accepts nothing but DER.
 *
 *     const node = parseDer(sequence(integer(1), oid("1.2.840.10045.2.1")));
 *     node.children[1].tag === TAG.oid
 */

import { concat, equal, fromLatin1, fromUtf8 } from "./bytes.js";

export const TAG = Object.freeze({
  boolean: 0x01, integer: 0x02, bitString: 0x03, octetString: 0x04, oid: 0x06, utf8: 0x0c,
  printable: 0x13, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30, set: 0x31,
});

const MAX_DEPTH = 24; // levels; a certificate needs about ten

// --- writer ---------------------------------------------------------------------------------------------------

/** One element: identifier byte, length in its shortest form, content. */
export function element(tag, ...content) {
  const body = concat(...content);
  return concat(Uint8Array.of(tag), encodeLength(body.length), body);
}

function encodeLength(length) {
  if (length < 0x80) return Uint8Array.of(length);
  const octets = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.of(0x80 | octets.length, ...octets);
}

export const sequence = (...items) => element(TAG.sequence, ...items);

/** SET OF: the items in ascending order of their encodings (X.690 clause 11.6). */
export const setOf = (...items) => element(TAG.set, ...[...items].sort(compare));

export const octetString = (bytes) => element(TAG.octetString, bytes);
export const bitString = (bytes) => element(TAG.bitString, Uint8Array.of(0), bytes);
export const utf8String = (text) => element(TAG.utf8, fromUtf8(text));
export const generalizedTime = (text) => element(TAG.generalizedTime, fromLatin1(text));

/** Context-specific tag `[number]`, constructed unless `primitive`. */
export const context = (number, content, { primitive = false } = {}) =>
  element(0x80 | (primitive ? 0 : 0x20) | number, content);

/** INTEGER from a small number, or from unsigned big-endian bytes. */
export function integer(value) {
  let bytes = typeof value === "number" ? bigEndian(value) : value;
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  bytes = bytes.subarray(start);
  return element(TAG.integer, bytes[0] & 0x80 ? concat(Uint8Array.of(0), bytes) : bytes);
}

function bigEndian(value) {
  const octets = [value % 256];
  for (let rest = Math.floor(value / 256); rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256);
  return Uint8Array.from(octets);
}

/** OBJECT IDENTIFIER from its dotted form; arcs of any size (2.25 arcs have 128 bits). */
export function oid(dotted) {
  const arcs = dotted.split(".").map(BigInt);
  const octets = [];
  for (const arc of [arcs[0] * 40n + arcs[1], ...arcs.slice(2)]) {
    const group = [Number(arc & 0x7fn)];
    for (let rest = arc >> 7n; rest > 0n; rest >>= 7n) group.unshift(Number(rest & 0x7fn) | 0x80);
    octets.push(...group);
  }
  return element(TAG.oid, Uint8Array.from(octets));
}

function compare(left, right) {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    if (left[index] !== right[index]) return left[index] - right[index];
  }
  return left.length - right.length;
}

// --- reader ---------------------------------------------------------------------------------------------------

/**
 * Read exactly one element; throws RangeError on anything that is not DER.
 *
 * A node is {tag, bytes (the whole element), content, children (of constructed elements)}.
 */
export function parseDer(bytes) {
  const [node, end] = readElement(bytes, 0, 0);
  if (end !== bytes.length) throw new RangeError("bytes follow the DER element");
  return node;
}

function readElement(bytes, start, depth) {
  if (depth > MAX_DEPTH) throw new RangeError("DER is nested too deep");
  const tag = bytes[start];
  if (tag === undefined || (tag & 0x1f) === 0x1f) throw new RangeError("DER tag is missing or of many bytes");
  const [length, first] = readLength(bytes, start + 1);
  const end = first + length;
  if (end > bytes.length) throw new RangeError("DER element is cut off");
  const content = bytes.subarray(first, end);
  const node = { tag, bytes: bytes.subarray(start, end), content, children: [] };
  if (tag & 0x20) {
    for (let offset = 0; offset < content.length;) {
      const [child, next] = readElement(content, offset, depth + 1);
      node.children.push(child);
      offset = next;
    }
  }
  if (tag === TAG.set) checkOrder(node.children);
  if (tag === TAG.integer) checkInteger(content);
  return [node, end];
}

function readLength(bytes, offset) {
  const first = bytes[offset];
  if (first === undefined) throw new RangeError("DER length is missing");
  if (first < 0x80) return [first, offset + 1];
  const count = first & 0x7f;
  if (count === 0 || count > 4 || offset + count >= bytes.length) throw new RangeError("DER length is not definite");
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + bytes[offset + index];
  if (!equal(encodeLength(length), bytes.subarray(offset, offset + 1 + count))) {
    throw new RangeError("DER length is not in its shortest form");
  }
  return [length, offset + 1 + count];
}

function checkOrder(children) {
  for (let index = 1; index < children.length; index += 1) {
    if (compare(children[index - 1].bytes, children[index].bytes) > 0) throw new RangeError("DER SET is not sorted");
  }
}

function checkInteger(content) {
  const padded = content.length > 1 && ((content[0] === 0 && content[1] < 0x80) || (content[0] === 0xff && content[1] >= 0x80));
  if (content.length === 0 || padded) throw new RangeError("DER INTEGER is not in its shortest form");
}
