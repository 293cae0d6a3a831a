import assert from "node:assert/strict";
import test from "node:test";
import { addsExactly, fingerprint, isSigned } from "../../signing_service/web/static/passkeys/succession.js";
import { concat, fromUtf8, sha256, toHex } from "../../signing_service/web/static/signing/bytes.js";
import { canonicalJson } from "../../signing_service/web/static/signing/canonical.js";

const PRESENT = {
  v: 1, name: "Alliance", root: { sha256: "aa" }, witnesses: { quorum: 1, keys: [] },
  officers: [{ id: "mei", name: "Mei", keys: ["m1"] }, { id: "lin", name: "Lin", keys: ["l1"] }], predecessor: null,
};
const RUSLAN = { person: "ruslan", name: "Ruslan", key: "r1" };
const bytesOf = (file) => concat(canonicalJson(file), fromUtf8("\n"));

async function successor(...officers) {
  const predecessor = { sha256: toHex(await sha256(bytesOf(PRESENT))), signature: "" };
  return { ...PRESENT, officers, predecessor };
}

const honest = () => successor(...PRESENT.officers, { id: "ruslan", name: "Ruslan", keys: ["r1"] });
const check = (file, item = RUSLAN) => addsExactly(file, bytesOf(PRESENT), item);

test("the present trust file and the new officer's key is signed", async () => {
  assert.equal(await check(await honest()), true);
});

test("a further key of an officer who is named is signed", async () => {
  const [mei, lin] = PRESENT.officers;
  const file = await successor(lin, { ...mei, keys: ["m1", "m2"] });
  assert.equal(await check(file, { person: "mei", name: "Mei", key: "m2" }), true);
});

test("whatever else the service changes along the way is refused", async () => {
  const file = await honest();
  const [mei, lin, ruslan] = file.officers;
  const changes = {
    root: { sha256: "bb" }, name: "Another", witnesses: { quorum: "none", keys: [] }, also: 1,
    officers: [mei, lin, { ...ruslan, keys: ["r1", "thief"] }],
    predecessor: { ...file.predecessor, signature: "AA" },
  };
  for (const [member, value] of Object.entries(changes)) {
    assert.equal(await check({ ...file, [member]: value }), false, member);
  }
  for (const officers of [[mei, ruslan], [{ ...mei, keys: ["m1", "thief"] }, lin, ruslan], [mei, lin]]) {
    assert.equal(await check({ ...file, officers }), false);
  }
});

test("another predecessor than the one that was fetched is refused", async () => {
  const file = await honest();
  assert.equal(await check({ ...file, predecessor: { sha256: "0".repeat(64), signature: "" } }), false);
});

test("the stored file is the one that was signed", async () => {
  const file = await honest();
  const signed = { ...file, predecessor: { ...file.predecessor, signature: "AA" } };
  assert.equal(isSigned(bytesOf(signed), file), true);
  assert.equal(isSigned(bytesOf(file), file), false);
  assert.equal(isSigned(bytesOf({ ...signed, name: "Another" }), file), false);
});

test("the fingerprint is spelt as it is published", async () => {
  assert.match(await fingerprint(bytesOf(PRESENT)), /^([a-z2-7]{4} ){7}[a-z2-7]{4}$/);
  assert.equal(await fingerprint(new Uint8Array()), "4oym iquy 7qob jgx3 6tej s35z eqt2 4qpe");
});
