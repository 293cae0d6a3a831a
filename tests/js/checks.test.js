import assert from "node:assert/strict";
import test from "node:test";
import { concat, fromUtf8, sha256, toHex } from "../../signing_service/web/static/signing/bytes.js";
import { checkSignedAttributes } from "../../signing_service/web/static/signing/attributes.js";
import { toBase64url } from "../../signing_service/web/static/signing/base64url.js";
import {
  checkGivenReceipt, checkPrepared, checkReceipt, checkStatement, decodePrepared,
} from "../../signing_service/web/static/signing/checks.js";
import { readSignatureDelta } from "../../signing_service/web/static/signing/grammar.js";
import { readLayout } from "../../signing_service/web/static/signing/structure.js";
import { approvedOf, bytes, makeWorld, refusalOf } from "./world.js";

const check = (world, round = 0, changes = {}) => checkPrepared(
  { ...decodePrepared(world.prepared[round]), ...changes.prepared },
  {
    base: bytes(world.revisions[round]),
    earlierBase: null,
    approved: approvedOf(world),
    page: world.page,
    now: world.now,
    ...changes.context,
  },
);

/** Replace text in a base64url member, byte for byte as Latin-1. */
function replaced(encoded, from, to) {
  const text = Buffer.from(bytes(encoded)).toString("latin1");
  assert.ok(text.includes(from), `${from} is not there`);
  return toBase64url(Buffer.from(text.replace(from, to), "latin1"));
}

test("what the service prepares honestly is signed, on revision 0 and after somebody else", async () => {
  const world = makeWorld();
  assert.equal((await check(world, 0)).size, 7);
  assert.equal((await check(world, 1, { context: { earlierBase: bytes(world.revisions[0]) } })).size, 7);
});

test("no byte of the delta is free: whichever is changed, it is refused", async () => {
  const world = makeWorld();
  const layout = readLayout(bytes(world.revisions[0]));
  const { delta } = decodePrepared(world.prepared[0]);
  const zeroes = Buffer.from(delta).indexOf("/Contents <") + 100;
  for (let index = 0; index < delta.length; index += index > zeroes && index < zeroes + 8000 ? 401 : 5) {
    const changed = Uint8Array.from(delta);
    changed[index] ^= 1;
    const grammatical = isGrammatical(layout, changed);
    if (!grammatical) continue; // the reader refuses it; the rest is for what follows the reader
    const code = await refusalOf(() => check(world, 0, { prepared: { delta: changed } }));
    assert.match(code, /^delta-(appearance|contents|name|reason|time)$|^attributes-digest$/, `byte ${index}`);
  }
});

function isGrammatical(layout, delta) {
  try {
    readSignatureDelta(layout, layout.tail, delta);
    return true;
  } catch (error) {
    assert.match(error.code, /^delta-/);
    return false;
  }
}

test("the statement is approved only if it says exactly what the page says", async () => {
  const world = makeWorld();
  const appearance = bytes(world.appearance);
  await checkStatement(world.proposal, appearance, world.page, world.now);
  const wrong = {
    "statement-members": { more: 1 },
    "statement-act": { act: "countersignature" },
    "statement-agreement": { agreement: "b".repeat(26) },
    "statement-document": { revision0: "0".repeat(64) },
    "statement-signer": { signer: "njupt:president" },
    "statement-mandate": { mandate: "0".repeat(64) },
    "statement-consent": { consent: " " },
    "statement-expiry": { expires: "2030-01-01T00:00:00Z" },
    "appearance-digest": { appearance: "0".repeat(64) },
  };
  for (const [code, change] of Object.entries(wrong)) {
    const statement = { ...world.proposal, ...change };
    assert.equal(await refusalOf(() => checkStatement(statement, appearance, world.page, world.now)), code);
  }
});

const BASES = {
  "the base does not begin with the approved revision 0": ["base-revision0", (world) => {
    const base = bytes(world.revisions[0]);
    base[100] ^= 1;
    return { base };
  }],
  "the base is longer than the service says": ["base-length", (world) => ({ base: bytes(world.revisions[1]) })],
  "the base does not extend that of the attempt before": ["base-changed", (world) => (
    { earlierBase: concat(bytes(world.revisions[0]), Uint8Array.of(10)) }
  )],
};

for (const [name, [code, change]] of Object.entries(BASES)) {
  test(`it is refused that ${name}`, async () => {
    const world = makeWorld();
    assert.equal(await refusalOf(() => check(world, 0, { context: change(world) })), code);
  });
}

test("something other than signatures between revision 0 and the base is refused", async () => {
  const world = makeWorld();
  const base = bytes(world.revisions[1]);
  const start = bytes(world.revisions[0]).length;
  for (const index of [start + 1, start + 300, base.length - 20]) {
    const changed = Uint8Array.from(base);
    changed[index] ^= 1;
    assert.match(await refusalOf(() => check(world, 1, { context: { base: changed } })), /^delta-/);
  }
});

test("a field that is filled already is refused", async () => {
  const world = makeWorld();
  const page = { ...world.page, field: "njupt:president" };
  assert.equal(await refusalOf(() => check(world, 1, { context: { page } })), "field-filled");
});

