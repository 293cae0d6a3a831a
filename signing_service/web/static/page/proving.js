/** A fresh proof of presence where the service asks for one, in a dialog; what was begun then goes on. */

import { PasskeyRefused, askPasskey, canUsePasskeys } from "../passkeys/webauthn.js";
import { ServiceError, ask } from "../signing/transport.js";
import { csrfToken, joined, say } from "./stages.js";

let dialog = null; // made when it is needed first

/** The person closed the dialog: nothing was done. */
export class ProofDeclined extends Error {}

/** Do `task`; where a proof of presence is what is missing, ask for it and do the task again, from its beginning. */
export async function proven(task) {
  try {
    return await task();
  } catch (error) {
    if (!error.prove) throw error;
    if (!error.means?.passkey && !error.means?.password) return leave(error.prove); // nothing to prove it with yet
    await askForProof(error);
    return task();
  }
}

/** The page that says what can be made to prove it with; it leads back here. */
function leave(address) {
  location.assign(`${address}?${new URLSearchParams({ next: location.pathname })}`);
  throw new ProofDeclined();
}

function makeDialog() {
  const made = document.querySelector("[data-proving-template]").content.cloneNode(true).querySelector("dialog");
  made.querySelector("[data-close]").addEventListener("click", () => made.close());
  document.body.append(made);
  return made;
}

function askForProof({ prove, means }) {
  dialog ??= makeDialog();
  const form = dialog.querySelector("form");
  const byPasskey = dialog.querySelector("[data-by-passkey]");
  byPasskey.hidden = !(means.passkey && canUsePasskeys());
  show("[data-by-password]", means.password);
  show("[data-by-code]", means.password && means.code);
  say(dialog, "data-proof-failure", "");
  dialog.showModal();
  const { signal, resolve, reject, promise } = pending();
  const tryOut = (way) => async (event) => {
    event.preventDefault();
    try {
      await way();
      resolve();
      dialog.close();
    } catch (error) {
      if (error instanceof PasskeyRefused) say(dialog, "data-proof-failure", dialog.dataset.refused);
      else say(dialog, "data-proof-failure", joined(error.message, error.hint));
    }
  };
  form.addEventListener("submit", tryOut(() => sendPassword(prove, form)), { signal });
  byPasskey.addEventListener("click", tryOut(sendPasskey), { signal });
  dialog.addEventListener("close", () => { form.reset(); reject(new ProofDeclined()); }, { signal });
  return promise;
}

function pending() {
  const ended = new AbortController();
  let settle;
  const promise = new Promise((resolve, reject) => { settle = { resolve, reject }; });
  return { ...settle, signal: ended.signal, promise: promise.finally(() => ended.abort()) };
}

function show(selector, shown) {
  const part = dialog.querySelector(selector);
  part.hidden = !shown;
  for (const field of part.querySelectorAll("input, button")) field.disabled = !shown;
}

async function sendPasskey() {
  const { optionsUrl, proofUrl } = dialog.dataset;
  const token = csrfToken();
  const { body } = await ask("POST", optionsUrl, { body: {}, token });
  await ask("POST", proofUrl, { body: { answer: await askPasskey(body.passkey) }, token });
}

/** The same form as the page's that asks without scripts. */
async function sendPassword(address, form) {
  const response = await fetch(address, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRF-Token": csrfToken() },
    body: new URLSearchParams(new FormData(form)),
    credentials: "same-origin",
  });
  if (!response.ok) throw new ServiceError(response.status, await response.json());
}
