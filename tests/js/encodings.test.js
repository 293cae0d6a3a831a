import assert from "node:assert/strict";
import test from "node:test";
import { fromHex, fromUtf8, toHex, toUtf8 } from "../../signing_service/web/static/signing/bytes.js";
import { fromBase64, fromBase64url, toBase64url } from "../../signing_service/web/static/signing/base64url.js";
import { canonicalJson, parseCanonicalJson } from "../../signing_service/web/static/signing/canonical.js";
import {
  integer, octetString, oid, parseDer, sequence, setOf, utf8String,
} from "../../signing_service/web/static/signing/der.js";

test("base64url and hexadecimal give back every byte", () => {
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (let length = 0; length < 256; length += 1) {
    const part = all.subarray(0, length);
    assert.deepEqual(fromBase64url(toBase64url(part)), part);
    assert.deepEqual(fromHex(toHex(part)), part);
  }
});

test("base64url with padding, other letters or stray bits is refused", () => {
  for (const text of ["QQ==", "Q", "QR", "Q+Q_", "é", null]) assert.throws(() => fromBase64url(text), RangeError);
});

test("standard base64 is accepted in its one spelling only", () => {
  assert.equal(toUtf8(fromBase64("YQ==")), "a");
  for (const text of ["YQ", "YR==", "Y-==", "YQ=="+"\n"]) assert.throws(() => fromBase64(text), RangeError);
});

test("canonical JSON sorts keys and escapes as Python does", () => {
  const value = { b: [1, -2, true, null], a: "é \u007f \u2028 \" \\ \n \u0007" };
  assert.equal(toUtf8(canonicalJson(value)), '{"a":"é \u007f \u2028 \\" \\\\ \\n \\u0007","b":[1,-2,true,null]}');
});

test("what has no canonical form is refused", () => {
  for (const value of [0.5, NaN, 2 ** 53, -0, undefined, { é: 1 }, "e\u0301", "\ud800", { a: [() => 1] }]) {
    assert.throws(() => canonicalJson(value), RangeError, JSON.stringify(value));
  }
});

test("JSON with spaces, double keys or another order is not canonical", () => {
  assert.deepEqual(parseCanonicalJson(fromUtf8('{"a":1,"b":2}')), { a: 1, b: 2 });
  for (const text of ['{"a": 1}', '{"b":2,"a":1}', '{"a":1,"a":1}', "1.0", "{", '"\\u00e9"']) {
    assert.throws(() => parseCanonicalJson(fromUtf8(text)), RangeError);
  }
});

test("DER is written in its shortest form and read back", () => {
  assert.equal(toHex(integer(0)), "020100");
  assert.equal(toHex(integer(128)), "02020080");
  assert.equal(toHex(integer(Uint8Array.of(0, 0, 0xff))), "020200ff");
  assert.equal(toHex(oid("2.25.118362114167349168736368981850527050349")).slice(0, 4), "0614");
  assert.equal(toHex(oid("1.2.840.113549.1.9.16.2.47")), "060b2a864886f70d010910022f");
  assert.equal(toHex(setOf(integer(2), integer(1))), "3106020101020102");
  const long = sequence(utf8String("é".repeat(100)), octetString(new Uint8Array(70000)));
  const node = parseDer(long);
  assert.equal(node.children.length, 2);
  assert.equal(node.children[1].content.length, 70000);
});

test("what is BER but not DER is refused", () => {
  const wrong = {
    "indefinite length": "3080020101",
    "length in two bytes where one does": "02810101",
    "leading zero in a length": "0282000101",
    "cut off": "020201",
    "trailing byte": "02010100",
    "padded integer": "02020001",
    "empty integer": "0200",
    "unsorted set": "3106020102020101",
    "tag of two bytes": "1f2001",
    "nothing": "",
  };
  for (const [name, hexadecimal] of Object.entries(wrong)) {
    assert.throws(() => parseDer(fromHex(hexadecimal)), RangeError, name);
  }
});

test("DER nested too deep is refused without exhausting the stack", () => {
  let nested = integer(1);
  for (let level = 0; level < 40; level += 1) nested = sequence(nested);
  assert.throws(() => parseDer(nested), RangeError);
});
