/** Proving presence by passkey; then what was sent before is sent again, as the form beside holds it. */

import { askPasskey, canUsePasskeys } from "../passkeys/webauthn.js";
import { attempt, pageData, post } from "./passkey_page.js";

const root = document.querySelector("[data-prove]");
const page = pageData(root);
const form = root.querySelector("[data-again]");
const place = root.querySelector("[data-by-passkey]");

if (place && canUsePasskeys()) {
  place.hidden = false;
  const button = place.querySelector("button");
  button.focus();
  button.addEventListener("click", () => attempt(root, button, page, async () => {
    const { passkey } = await post(page.step_up_options, {});
    await post(page.step_up, { answer: await askPasskey(passkey) });
    form.noValidate = true;
    form.submit(); // without the password fields' being filled in
  }));
}
