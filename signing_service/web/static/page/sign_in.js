/** Signing in with a passkey: the device offers those that it has for this service. */

import { askPasskey, canUsePasskeys } from "../passkeys/webauthn.js";
import { attempt, pageData, post } from "./passkey_page.js";

const root = document.querySelector("[data-passkey-sign-in]");
const page = pageData(root);
const button = root.querySelector("button");

root.hidden = !canUsePasskeys();
button.addEventListener("click", () => attempt(root, button, page, async () => {
  const { passkey } = await post(page.sign_in_options, {});
  const { next } = await post(page.sign_in, { answer: await askPasskey(passkey), next: page.next });
  location.assign(next);
}));
