/** One's own passkeys: to sign in, and an officer's. */

import { enrolmentCode } from "../passkeys/code.js";
import { fromBase64url, toBase64url } from "../signing/base64url.js";
import { attempt, make, pageData, post } from "./passkey_page.js";

const MADE_HERE = "officer-key "; // then the key that this browser saw its device make, base64url

const root = document.querySelector("[data-own-passkeys]");
const page = pageData(root);

for (const button of root.querySelectorAll("[data-make]")) {
  button.addEventListener("click", () => attempt(root, button, page, async () => {
    const kind = button.dataset.make;
    const { answer, key } = await make(page, kind);
    if (kind === "officer") localStorage.setItem(MADE_HERE + toBase64url(key), "");
    await post(kind === "login" ? page.login_key : page.officer_key, { answer });
    location.reload();
  }));
}

// A code is shown only of a key that was made here: of any other the service could say what it likes.
for (const item of page.officer_keys) {
  const place = root.querySelector(`[data-officer-key="${item.credential}"]`);
  if (place === null) continue;
  const here = localStorage.getItem(MADE_HERE + item.key) !== null;
  place.querySelector("[data-elsewhere]").hidden = here;
  if (here) place.querySelector("[data-code]").textContent = await enrolmentCode(fromBase64url(item.key));
}
