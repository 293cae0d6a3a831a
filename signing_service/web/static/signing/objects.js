/**
 * A small strict reader of PDF objects (ISO 32000-2 7.3), enough to compare dictionaries that other software rewrote.
 *
 * Values: null, booleans, numbers; names as {name}, strings as {string} (Latin-1 text of their bytes), references as
 * {ref}, arrays, and dictionaries as Map.
 */

import { require } from "./refusal.js";

const SPACE = /(?:[\0\t\n\f\r ]|%[^\r\n]*)*/y;
const REFERENCE = /(\d{1,10})[\0\t\n\f\r ]+0[\0\t\n\f\r ]+R(?![^\0\t\n\f\r ()<>[\]{}/%])/y;
const NUMBER = /[+-]?(?:\d{1,19}(?:\.\d{0,40})?|\.\d{1,40})(?![^\0\t\n\f\r ()<>[\]{}/%])/y;
const NAME = /\/([^\0\t\n\f\r ()<>[\]{}/%]*)/y;
const WORD = /(true|false|null)(?![A-Za-z])/y;
const HEXADECIMAL = /<([0-9A-Fa-f\0\t\n\f\r ]*)>/y;
const MAX_DEPTH = 32;
const ESCAPES = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** The object at `position` of `text` and where it ends: {value, end}; throws Refusal("base-foreign"). */
export function readObject(text, position, depth = 0) {
  require(depth < MAX_DEPTH, "base-foreign", "objects are nested too deeply");
  const start = skipSpace(text, position);
  if (text.startsWith("<<", start)) return readDictionary(text, start + 2, depth);
  if (text[start] === "[") return readArray(text, start + 1, depth);
  if (text[start] === "(") return readString(text, start + 1);
  const found = match(REFERENCE, text, start);
  if (found) return { value: { ref: Number(found[1]) }, end: start + found[0].length };
  const number = match(NUMBER, text, start);
  if (number) return { value: Number(number[0]), end: start + number[0].length };
  const name = match(NAME, text, start);
  if (name) return { value: { name: decodeName(name[1]) }, end: start + name[0].length };
  const word = match(WORD, text, start);
  if (word) return { value: { true: true, false: false, null: null }[word[1]], end: start + word[0].length };
  const digits = match(HEXADECIMAL, text, start);
  require(digits, "base-foreign", `no object at ${start}`);
  return { value: { string: decodeDigits(digits[1]) }, end: start + digits[0].length };
}

/** Whether two values are the same, references by number; keys in `free` may differ in the outermost dictionary. */
export function isSame(one, other, free = []) {
  if (one instanceof Map && other instanceof Map) {
    const keys = new Set([...one.keys(), ...other.keys()].filter((key) => !free.includes(key)));
    return [...keys].every((key) => one.has(key) && other.has(key) && isSame(one.get(key), other.get(key)));
  }
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (isPlain(one) && isPlain(other)) {
    const [kind] = Object.keys(one);
    return Object.hasOwn(other, kind) && one[kind] === other[kind];
  }
  return one === other;
}

const isPlain = (value) => value !== null && typeof value === "object" && !(value instanceof Map) && !Array.isArray(value);

export function skipSpace(text, position) {
  SPACE.lastIndex = position;
  return position + SPACE.exec(text)[0].length;
}

function match(pattern, text, position) {
  pattern.lastIndex = position;
  return pattern.exec(text);
}

function readDictionary(text, position, depth) {
  const value = new Map();
  let at = skipSpace(text, position);
  while (!text.startsWith(">>", at)) {
    const key = match(NAME, text, at);
    require(key, "base-foreign", `no key at ${at}`);
    const item = readObject(text, at + key[0].length, depth + 1);
    const name = decodeName(key[1]);
    require(!value.has(name), "base-foreign", `two keys ${name}`);
    value.set(name, item.value);
    at = skipSpace(text, item.end);
  }
  return { value, end: at + 2 };
}

function readArray(text, position, depth) {
  const value = [];
  let at = skipSpace(text, position);
  while (text[at] !== "]") {
    const item = readObject(text, at, depth + 1);
    value.push(item.value);
    at = skipSpace(text, item.end);
  }
  return { value, end: at + 1 };
}

function readString(text, position) {
  let string = "";
  let nesting = 1;
  for (let at = position; at < text.length; at += 1) {
    const sign = text[at];
    if (sign === "\\") {
      const octal = /^[0-7]{1,3}/.exec(text.slice(at + 1, at + 4));
      const next = text[at + 1];
      if (octal) string += String.fromCharCode(parseInt(octal[0], 8) & 255);
      else if (next !== "\n" && next !== "\r") string += ESCAPES[next] ?? next;
      at += octal ? octal[0].length : next === "\r" && text[at + 2] === "\n" ? 2 : 1;
      continue;
    }
    nesting += { "(": 1, ")": -1 }[sign] ?? 0;
    if (nesting === 0) return { value: { string }, end: at + 1 };
    string += sign;
  }
  return require(false, "base-foreign", "a string has no end");
}

const decodeName = (name) => name.replace(/#([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(parseInt(digits, 16)));

function decodeDigits(digits) {
  const plain = digits.replace(/[\0\t\n\f\r ]/g, "");
  return (plain + "0".repeat(plain.length % 2)).replace(/../g, (pair) => String.fromCharCode(parseInt(pair, 16)));
}
