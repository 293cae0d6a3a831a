/** A lead officer extends signing; what the passkey signs is compared with what was written here. */

import { extendsExactly, extensionChallenge, oneLine } from "../passkeys/extension.js";
import { askPasskey } from "../passkeys/webauthn.js";
import { toBase64url } from "../signing/base64url.js";
import { Mismatch, attempt, pageData, post } from "./passkey_page.js";

const root = document.querySelector("[data-extension]");
const page = pageData(root);
const form = root.querySelector("form");
const button = form.querySelector("button");

form.addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(root, button, page, async () => {
    await extend();
    location.assign(page.followed); // which says that it was done, and the new end
  });
});
button.disabled = false; // the page disables it until this script can act

async function extend() {
  const local = form.elements.until.value;
  const zone = form.elements.zone.value;
  const reason = oneLine(form.elements.reason.value);
  const { statement, passkey } = await post(page.options, { until: local, zone, reason });
  const { agreement, revision0, officer, closes } = page;
  const shown = { agreement, revision0, officer, closes, reason };
  if (!extendsExactly(statement, shown, { local, zone }, new Date())) throw new Mismatch(page.words.differs);
  const challenge = toBase64url(await extensionChallenge(statement));
  await post(page.extend, { answer: await askPasskey({ ...passkey, challenge }) });
}
