/** How long one stays signed in: warns some minutes before the end, in words that are read out, and loses nothing. */

import { SignedOut, ask } from "../signing/transport.js";
import { comeBack, forget, keep } from "./kept.js";
import { csrfToken, fill } from "./stages.js";

const SECOND = 1000;
const RECHECK_MS = 30 * SECOND;

const root = document.querySelector("[data-session]");
const live = root.querySelector("[data-live]");
const stay = root.querySelector("[data-stay]");
const again = root.querySelector("[data-sign-in]");
const { words, urls, warn } = JSON.parse(root.querySelector("[data-session-page]").textContent);
let active = -Infinity; // when something was last done here; who did it within the time of the warning is not idle
let timer;

const minutes = (seconds) => Math.max(1, Math.ceil(seconds / 60));
const here = () => location.pathname + location.search + location.hash;

function plan(seconds) {
  clearTimeout(timer);
  timer = setTimeout(check, Math.min(Math.max(seconds, 1) * SECOND, 2 ** 31 - 1));
}

/** Ask how long it lasts; other windows may have moved the end. */
async function check() {
  let clock;
  try {
    clock = (await ask("GET", urls.clock)).body;
    if (clock.left <= warn && clock.longest > warn && performance.now() - active < warn * SECOND) {
      await ask("POST", urls.stay, { body: {}, token: clock.csrf_token });
      clock = (await ask("GET", urls.clock)).body;
    }
  } catch (error) {
    return error instanceof SignedOut ? over() : plan(RECHECK_MS / SECOND);
  }
  if (clock.left > warn) return quiet(clock.left - warn);
  const last = clock.longest <= clock.left;
  tell(fill(last ? words.last : words.soon, { minutes: minutes(clock.left) }), { stay: !last, again: last });
  return plan(clock.left > 90 ? clock.left - 60 : clock.left + 1); // once more a minute before, then the end
}

function quiet(seconds) {
  root.hidden = true;
  live.textContent = "";
  plan(seconds);
}

function tell(text, shown) {
  root.hidden = false;
  if (live.textContent !== text) live.textContent = text;
  stay.hidden = !shown.stay;
  again.hidden = !shown.again;
}

function over() {
  keep();
  clearTimeout(timer);
  tell(words.over, { stay: false, again: true });
}

stay.addEventListener("click", async () => {
  try {
    const { body } = await ask("GET", urls.clock);
    await ask("POST", urls.stay, { body: {}, token: body.csrf_token });
  } catch (error) {
    if (error instanceof SignedOut) return over();
  }
  return check();
});

again.addEventListener("click", () => {
  keep();
  again.href = `${urls.sign_in}?${new URLSearchParams({ next: here() })}`;
});

for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  addEventListener(kind, () => { active = performance.now(); }, { passive: true });
}
for (const kind of ["input", "change"]) {
  document.querySelector("main").addEventListener(kind, (event) => { if (event.isTrusted) keep(); });
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
document.querySelector("[data-sign-out]")?.addEventListener("submit", forget);

// After the page's own scripts, which say what else is to be kept.
addEventListener("load", () => { if (comeBack()) document.querySelector("[data-came-back]").hidden = false; });
plan(Number(root.dataset.left) - warn);
