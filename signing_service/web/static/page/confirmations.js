/** An officer compares codes and confirms; each code is computed here, from the whole key. */

import { confirmationChallenge, enrolmentCode, tagged } from "../passkeys/code.js";
import { confirmsExactly } from "../passkeys/confirmation.js";
import { addsExactly, fingerprint, isSigned } from "../passkeys/succession.js";
import { askPasskey } from "../passkeys/webauthn.js";
import { fromBase64url, toBase64url } from "../signing/base64url.js";
import { concat, fromUtf8, sha256, toHex } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";
import { gap, say } from "./stages.js";
import { Mismatch, attempt, pageData, post, trustFile } from "./passkey_page.js";

const TRUST_TAG = "signing-service/trust-file/v1"; // docs/formats.md section 11

const root = document.querySelector("[data-confirmations]");
const page = pageData(root);

for (const item of page.enrolments) prepare(root.querySelector(`[data-item="${item.enrolment}"]`), item, "confirm", confirm);
for (const item of page.officer_keys) prepare(root.querySelector(`[data-officer-key="${item.credential}"]`), item, "add", add);

async function prepare(card, item, action, task) {
  const form = card.querySelector(`form[data-${action}]`);
  const button = form?.querySelector("button");
  card.querySelector("[data-code]").textContent = await enrolmentCode(fromBase64url(item.key));
  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(card, button, page, async () => {
      await task(item, form);
      form.hidden = true;
      for (const other of card.querySelectorAll("[data-refusal]")) other.hidden = true;
      say(card, "data-done", action === "confirm" ? page.words.done : page.words.added);
    });
  });
  const refusal = card.querySelector("form[data-refuse]"); // sent only once it is ticked that the codes differ
  const refuse = refusal?.querySelector("button");
  refusal?.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(card, refuse, page, async () => {
      await post(item.refuse, {});
      form.hidden = card.querySelector("[data-refusal]").hidden = true;
      card.querySelector("[data-done]").classList.remove("good");
      say(card, "data-done", page.words.not_confirmed);
    }, { place: "data-refusal-failure" });
  });
  if (refuse) refuse.disabled = false;
  if (button) button.disabled = false; // the page disables it until there is a code to compare, and this script to act
}

async function confirm(item, form) {
  const method = form.elements.method.value;
  const { statement, passkey } = await post(item.options, { method });
  const credential = toHex(await sha256(fromBase64url(item.key)));
  if (!confirmsExactly(statement, { ...item, credential, method, officer: page.officer }, new Date())) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await confirmationChallenge(statement));
  await post(item.confirm, { answer: await askPasskey({ ...passkey, challenge }) });
}

/**
 * Sign another officer's passkey in: the challenge is a hash of the whole trust file that will name it, and that is the
 * present one and this key, byte for byte. Both fingerprints are shown, to be compared with what is published.
 */
async function add(item, form) {
  const card = form.parentElement;
  const { file, passkey } = await post(`${page.addition.replace("/-/", `/${item.credential}/`)}?file=1`, {});
  const present = await trustFile(page);
  say(card, "data-present", `${page.words.present}${gap(page.words.present)}${await fingerprint(present)}`);
  if (!(await addsExactly(file, present, item))) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await tagged(TRUST_TAG, concat(canonicalJson(file), fromUtf8("\n"))));
  await post(page.trust_file, { answer: await askPasskey({ ...passkey, challenge }) });
  const stored = await trustFile(page);
  if (!isSigned(stored, file)) throw new Mismatch(page.words.differs);
  say(card, "data-successor", `${page.words.successor}${gap(page.words.successor)}${await fingerprint(stored)}`);
}
