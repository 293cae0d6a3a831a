/** The invitation: its token stands behind the # of the address, which browsers send to nobody. */

import { canUsePasskeys } from "../passkeys/webauthn.js";
import { ask, persist } from "../signing/transport.js";
import { Stages, csrfToken, fill, say, sentence } from "./stages.js";

const root = document.querySelector("[data-invitation]");
const stages = new Stages(root);
const form = root.querySelector("[data-accept-form]");
const token = location.hash.slice(1);

const post = (url, body) => persist(async () => (await ask("POST", url, { body, token: csrfToken() })).body);

async function open() {
  stages.show("opening", { focus: false });
  try {
    welcome(await post(root.dataset.open, { token }));
  } catch (error) {
    say(root, "data-failure", sentence(error.message));
    say(root, "data-failure-hint", sentence(error.hint));
    stages.show("failed");
  }
}

function welcome(invitation) {
  const greeting = root.querySelector("[data-greeting]");
  greeting.textContent = fill(greeting.dataset.text, { name: invitation.person });
  const list = root.querySelector("[data-parties]");
  list.replaceChildren(...invitation.roles.map(describe));
  list.hidden = root.querySelector("[data-parties-intro]").hidden = invitation.roles.length === 0;
  form.elements.username.value = invitation.email;
  form.querySelector("[data-password]").hidden = !invitation.needs_password;
  form.elements.password.disabled = !invitation.needs_password;
  form.querySelector("[data-with-passkey]").hidden = !(invitation.needs_password && canUsePasskeys());
  stages.show("welcome");
}

function describe({ title, party, role }) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = title;
  item.append(name, document.createElement("br"), `${party} · ${role}`);
  return item;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button:not([type])");
  button.disabled = true;
  const { password } = form.elements;
  try {
    const { next } = await post(root.dataset.accept, password.disabled ? { token } : { token, password: password.value });
    location.replace(next);
  } catch (error) {
    say(form, "data-refused", [error.message, error.hint].map(sentence).filter(Boolean).join(" "));
    button.disabled = false;
    password.focus();
  }
});

/** Without a password: the link opens the session, and the passkey made in it opens the next one. */
form.querySelector("[data-with-passkey]").addEventListener("click", async (event) => {
  event.target.disabled = true;
  try {
    const { next } = await post(root.dataset.accept, { token, passkey: true });
    location.replace(`${root.dataset.passkeys}?next=${encodeURIComponent(next)}`);
  } catch (error) {
    say(form, "data-refused", [error.message, error.hint].map(sentence).filter(Boolean).join(" "));
    event.target.disabled = false;
  }
});

root.querySelector("[data-again]").addEventListener("click", open);
addEventListener("hashchange", () => location.reload());
open();
