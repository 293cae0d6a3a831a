import assert from "node:assert/strict";
import test from "node:test";
import { checkSignedAttributes } from "../../signing_service/web/static/signing/attributes.js";
import { toBase64url } from "../../signing_service/web/static/signing/base64url.js";
import { readCertificate } from "../../signing_service/web/static/signing/certificate.js";
import { sha256 } from "../../signing_service/web/static/signing/bytes.js";
import { SigningFlow } from "../../signing_service/web/static/signing/flow.js";
import { ServiceError } from "../../signing_service/web/static/signing/transport.js";
import { enrolmentCode } from "../../signing_service/web/static/passkeys/code.js";
import { coseKey } from "../../signing_service/web/static/passkeys/webauthn.js";
import { approvedOf, bytes, makeKey, makeWorld, refusalOf } from "./world.js";

const ALL = Uint8Array.from({ length: 77 }, (_, value) => value);

test("the code is the one that the service and every other implementation compute", async () => {
  assert.equal(await enrolmentCode(ALL, "https://sign.example.org"), "FYD5 OX52 HFT7 A4UC");
  assert.notEqual(await enrolmentCode(ALL, "https://sign.example.com"), "FYD5 OX52 HFT7 A4UC");
});

test("the key is read out of what the authenticator attested, whatever follows it", () => {
  const { attestation_object: object, key } = makeWorld().passkey;
  assert.equal(toBase64url(coseKey(bytes(object))), key);
});

test("a registration without a key is refused", () => {
  const object = bytes(makeWorld().passkey.attestation_object);
  for (const broken of [object.subarray(0, 20), new Uint8Array(200), object.subarray(0, object.length - 90)]) {
    assert.throws(() => coseKey(broken), RangeError);
  }
});

const parts = ({ id, response }) => ({
  credentialId: bytes(id),
  authenticatorData: bytes(response.authenticatorData),
  clientData: bytes(response.clientDataJSON),
  signature: bytes(response.signature),
});

async function check(world, changes = {}) {
  const certificate = readCertificate(bytes(world.passkey.certificate));
  checkSignedAttributes(bytes(world.passkey.signed_attributes), {
    documentDigest: new Uint8Array(32),
    certificate,
    certificateDigest: await sha256(certificate.bytes),
    statement: approvedOf(world).statement,
    assertion: parts(world.passkey.answer),
    ...changes,
  });
}

test("the attributes must hold the very assertion that this passkey gave", async () => {
  const world = makeWorld();
  await check(world);
  for (const part of ["credentialId", "authenticatorData", "clientData", "signature"]) {
    const assertion = parts(world.passkey.answer);
    assertion[part][3] ^= 1;
    assert.equal(await refusalOf(() => check(world, { assertion })), "attributes-approval", part);
  }
});

test("a password's approval in place of the passkey's is refused, and the other way round", async () => {
  const world = makeWorld();
  assert.equal(await refusalOf(() => check(world, { assertion: null })), "attributes-approval");
});

function makeFlow(world, approve) {
  const begun = { attempt: "t1", statement: world.proposal, appearance: world.appearance, preview: "AAAA" };
  const service = {
    begin: async () => ({ status: 201, body: { ...begun, approvals: { passkey: { rpId: "x" } } } }),
    approve,
    document: { readRevision0: async () => bytes(world.revisions[0]), read: async () => bytes(world.revisions[0]) },
  };
  return new SigningFlow(world.page, service, { now: () => world.now, pause: async () => {}, makeKey: () => makeKey(world) });
}

test("the passkey is asked for the challenge of exactly the proposed statement", async () => {
  const world = makeWorld();
  const asked = [];
  const flow = makeFlow(world, async (attempt, body) => {
    asked.push(body);
    throw new ServiceError(403, { error: "no" });
  });
  const { approvals } = await flow.propose({ typed: "Somchai" });
  assert.deepEqual(approvals, { passkey: { rpId: "x" } });
  const challenges = [];
  const approve = async (challenge) => {
    challenges.push(toBase64url(challenge));
    return { passkey: world.passkey.answer };
  };
  await assert.rejects(flow.sign(approve), ServiceError);
  await assert.rejects(flow.sign(approve), ServiceError);
  assert.deepEqual(challenges, [world.passkey.challenge, world.passkey.challenge]);
  assert.deepEqual(asked[0].approval, { passkey: world.passkey.answer });
});
