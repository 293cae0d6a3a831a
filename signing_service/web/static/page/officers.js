/** A lead officer lets another leave: the passkey signs the trust file in which that officer's time has ended. */

import { tagged } from "../passkeys/code.js";
import { endsExactly, fingerprint, isSigned } from "../passkeys/succession.js";
import { askPasskey } from "../passkeys/webauthn.js";
import { toBase64url } from "../signing/base64url.js";
import { concat, fromUtf8 } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";
import { gap, say } from "./stages.js";
import { Mismatch, attempt, pageData, post, trustFile } from "./passkey_page.js";

const TRUST_TAG = "signing-service/trust-file/v1"; // docs/formats.md section 11

const root = document.querySelector("[data-officers]");
const page = pageData(root);

for (const button of root.querySelectorAll("[data-remove]")) {
  button.addEventListener("click", () => attempt(root, button, page, async () => {
    await remove(button.dataset.remove);
    say(root, "data-done", page.words.left);
    root.querySelector(`[data-officer="${button.dataset.remove}"]`).remove();
  }));
}

async function remove(leaving) {
  const { file, passkey } = await post(`${page.removal.replace("/-/", `/${leaving}/`)}?file=1`, {});
  const present = await trustFile(page);
  say(root, "data-present", `${page.words.present}${gap(page.words.present)}${await fingerprint(present)}`);
  if (!(await endsExactly(file, present, leaving, new Date()))) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await tagged(TRUST_TAG, concat(canonicalJson(file), fromUtf8("\n"))));
  await post(page.trust_file, { answer: await askPasskey({ ...passkey, challenge }) });
  const stored = await trustFile(page);
  if (!isSigned(stored, file)) throw new Mismatch(page.words.differs);
  say(root, "data-successor", `${page.words.successor}${gap(page.words.successor)}${await fingerprint(stored)}`);
}
