/** Signing in with a passkey: offered among the browser's suggestions where it can do that, and by a button. */

import { PasskeyRefused, askPasskey, canSuggestPasskeys, canUsePasskeys } from "../passkeys/webauthn.js";
import { signingInFor } from "./kept.js";
import { attempt, pageData, post } from "./passkey_page.js";

const SUGGEST_AGAIN_MS = 9 * 60 * 1000; // before the question behind the suggestion has grown too old

const root = document.querySelector("[data-passkey-sign-in]");
const page = pageData(root);
const button = root.querySelector("button");
const next = signingInFor(page.next);
let suggesting = new AbortController();

document.querySelector("form input[name=next]").value = next;
for (const link of document.querySelectorAll("[data-university]")) {
  link.search = new URLSearchParams({ next });
}

/** Let a passkey answer, then go on. */
async function signIn(options = {}) {
  const { passkey } = await post(page.sign_in_options, {});
  const answer = await askPasskey(passkey, options);
  location.assign((await post(page.sign_in, { answer, next })).next);
}

/** The browser shows passkeys where the address is typed, until one is chosen or the button is pressed. */
async function suggest() {
  if (!(await canSuggestPasskeys())) return;
  const { signal } = suggesting;
  setTimeout(() => {
    if (signal.aborted) return;
    suggesting.abort();
    suggesting = new AbortController();
    suggest();
  }, SUGGEST_AGAIN_MS);
  await attempt(root, button, page, async () => {
    try {
      await signIn({ mediation: "conditional", signal });
    } catch (error) {
      if (!(error instanceof PasskeyRefused)) throw error; // nobody chose one: nothing to say
    }
  }, { busy: false });
}

root.hidden = !canUsePasskeys();
button.addEventListener("click", () => {
  suggesting.abort();
  suggesting = new AbortController();
  return attempt(root, button, page, signIn);
});
suggest();
