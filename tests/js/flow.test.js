import assert from "node:assert/strict";
import test from "node:test";
import { SigningFlow } from "../../signing_service/web/static/signing/flow.js";
import { GrowingDocument } from "../../signing_service/web/static/signing/document.js";
import { ConnectionLost, ServiceError } from "../../signing_service/web/static/signing/transport.js";
import { bytes, makeKey, makeWorld, refusalOf } from "./world.js";

/** A service that answers each question from a list; an Error in the list is thrown. */
function makeService(world, { begin, approve, complete }) {
  const asked = [];
  const answerFrom = (name, answers) => async (...args) => {
    asked.push([name, ...args]);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const proposal = { status: 201, body: { attempt: "t1", statement: world.proposal, appearance: world.appearance, preview: "AAAA" } };
  return {
    asked,
    begin: answerFrom("begin", begin ?? [proposal]),
    approve: answerFrom("approve", approve ?? [{ status: 200, body: world.prepared[0] }]),
    complete: answerFrom("complete", complete ?? [{ status: 200, body: { receipt: world.receipt, receipt_url: "/r" } }]),
    document: new GrowingDocument((revision) => revision, (revision, { headers }) => fetchRevision(world, revision, headers)),
  };
}

async function fetchRevision(world, revision, headers) {
  const whole = bytes(world.revisions[revision]);
  const range = /^bytes=(\d+)-$/.exec(headers.Range ?? "");
  return range
    ? new Response(whole.subarray(Number(range[1])), { status: 206 })
    : new Response(whole, { status: 200 });
}

function makeFlow(world, service) {
  const moments = [];
  const flow = new SigningFlow(world.page, service, {
    onMoment: (moment) => moments.push(moment),
    now: () => world.now,
    pause: async () => {},
    makeKey: () => makeKey(world),
  });
  return { flow, moments };
}

async function signWith(answers, world = makeWorld()) {
  const service = makeService(world, answers(world));
  const { flow, moments } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  const result = await flow.sign({ password: "…" });
  return { result, moments, asked: service.asked };
}

const prepared = (world, round) => ({ status: 200, body: { prepared: world.prepared[round] } });
const done = (world) => ({ status: 200, body: { receipt: world.receipt, receipt_url: "/r" } });

test("a signature goes from the visible mark to the receipt", async () => {
  const { result, moments, asked } = await signWith((world) => ({ approve: [prepared(world, 0)] }));
  assert.equal(result.receipt.index, 5);
  assert.deepEqual(moments, ["reading", "key", "approval", "checking", "signing", "timestamp", "recorded"]);
  const [, attempt, { signature, revision }] = asked.at(-1);
  assert.deepEqual([attempt, revision, bytes(signature).length], ["t1", 1, 64]);
});

test("when somebody else came first, it signs again with the same key, unseen", async () => {
  const { moments, asked } = await signWith((world) => ({
    approve: [prepared(world, 0)],
    complete: [{ status: 409, body: { prepared: world.prepared[1] } }, done(world)],
  }));
  assert.deepEqual(moments.slice(-5), ["again", "checking", "signing", "timestamp", "recorded"]);
  assert.deepEqual(asked.filter(([name]) => name === "complete").map(([, , body]) => body.revision), [1, 2]);
  assert.equal(asked.filter(([name]) => name === "approve").length, 1);
});

test("what the service sends along of the document is not asked for again", async () => {
  const world = makeWorld();
  const [first, second] = world.revisions.map(bytes);
  const along = { start: first.length, bytes: Buffer.from(second.subarray(first.length)).toString("base64url") };
  const service = makeService(world, {
    approve: [prepared(world, 0)],
    complete: [{ status: 409, body: { prepared: { ...world.prepared[1], base_end: along } } }, done(world)],
  });
  const read = [];
  const inner = service.document.fetcher;
  service.document.fetcher = (revision, options) => (read.push(revision), inner(revision, options));
  const { flow } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  await flow.sign({ password: "…" });
  assert.deepEqual(read, [0]);
  const had = service.asked.filter(([name]) => name !== "begin").map(([, , body]) => body.have);
  assert.deepEqual(had, [first.length, first.length, second.length]);
});

test("bytes that do not continue the document are left, and what is missing is asked for", async () => {
  const world = makeWorld();
  const elsewhere = { start: 3, bytes: "AAAA" };
  const { asked } = await signWith(() => ({
    approve: [{ status: 200, body: { prepared: { ...world.prepared[0], base_end: elsewhere } } }],
    complete: [{ status: 409, body: { prepared: { ...world.prepared[1], base_end: elsewhere } } }, done(world)],
  }), world);
  assert.deepEqual(asked.filter(([name]) => name === "complete").map(([, , body]) => body.revision), [1, 2]);
});

test("it waits in the queue, and goes back to it when the turn was lost", async () => {
  const waiting = { status: 202, body: { waiting: 3, retry_after_ms: 450 } };
  const { moments, asked } = await signWith((world) => ({
    approve: [waiting, waiting, prepared(world, 0), waiting, prepared(world, 1)],
    complete: [{ status: 409, body: { waiting: 1, retry_after_ms: 150 } }, done(world)],
  }));
  assert.equal(moments.filter((moment) => moment === "waiting").length, 3);
  const approvals = asked.filter(([name]) => name === "approve").map(([, , body]) => body);
  assert.equal(new Set(approvals.map(({ request }) => request)).size, 1, "one key, one request");
});

test("whose passkey is asked for is told to wait for it", async () => {
  const world = makeWorld();
  const { flow, moments } = makeFlow(world, makeService(world, { approve: [prepared(world, 0)] }));
  await flow.propose({ typed: "x" });
  await flow.sign(async () => ({ password: "instead" })).catch(() => null);
  assert.deepEqual(moments.slice(0, 4), ["reading", "key", "passkey", "approval"]);
});

test("it says so while somebody keeps the turn to sign with a certificate of their own, and goes on afterwards", async () => {
  const held = { person: "Lin Shuyi", party: "NJUPT", until: "2025-04-11T04:30:00Z" };
  const reserved = { status: 202, body: { waiting: 1, retry_after_ms: 6000, reserved: held } };
  const { moments } = await signWith((world) => ({
    approve: [reserved, reserved, prepared(world, 0)],
    complete: [done(world)],
  }));
  assert.deepEqual(moments.slice(3, 6), ["reserved", "reserved", "checking"]);
});

test("a lost connection at every step is waited out", async () => {
  const lost = () => new ConnectionLost("gone");
  const { result, moments } = await signWith((world) => ({
    begin: [lost(), { status: 201, body: { attempt: "t1", statement: world.proposal, appearance: world.appearance, preview: "" } }],
    approve: [lost(), lost(), prepared(world, 0)],
    complete: [lost(), done(world)],
  }));
  assert.equal(moments.filter((moment) => moment === "lost").length, 4);
  assert.equal(result.page, "/r");
});

test("after a failed timestamp the same attempt is tried again with the same key", async () => {
  const world = makeWorld();
  const service = makeService(world, {
    approve: [prepared(world, 0)],
    complete: [new ServiceError(503, { error: "no timestamp" }), done(world)],
  });
  const { flow } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  await assert.rejects(flow.sign({ password: "…" }), ServiceError);
  const { receipt } = await flow.sign({ password: "…" });
  assert.equal(receipt.signer, "andaman:president");
  const keys = service.asked.filter(([name]) => name === "approve").map(([, , body]) => body.statement);
  assert.equal(new Set(keys).size, 1);
});

/** A passkey that signs anew at each touch; gives {touch, touches}. */
function makePasskey(world) {
  const passkey = { touches: 0 };
  passkey.touch = async () => {
    passkey.touches += 1;
    const answer = structuredClone(world.passkey.answer);
    if (passkey.touches > 1) answer.response.signature = Buffer.from([passkey.touches]).toString("base64url");
    return { passkey: answer };
  };
  return passkey;
}

/** Approves by a passkey twice, where the first time ends with `error`; gives {touches, sent (approvals)}. */
async function approveTwice(error) {
  const world = makeWorld();
  const service = makeService(world, { approve: [error, prepared(world, 0)] });
  const { flow } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  const passkey = makePasskey(world);
  await assert.rejects(flow.sign(passkey.touch), ServiceError);
  await flow.sign(passkey.touch).catch(() => {}); // what this world's service has prepared was approved by a password
  const sent = service.asked.filter(([name]) => name === "approve").map(([, , body]) => JSON.stringify(body.approval));
  return { touches: passkey.touches, sent };
}

test("an approval that the service may have taken before it failed is sent again, and no passkey asked anew", async () => {
  for (const status of [500, 503, 409, 429]) {
    const { touches, sent } = await approveTwice(new ServiceError(status, { error: "not now" }));
    assert.deepEqual([touches, sent.length, new Set(sent).size], [1, 2, 1], `${status}`);
  }
});

test("an approval that the service has refused is asked of the passkey anew", async () => {
  for (const status of [400, 403, 404, 422]) {
    const { touches, sent } = await approveTwice(new ServiceError(status, { error: "no" }));
    assert.deepEqual([touches, sent.length, new Set(sent).size], [2, 2, 2], `${status}`);
  }
});

test("a password that is typed anew after a failure is the one that is sent", async () => {
  const world = makeWorld();
  const service = makeService(world, { approve: [new ServiceError(503, { error: "not now" }), prepared(world, 0)] });
  const { flow } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  await assert.rejects(flow.sign({ password: "wrong" }), ServiceError);
  await flow.sign({ password: "right" });
  const sent = service.asked.filter(([name]) => name === "approve").map(([, , body]) => body.approval.password);
  assert.deepEqual(sent, ["wrong", "right"]);
});

test("when the answer to the signature was lost, trying again sends the same signature first", async () => {
  const world = makeWorld();
  const lost = Array.from({ length: 6 }, () => new ConnectionLost("gone"));
  const service = makeService(world, { approve: [prepared(world, 0)], complete: [...lost, done(world)] });
  const { flow } = makeFlow(world, service);
  await flow.propose({ typed: "Somchai" });
  await assert.rejects(flow.sign({ password: "…" }), ConnectionLost);
  await flow.sign({ password: "…" });
  const names = service.asked.map(([name]) => name);
  assert.deepEqual(names, ["begin", "approve", ...Array(7).fill("complete")]);
  assert.equal(new Set(service.asked.slice(2).map(([, , body]) => body.signature)).size, 1);
});

test("nothing is approved when revision 0 is not the document on the page", async () => {
  const world = makeWorld();
  world.page.revision0 = "0".repeat(64);
  const service = makeService(world, {});
  assert.equal(await refusalOf(() => makeFlow(world, service).flow.propose({ typed: "S" })), "base-revision0");
  assert.deepEqual(service.asked, []);
});

test("nothing is signed when the second preparation brings another certificate or another document", async () => {
  for (const [change, code] of [
    [{ certificate: makeWorld().prepared[0].chain[0] }, "certificate-key"],
    [{ base_length: 100 }, "base-length"],
  ]) {
    const refused = await refusalOf(() => signWith((world) => ({
      approve: [prepared(world, 0)],
      complete: [{ status: 409, body: { prepared: { ...world.prepared[1], ...change } } }],
    })));
    assert.equal(refused, code);
  }
});

test("a receipt about something else is not shown as success", async () => {
  const refused = await refusalOf(() => signWith((world) => ({
    approve: [prepared(world, 0)],
    complete: [{ status: 200, body: { receipt: { ...world.receipt, signer: "njupt:president" }, receipt_url: "/r" } }],
  })));
  assert.equal(refused, "receipt-mismatch");
});

test("each new proposal gets a key of its own", async () => {
  const world = makeWorld();
  let made = 0;
  const service = makeService(world, { approve: [prepared(world, 0)], complete: [new ServiceError(422, {})] });
  const flow = new SigningFlow(world.page, service, { now: () => world.now, makeKey: () => { made += 1; return makeKey(world); } });
  for (let round = 0; round < 2; round += 1) {
    await flow.propose({ typed: "S" });
    await assert.rejects(flow.sign({ password: "…" }));
  }
  assert.equal(made, 2);
});
