/**
 * Ed25519 verification (RFC 8032 section 5.1.7): by WebCrypto where the browser has it, else by plain arithmetic.
 *
 * Only public values are handled here, so the arithmetic need not run in constant time.
 */

import { concat, toHex } from "./bytes.js";

/** Whether `signature` (64 bytes) over `message` is by `publicKey` (32 bytes). */
export async function verifyEd25519(publicKey, signature, message) {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
    return await crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
  } catch (error) {
    if (error.name !== "NotSupportedError" && error.name !== "SyntaxError") throw error;
    return verifyByArithmetic(publicKey, signature, message); // Safari before 17, Chrome before 137
  }
}

const P = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_MINUS_1 = power(2n, (P - 1n) / 4n);
const BASE = decompress((4n * power(5n, P - 2n)) % P);
const NEUTRAL = [0n, 1n, 1n, 0n];

/** The same by RFC 8032's formulas; exported for the tests, which compare both. */
export async function verifyByArithmetic(publicKey, signature, message) {
  const a = decompress(fromLittleEndian(publicKey));
  const r = decompress(fromLittleEndian(signature.subarray(0, 32)));
  const s = fromLittleEndian(signature.subarray(32));
  if (a === null || r === null || s >= ORDER) return false;
  const hash = await crypto.subtle.digest("SHA-512", concat(signature.subarray(0, 32), publicKey, message));
  const k = fromLittleEndian(new Uint8Array(hash)) % ORDER;
  return same(multiply(s, BASE), add(r, multiply(k, a)));
}

function mod(value) {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

function power(base, exponent) {
  let result = 1n;
  for (let square = mod(base), rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}

const fromLittleEndian = (bytes) => BigInt(`0x${toHex(Uint8Array.from(bytes).reverse())}`);

/** Section 5.1.3: a point in extended coordinates [X, Y, Z, T], or null. */
function decompress(encoded) {
  const sign = encoded >> 255n;
  const y = encoded & (2n ** 255n - 1n);
  if (y >= P) return null;
  const u = mod(y * y - 1n);
  const v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * SQRT_MINUS_1);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

/** Section 5.1.4. */
function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function multiply(scalar, point) {
  let sum = NEUTRAL;
  for (let double = point, rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, double);
    double = add(double, double);
  }
  return sum;
}

const same = ([x1, y1, z1], [x2, y2, z2]) => mod(x1 * z2 - x2 * z1) === 0n && mod(y1 * z2 - y2 * z1) === 0n;
