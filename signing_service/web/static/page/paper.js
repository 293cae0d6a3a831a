/** An officer attests scanned pages; what the passkey signs is compared with the file that was chosen here. */

import { attestsExactly, mediaType, paperChallenge } from "../passkeys/paper.js";
import { askPasskey } from "../passkeys/webauthn.js";
import { toBase64url } from "../signing/base64url.js";
import { sha256, toHex } from "../signing/bytes.js";
import "./files.js";
import { say } from "./stages.js";
import { Mismatch, attempt, pageData, post } from "./passkey_page.js";

const root = document.querySelector("[data-papers]");
const page = pageData(root);

for (const card of root.querySelectorAll("[data-signer]")) {
  const form = card.querySelector("form");
  const button = form.querySelector("button");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(card, button, page, async () => {
      await attest(card.dataset, form);
      form.hidden = true;
      say(card, "data-done", page.words.attested);
    });
  });
  button.disabled = false; // the page disables it until this script can act
}

async function attest({ signer, person, name }, form) {
  const bytes = new Uint8Array(await form.elements.scan.files[0].arrayBuffer());
  const signed_on = form.elements.day.value;
  const scan = toBase64url(bytes);
  const address = page.attest.replace(/-$/, encodeURIComponent(signer));
  const { statement, passkey } = await post(`${address}/options`, { signed_on, scan });
  const { agreement, revision0, officer } = page;
  const document = toHex(await sha256(bytes));
  const shown = { agreement, revision0, signer, person, name, document, media_type: mediaType(bytes), signed_on, officer };
  if (!attestsExactly(statement, shown, new Date())) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await paperChallenge(statement));
  await post(address, { answer: await askPasskey({ ...passkey, challenge }), scan });
}
