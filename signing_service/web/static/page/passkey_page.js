/** What the pages of passkeys share: their data, asking the service, making a passkey, telling what went wrong. */

import { PasskeyRefused, canUsePasskeys, createPasskey } from "../passkeys/webauthn.js";
import { ConnectionLost, ask } from "../signing/transport.js";
import { ProofDeclined, proven } from "./proving.js";
import { csrfToken, joined, say } from "./stages.js";

export const pageData = (root) => JSON.parse(root.querySelector("[data-page]").textContent);

export const get = async (url) => (await ask("GET", url)).body;

export const post = async (url, body) => (await ask("POST", url, { body, token: csrfToken() })).body;

/** Make a passkey of `kind`; gives {answer, key (COSE_Key bytes)}. */
export async function make(page, kind) {
  const { passkey } = await post(page.options, { kind });
  return createPasskey(passkey);
}

/** The bytes of the trust file as anybody gets them. */
export async function trustFile(page) {
  const response = await fetch(page.trust_json, { cache: "no-store" });
  if (!response.ok) throw new ConnectionLost();
  return new Uint8Array(await response.arrayBuffer());
}

/** Stop: what the service shows is not what this browser knows. */
export class Mismatch extends Error {}

/**
 * Run `task` for a click on `button`; what goes wrong is said in `root`'s element with the attribute `place`. Where the
 * service wants a fresh proof of presence first, a dialog asks for it and the task goes on. `busy`: the button rests.
 */
export async function attempt(root, button, page, task, { busy = true, place = "data-failure" } = {}) {
  const { words } = page;
  say(root, place, canUsePasskeys() ? "" : words.unsupported);
  if (!canUsePasskeys()) return;
  button.disabled = busy;
  try {
    await proven(task);
  } catch (error) {
    if (!(error instanceof ProofDeclined)) say(root, place, explain(error, words));
  } finally {
    button.disabled = false;
  }
}

function explain(error, words) {
  if (error instanceof PasskeyRefused) return error.known ? words.known : words.refused;
  if (error instanceof ConnectionLost) return words.lost;
  return joined(error.message, error.hint);
}
