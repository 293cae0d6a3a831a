/** Declining to sign, approved by passkey: the challenge is a hash of the statement, which holds a hash of the reason. */

import { tagged } from "../passkeys/code.js";
import { askPasskey, canUsePasskeys } from "../passkeys/webauthn.js";
import { toBase64url } from "../signing/base64url.js";
import { fromUtf8, sha256, toHex } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";
import { Mismatch, attempt, pageData, post } from "./passkey_page.js";

const APPROVAL_TAG = "signing-service/approval/v1"; // docs/formats.md section 3

const root = document.querySelector("[data-decline]");
const page = pageData(root);
const form = root.querySelector("form");
const button = root.querySelector("[data-by-passkey]");

button.hidden = !canUsePasskeys();
button.addEventListener("click", () => attempt(root, button, page, async () => {
  const reason = form.elements.reason.value.split(/\s+/).filter(Boolean).join(" ").normalize("NFC");
  if (!form.elements.reason.reportValidity()) return;
  const { statement, passkey } = await post(page.refusal_options, { signer: page.signer, reason, consent_language: page.language });
  const right = statement.act === "refusal" && statement.agreement === page.agreement && statement.signer === page.signer
    && statement.mandate === page.mandate && statement.appearance === toHex(await sha256(fromUtf8(reason)));
  if (!right) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await tagged(APPROVAL_TAG, canonicalJson(statement)));
  const answer = await askPasskey({ ...passkey, challenge });
  await post(page.refusal, { signer: page.signer, reason, approval: { passkey: answer } });
  location.assign(page.next);
}));
