/** The invitation: its token stands behind the # of the address, which browsers send to nobody. */

import { PasskeyRefused, canUsePasskeys, createPasskey } from "../passkeys/webauthn.js";
import { ask, persist } from "../signing/transport.js";
import { Stages, csrfToken, fill, joined, say, sentence } from "./stages.js";

const FINAL = new Set([400, 403, 404]);

const root = document.querySelector("[data-invitation]");
const stages = new Stages(root);
const form = root.querySelector("[data-accept-form]");
const token = location.hash.slice(1);
const accept = root.dataset.accept + location.search; // with the language in which the link was sent

const post = (url, body) => persist(async () => (await ask("POST", url, { body, token: csrfToken() })).body);

let known = false; // the person has a passkey already, and needs no other means to sign in

async function open() {
  stages.show("opening", { focus: false });
  try {
    const invitation = await post(root.dataset.open + location.search, { token });
    if (invitation.signed_in) stages.show("arrived");
    else welcome(invitation);
  } catch (error) {
    say(root, "data-failure", sentence(error.message));
    say(root, "data-failure-hint", sentence(error.hint));
    root.querySelector("[data-again]").hidden = FINAL.has(error.status); // it would be refused again
    stages.show("failed");
  }
}

function welcome(invitation) {
  const greeting = root.querySelector("[data-greeting]");
  greeting.textContent = fill(greeting.dataset.text, { name: invitation.native_name ?? invitation.person });
  say(root, "data-name", invitation.native_name === null ? "" : invitation.person);
  const list = root.querySelector("[data-parties]");
  list.replaceChildren(...invitation.roles.map(describe));
  list.hidden = root.querySelector("[data-parties-intro]").hidden = invitation.roles.length === 0;
  root.querySelector("[data-more]").hidden = !invitation.more_roles;
  root.querySelector("[data-nothing]").hidden = !invitation.nothing_waits;
  for (const part of form.querySelectorAll("[data-signs]")) part.hidden = invitation.roles.length === 0; // an officer's, say
  form.elements.username.value = invitation.email;
  const other = root.querySelector("[data-other]");
  if (other) other.hidden = other.dataset.other === invitation.email;
  known = invitation.needs_password && invitation.has_passkey;
  choose(known ? "known" : !invitation.needs_password ? "nothing" : canUsePasskeys() ? "passkey" : "password");
  stages.show("welcome");
}

/** What the person makes here, to sign in with from now on: a passkey, a password, or nothing, having one. */
function choose(way) {
  form.querySelector("[data-passkey]").hidden = way !== "passkey";
  for (const part of form.querySelectorAll("[data-known]")) part.hidden = way !== "known";
  form.querySelector("[data-continue]").hidden = way === "passkey";
  form.querySelector("[data-password]").hidden = way !== "password";
  form.elements.password.disabled = way !== "password";
  form.querySelector("[data-choose-passkey]").hidden = known || !canUsePasskeys();
}

function describe({ title, number, party, role, ends }) {
  const item = document.createElement("li");
  const name = document.createElement("strong");
  name.textContent = title;
  const lines = [number, `${party} · ${role}`, ends].filter(Boolean);
  item.append(name, ...lines.flatMap((line) => [document.createElement("br"), line]));
  return item;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { password } = form.elements;
  enter(form.querySelector("[data-continue]"), async () => {
    const { next } = await post(accept, password.disabled ? { token, passkey: known } : { token, password: password.value });
    location.replace(next);
  });
});

let entered = null; // where to go on: the link has opened the session, and works no more

/** Without a password: the link opens the session, and the passkey made in it opens the next one. */
form.querySelector("[data-make]").addEventListener("click", (event) => enter(event.target, async () => {
  entered ??= (await post(accept, { token, passkey: true })).next;
  const { csrf_token } = (await ask("GET", root.dataset.session)).body; // of the new session
  const { passkey } = (await ask("POST", root.dataset.options, { body: { kind: "login" }, token: csrf_token })).body;
  const { answer } = await createPasskey(passkey);
  await ask("POST", root.dataset.loginKey, { body: { answer }, token: csrf_token });
  location.replace(entered);
}));

form.querySelector("[data-lost]").addEventListener("click", () => {
  choose("password");
  form.elements.password.focus();
});

form.querySelector("[data-choose-password]").addEventListener("click", () => {
  if (entered) return location.replace(entered); // it is no longer the link that could set one
  choose("password");
  form.elements.password.focus();
  return null;
});

form.querySelector("[data-choose-passkey]").addEventListener("click", () => {
  choose("passkey");
  form.querySelector("[data-make]").focus();
});

async function enter(button, task) {
  button.disabled = true;
  say(form, "data-refused", "");
  try {
    await task();
  } catch (error) {
    const refused = error instanceof PasskeyRefused;
    if (refused) form.querySelector("[data-choose-password]").textContent = root.dataset.without;
    say(form, "data-refused", refused ? root.dataset.refused : joined(error.message, error.hint));
    button.disabled = false;
    if (!form.elements.password.disabled) form.elements.password.focus();
  }
}

root.querySelector("[data-again]").addEventListener("click", open);
addEventListener("hashchange", () => location.reload());
open();
