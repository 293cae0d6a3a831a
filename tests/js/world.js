/** The signing that tests/js/world.py made, decoded for the tests. Its path comes in the environment. */

import { readFileSync } from "node:fs";
import { fromBase64url } from "../../signing_service/web/static/signing/base64url.js";
import { canonicalJson } from "../../signing_service/web/static/signing/canonical.js";

const text = readFileSync(process.env.SIGNING_WORLD, "utf8");

/** A fresh copy, so that a test may change it. */
export const makeWorld = () => JSON.parse(text);

export const bytes = fromBase64url;

/** What the browser made and approved. */
export const approvedOf = (world) => ({
  spki: bytes(world.spki),
  statement: canonicalJson({ ...world.proposal, key: world.spki }),
  appearance: bytes(world.appearance),
});

/** The one-time key that the certificate of this world names. */
export async function makeKey(world) {
  const curve = { name: "ECDSA", namedCurve: "P-256" };
  const privateKey = await crypto.subtle.importKey("pkcs8", bytes(world.key), curve, false, ["sign"]);
  return { privateKey, spki: bytes(world.spki) };
}

/** The code of the Refusal that `action` ends in; fails if it ends well or in another error. */
export async function refusalOf(action) {
  try {
    await action();
  } catch (error) {
    if (error.name !== "Refusal") throw error;
    return error.code;
  }
  throw new Error("nothing was refused");
}
