/**
 * The record, as far as a signer checks it: a signed checkpoint (C2SP signed-note and tlog-checkpoint), an
 * inclusion proof (RFC 6962, C2SP tlog-proof) and an entry that opens to its event (docs/formats.md section 7).
 */

import { equal, fromUtf8, sha256, taggedSha256, toHex } from "./bytes.js";
import { fromBase64 } from "./base64url.js";
import { parseCanonicalJson } from "./canonical.js";
import { verifyEd25519 } from "./ed25519.js";
import { Refusal, require } from "./refusal.js";

const PROOF_HEADER = "c2sp.org/tlog-proof@v1";
const ED25519 = 1; // signature type of a log's key, C2SP signed-note
const MAX_HASHES = 63; // of an inclusion proof

/** Parse `<name>+<key id>+<base64 key>`; gives {name, id (4 bytes), key (32 bytes)}. */
export async function parseVerifierKey(text) {
  const match = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text);
  require(match, "record-checkpoint", "malformed verifier key");
  const encoded = fromBase64(match[3]);
  require(encoded.length === 33 && encoded[0] === ED25519, "record-checkpoint", "the key is not Ed25519");
  const id = (await sha256(fromUtf8(`${match[1]}\n`), encoded)).subarray(0, 4);
  require(toHex(id) === match[2], "record-checkpoint", "key id");
  return { name: match[1], id, key: encoded.subarray(1) };
}

/** The {size, root} of a checkpoint note that `verifierKey` signed; throws Refusal("record-checkpoint"). */
export async function openCheckpoint(note, verifierKey) {
  const split = note.lastIndexOf("\n\n");
  require(split > 0 && note.endsWith("\n"), "record-checkpoint", "malformed note");
  const text = note.slice(0, split + 1);
  const { name, id, key } = await parseVerifierKey(verifierKey);
  const signature = note.slice(split + 2, -1).split("\n").map((line) => readSignature(line, name, id)).find(Boolean);
  require(signature && (await verifyEd25519(key, signature, fromUtf8(text))), "record-checkpoint", "signature");
  const [origin, size, root] = text.split("\n");
  require(origin === name && /^(0|[1-9]\d{0,15})$/.test(size), "record-checkpoint", "origin or size");
  return { size: Number(size), root: fromBase64(root) };
}

function readSignature(line, name, id) {
  const match = /^\u2014 (\S+) (\S+)$/.exec(line);
  require(match, "record-checkpoint", "malformed signature line");
  if (match[1] !== name) return null;
  const bytes = fromBase64(match[2]);
  return equal(bytes.subarray(0, 4), id) ? bytes.subarray(4) : null;
}

/** Parse a tlog-proof; gives {index, hashes, checkpoint (the note)}. */
export function parseProof(text) {
  const split = text.indexOf("\n\n");
  const [header, ...lines] = text.slice(0, split).split("\n");
  require(split > 0 && header === PROOF_HEADER, "record-inclusion", "malformed proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (0|[1-9]\d{0,15})$/.exec(lines.shift() ?? "");
  require(index && lines.length <= MAX_HASHES, "record-inclusion", "malformed proof");
  return { index: Number(index[1]), hashes: lines.map(fromBase64), checkpoint: text.slice(split + 2) };
}

/** SHA-256(00 ‖ entry), RFC 6962 section 2.1. */
export const leafHash = (entry) => sha256(Uint8Array.of(0), entry);

const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

/** Throws Refusal("record-inclusion") unless `leaf` is at `index` in the tree of `size` and `root` (RFC 9162 section 2.1.3.2). */
export async function verifyInclusion(index, size, leaf, hashes, root) {
  require(index < size && hashes.every((hash) => hash.length === 32), "record-inclusion", "index");
  let [position, last, computed] = [index, size - 1, leaf];
  for (const hash of hashes) {
    require(last > 0, "record-inclusion", "the proof is too long");
    if (position % 2 === 1 || position === last) {
      computed = await nodeHash(hash, computed);
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)];
    } else {
      computed = await nodeHash(computed, hash);
    }
    [position, last] = [half(position), half(last)];
  }
  require(last === 0 && equal(computed, root), "record-inclusion", "root");
}

const half = (value) => Math.floor(value / 2); // sizes may be beyond 32 bits

/**
 * Open an event in the record: `opening` is {event (canonical JSON bytes), salt, entry (bytes), index, proof (text)}.
 *
 * Throws a Refusal unless the entry commits to the event and stands in a checkpoint that `verifierKey` signed.
 * Gives the checkpoint {size, root}.
 */
export async function checkOpening(opening, verifierKey) {
  try {
    return await openAndProve(opening, verifierKey);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal("record-inclusion", error.message);
  }
}

async function openAndProve({ event, salt, entry, index, proof }, verifierKey) {
  require(salt.length === 32, "record-opening", "salt");
  const commitment = toHex(await taggedSha256("signing-service/event/v1", salt, event));
  const [opened, committed] = [parseCanonicalJson(event), parseCanonicalJson(entry)];
  const repeated = ["v", "scope", "type", "sequence"].every((member) => committed[member] === opened[member]);
  require(committed.commitment === commitment && repeated, "record-opening");

  const parsed = parseProof(proof);
  require(parsed.index === index, "record-inclusion", "another index");
  const checkpoint = await openCheckpoint(parsed.checkpoint, verifierKey);
  await verifyInclusion(index, checkpoint.size, await leafHash(entry), parsed.hashes, checkpoint.root);
  return checkpoint;
}
