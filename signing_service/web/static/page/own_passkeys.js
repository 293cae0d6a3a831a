/** One's own passkeys: to sign in, and an officer's. */

import { enrolmentCode } from "../passkeys/code.js";
import { fromBase64url } from "../signing/base64url.js";
import { attempt, make, pageData, post } from "./passkey_page.js";

const root = document.querySelector("[data-own-passkeys]");
const page = pageData(root);

for (const button of root.querySelectorAll("[data-make]")) {
  button.addEventListener("click", () => attempt(root, button, page, async () => {
    const kind = button.dataset.make;
    const { answer } = await make(page, kind);
    await post(kind === "login" ? page.login_key : page.officer_key, { answer });
    location.reload();
  }));
}

for (const item of page.officer_keys) {
  const place = root.querySelector(`[data-officer-code="${item.credential}"]`);
  if (place) place.textContent = await enrolmentCode({ ...item, key: fromBase64url(item.key) });
}
