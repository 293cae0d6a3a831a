import assert from "node:assert/strict";
import test from "node:test";
import { concat, fromUtf8, sha256 } from "../../signing_service/web/static/signing/bytes.js";
import { verifyByArithmetic, verifyEd25519 } from "../../signing_service/web/static/signing/ed25519.js";
import {
  checkOpening, leafHash, openCheckpoint, parseProof, verifyInclusion,
} from "../../signing_service/web/static/signing/record.js";
import { bytes, makeWorld, refusalOf } from "./world.js";

const keyOf = (world) => world.page.trust.record_key;

const openingOf = ({ issuance }) => ({
  ...issuance, event: bytes(issuance.event), salt: bytes(issuance.salt), entry: bytes(issuance.entry),
});

test("an event opens its entry in the signed checkpoint", async () => {
  const world = makeWorld();
  const checkpoint = await checkOpening(openingOf(world.prepared[0]), keyOf(world));
  assert.equal(checkpoint.size, 7);
});

test("every part of an opening that is changed is refused", async () => {
  const world = makeWorld();
  const good = openingOf(world.prepared[0]);
  const flipped = (data) => Uint8Array.from(data, (value, index) => (index === 20 ? value ^ 1 : value));
  const lines = good.proof.split("\n");
  const withLine = (index, line) => lines.map((old, at) => (at === index ? line : old)).join("\n");
  const wrong = {
    "record-opening": [{ salt: flipped(good.salt) }, { salt: good.salt.subarray(1) }],
    "record-inclusion": [
      { index: 4 }, { proof: good.proof.replace("index 3", "index 4") }, { proof: good.proof.replace("tlog-proof@v1", "x") },
      { proof: withLine(2, lines[3]) }, { proof: lines.filter((_, at) => at !== 2).join("\n") },
    ],
    "record-checkpoint": [
      { proof: good.proof.replace("\n7\n", "\n8\n") }, { proof: good.proof.replace(/— .*\n$/, "") },
      { proof: good.proof.replace(/([A-Za-z0-9+/]{8})(=*)\n$/, "AAAAAAAA$2\n") },
    ],
  };
  for (const [code, changes] of Object.entries(wrong)) {
    for (const change of changes) {
      const refused = await refusalOf(() => checkOpening({ ...good, ...change }, keyOf(world)));
      assert.equal(refused, code, JSON.stringify(change));
    }
  }
});

test("a checkpoint that another key signed is refused", async () => {
  const world = makeWorld();
  const { checkpoint } = parseProof(world.prepared[0].issuance.proof);
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign"]);
  const other = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const name = keyOf(world).split("+")[0];
  const encoded = concat(Uint8Array.of(1), other);
  const id = Buffer.from((await sha256(fromUtf8(`${name}\n`), encoded)).subarray(0, 4)).toString("hex");
  const stranger = `${name}+${id}+${Buffer.from(encoded).toString("base64")}`;
  assert.equal(await refusalOf(() => openCheckpoint(checkpoint, stranger)), "record-checkpoint");
  assert.equal(await refusalOf(() => openCheckpoint(checkpoint, keyOf(world).replace(/\+\w{8}\+/, "+00000000+"))), "record-checkpoint");
});

/** RFC 6962 section 2.1, straight from its definitions. */
async function rootOf(leaves) {
  if (leaves.length === 1) return leaves[0];
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return sha256(Uint8Array.of(1), await rootOf(leaves.slice(0, split)), await rootOf(leaves.slice(split)));
}

async function pathOf(index, leaves) {
  if (leaves.length === 1) return [];
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split
    ? [...(await pathOf(index, left)), await rootOf(right)]
    : [...(await pathOf(index - split, right)), await rootOf(left)];
}

test("inclusion proofs of every leaf in trees of 1 to 20 leaves hold, and no other index does", async () => {
  const leaves = await Promise.all(Array.from({ length: 20 }, (_, index) => leafHash(Uint8Array.of(index))));
  for (let size = 1; size <= leaves.length; size += 1) {
    const part = leaves.slice(0, size);
    const root = await rootOf(part);
    for (let index = 0; index < size; index += 1) {
      const path = await pathOf(index, part);
      await verifyInclusion(index, size, leaves[index], path, root);
      assert.equal(await refusalOf(() => verifyInclusion((index + 1) % (size + 1), size, leaves[index], path, root)), "record-inclusion");
      assert.equal(await refusalOf(() => verifyInclusion(index, size, leaves[index], [...path, root], root)), "record-inclusion");
    }
  }
});

test("Ed25519 by arithmetic agrees with WebCrypto, on good and on changed signatures", async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign"]);
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  for (let round = 0; round < 8; round += 1) {
    const message = crypto.getRandomValues(new Uint8Array(round * 7));
    const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, message));
    assert.equal(await verifyByArithmetic(key, signature, message), true);
    signature[round * 8] ^= 1 << round;
    assert.equal(await verifyByArithmetic(key, signature, message), false);
    assert.equal(await verifyEd25519(key, signature, message), false);
  }
});

test("Ed25519 verifies test 3 of RFC 8032 section 7.1", async () => {
  const from = (text) => Uint8Array.from(Buffer.from(text, "hex"));
  const key = from("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025");
  const signature = from("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a");
  assert.equal(await verifyByArithmetic(key, signature, from("af82")), true);
});