const SWAPS = {
  "a delta that fills another's field": ["delta-field", (world) => ({ ...world, page: { ...world.page, field: "njupt:president" } })],
  "a field that the document does not have": ["field-missing", (world) => ({ ...world, page: { ...world.page, field: "tonle:rector" } })],
  "another appearance": ["delta-appearance", (world) => ({ ...world, appearance: replaced(world.appearance, "BBox", "BBoy") })],
  "another name": ["delta-name", (world) => ({ ...world, page: { ...world.page, representative: "Somchai T" } })],
  "another reason": ["delta-reason", (world) => ({ ...world, page: { ...world.page, reason: "Nothing" } })],
  "a time of another year": ["delta-time", (world) => ({ ...world, now: world.now + 4e10 })],
  "another university in the certificate": ["certificate-names", (world) => ({ ...world, page: { ...world.page, organization: "Another" } })],
  "another country in the certificate": ["certificate-names", (world) => ({ ...world, page: { ...world.page, country: "LA" } })],
  "a country in an officer's certificate": ["certificate-names", (world) => ({ ...world, page: { ...world.page, country: null } })],
  "another agreement's event": ["record-event", (world) => ({ ...world, page: { ...world.page, mandate: "0".repeat(64) } })],
};

for (const [name, [code, change]] of Object.entries(SWAPS)) {
  test(`${name} is refused`, async () => {
    assert.equal(await refusalOf(() => check(change(makeWorld()))), code);
  });
}

test("a certificate for another key is refused", async () => {
  const world = makeWorld();
  const approved = { ...approvedOf(world), spki: new Uint8Array(91) };
  assert.equal(await refusalOf(() => check(world, 0, { context: { approved } })), "certificate-key");
});

test("a certificate by another alliance's authority is refused", async () => {
  const world = makeWorld();
  const [first] = world.prepared;
  first.chain = [];
  assert.equal(await refusalOf(() => check(world)), "certificate-chain");
  first.chain = [world.page.trust.root];
  assert.equal(await refusalOf(() => check(world)), "certificate-chain");
});

test("attributes over another digest, certificate or statement are refused", async () => {
  const world = makeWorld();
  const [first, second] = world.prepared;
  assert.equal(await refusalOf(() => check({ ...world, prepared: [{ ...first, signed_attributes: second.signed_attributes }] })), "attributes-digest");
  const approved = { ...approvedOf(world), statement: fromUtf8("{}") };
  assert.equal(await refusalOf(() => check(world, 0, { context: { approved } })), "attributes-approval");
  for (const [from, to, code] of [["password", "passwore", "attributes-approval"], ["\x31\x0b", "\x31\x0c", "attributes-content"]]) {
    const changed = { ...first, signed_attributes: replaced(first.signed_attributes, from, to) };
    assert.equal(await refusalOf(() => check({ ...world, prepared: [changed] })), code);
  }
});

test("no byte of the signed attributes is free but the time of the service's own assertion", async () => {
  const world = makeWorld();
  const { signedAttributes, certificate } = decodePrepared(world.prepared[0]);
  const certificateDigest = await sha256(certificate.bytes);
  const documentDigest = signedAttributes.subarray(Buffer.from(signedAttributes).indexOf("0420", 0, "hex") + 2).subarray(0, 32);
  const expected = { documentDigest, certificate, certificateDigest, statement: approvedOf(world).statement };
  checkSignedAttributes(signedAttributes, expected);
  const text = Buffer.from(signedAttributes).toString("latin1");
  const time = text.search(/\d{14}Z/);
  for (let index = 0; index < signedAttributes.length; index += 1) {
    if (index >= time && index < time + 14) continue;
    const changed = Uint8Array.from(signedAttributes);
    changed[index] ^= 1;
    assert.match(await refusalOf(() => checkSignedAttributes(changed, expected)), /^attributes-/, `byte ${index}`);
  }
});

test("an answer that cannot be read is refused by name", async () => {
  const world = makeWorld();
  for (const change of [{ delta: "=" }, { certificate: "AAAA" }, { chain: null }, { issuance: {} }]) {
    assert.equal(await refusalOf(async () => decodePrepared({ ...world.prepared[0], ...change })), "malformed-answer");
  }
});

test("the receipt must be for the signature that this page made", async () => {
  const world = makeWorld();
  const digest = toHex(await sha256(decodePrepared(world.prepared[0]).certificate.bytes));
  assert.equal((await checkReceipt(world.receipt, digest, world.page)).size, 7);
  for (const change of [{ signer: "njupt:president" }, { agreement: "b".repeat(26) }, { pdf_sha256: "0".repeat(64) }]) {
    assert.equal(await refusalOf(() => checkReceipt({ ...world.receipt, ...change }, digest, world.page)), "receipt-mismatch");
  }
  assert.equal(await refusalOf(() => checkReceipt(world.receipt, "0".repeat(64), world.page)), "receipt-mismatch");
});

test("a receipt from another window is taken only where its event stands in the record", async () => {
  const world = makeWorld();
  assert.equal((await checkGivenReceipt(world.receipt, world.page)).size, 7);
  assert.equal(await refusalOf(() => checkGivenReceipt({ ...world.receipt, signer: "x:y" }, world.page)), "receipt-mismatch");
  assert.notEqual(await refusalOf(() => checkGivenReceipt({ ...world.receipt, index: 0 }, world.page)), null);
  await assert.rejects(() => checkGivenReceipt({}, world.page));
});
