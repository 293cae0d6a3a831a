/** A representative makes passkeys and waits, with the code on the screen, until an officer has confirmed. */

import { enrolmentCode } from "../passkeys/code.js";
import { PasskeyRefused } from "../passkeys/webauthn.js";
import { toBase64url, fromBase64url } from "../signing/base64url.js";
import { Stages } from "./stages.js";
import { Mismatch, attempt, get, make, pageData, post } from "./passkey_page.js";

const POLL_MS = 4000;
const MEMORY = "approval-key "; // what the names begin with

const root = document.querySelector("[data-enrolment]");
const page = pageData(root);
const stages = new Stages(root);
const button = (selector) => root.querySelector(selector);
const memory = `${MEMORY}${page.enrol} ${page.signer}`; // the key that this browser's device made

button("[data-make-login]").addEventListener("click", (event) => attempt(root, event.target, page, async () => {
  const { answer } = await make(page, "login");
  await post(page.login_key, { answer });
  stages.show("approval");
}));

button("[data-skip]").addEventListener("click", () => stages.show("approval"));

button("[data-make-approval]").addEventListener("click", (event) => attempt(root, event.target, page, async () => {
  let made;
  try {
    made = await make(page, "approval");
  } catch (error) {
    if (!(error instanceof PasskeyRefused && error.known)) throw error;
    await enrolAgain();
    return;
  }
  localStorage.setItem(memory, toBase64url(made.key));
  await show(await post(page.enrol, { signer: page.signer, answer: made.answer }));
}));

/** The device has the person's passkey already, of another agreement or an earlier mandate: that one approves here too. */
async function enrolAgain() {
  const enrolment = await post(page.again, { signer: page.signer });
  const seen = Object.entries(localStorage).some(([name, key]) => name.startsWith(MEMORY) && key === enrolment.key);
  if (seen) localStorage.setItem(memory, enrolment.key);
  else localStorage.removeItem(memory);
  location.reload(); // it can be revoked from now on
}

button("[data-revoke]")?.addEventListener("click", (event) => attempt(root, event.target, page, async () => {
  await post(event.target.dataset.revoke, { reason: "lost" });
  localStorage.removeItem(memory);
  location.reload();
}));

/**
 * Show where an enrolment stands. A code is shown only of the key that this browser saw its device make: of any other
 * the service could say what it likes, and the person would read out the code of somebody else's key.
 */
async function show(enrolment) {
  const own = localStorage.getItem(memory);
  if (own !== null && own !== enrolment.key) throw new Mismatch(page.words.swapped);
  root.querySelector("[data-made]").hidden = false;
  if (enrolment.state === "confirmed") return stages.show("confirmed");
  if (own !== null) root.querySelector("[data-code]").textContent = await enrolmentCode(fromBase64url(own));
  stages.show(own === null ? "elsewhere" : "code");
  return setTimeout(() => follow(enrolment.enrolment), POLL_MS);
}

async function follow(id) {
  let found;
  try {
    found = (await get(page.state)).enrolments.find((one) => one.enrolment === id);
  } catch {
    setTimeout(() => follow(id), POLL_MS); // the connection comes back, or the person reloads
    return;
  }
  if (found?.state === "waiting") setTimeout(() => follow(id), POLL_MS);
  else location.reload();
}

const [newest] = page.enrolments;
if (newest) attempt(root, button("[data-make-approval]"), page, () => show(newest));
else stages.show(page.login ? "approval" : "login", { focus: false });
