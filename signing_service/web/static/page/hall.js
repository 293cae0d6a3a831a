/** The hall's page: asks for the state again and again, for hours, and shows each signature within two seconds. */

import { fit } from "./hall_fit.js";
import { fill } from "./stages.js";
import { clock, dayAndClock } from "./times.js";

const ROUND_MS = 1000;
const LONGEST_WAIT_MS = 15_000; // after failures

const hall = document.querySelector("[data-hall]");
const find = (selector) => hall.querySelector(selector);
let shown = ""; // the state that stands there
let failures = 0;
let next = null; // the timer of the next look; null while one is under way

/** When somebody signed: large by the clock of their university, then where that is, and in UTC. */
function showTime(when, time, { zone, city }) {
  const [large, small] = [document.createElement("span"), document.createElement("span")];
  Object.assign(large, { className: "clock", textContent: clock(time, zone) });
  Object.assign(small, { className: "place", textContent: `${city} · ${clock(time, "UTC")} UTC` });
  when.replaceChildren(large, " ", small);
}

function showSigner({ id, status, time, name = "" }) {
  const item = find(`[data-signer="${CSS.escape(id)}"]`);
  if (!item) return;
  const when = item.querySelector(".when");
  if (item.dataset.status !== status && status === "signed") item.classList.add("just-signed");
  item.dataset.status = status;
  if (status === "signed") showTime(when, time, item.dataset);
  else when.textContent = when.dataset[status] ?? "";
  const person = item.querySelector("[data-person]");
  if (person) person.textContent = name;
}

/** Every tile as it will be once all have signed; gives what puts back what is. */
function asSigned() {
  const tiles = [...hall.querySelectorAll("[data-signer]")];
  const before = tiles.map((tile) => [tile.dataset.status, tile.querySelector(".when"), [...tile.querySelector(".when").childNodes]]);
  for (const tile of tiles) {
    tile.dataset.status = "signed";
    showTime(tile.querySelector(".when"), Date.now(), tile.dataset);
  }
  return () => before.forEach(([status, when, nodes], index) => {
    tiles[index].dataset.status = status;
    when.replaceChildren(...nodes);
  });
}

/** Of a hall in which nobody can sign any more nothing is to come. */
const resize = () => fit(hall, hall.dataset.outcome && hall.dataset.outcome !== "complete" ? undefined : asSigned);

function showCount(signed, total) {
  find("[data-count]").textContent = signed;
  const tally = find("[data-tally]");
  tally.textContent = fill(tally.dataset.text, { signed, total });
  hall.querySelectorAll(".signature-ring circle").forEach((dot, index) => dot.classList.toggle("full", index < signed));
}

/** How it ended: complete, countersigned (and in force from when), or that nobody can sign it any more. */
function showOutcome({ outcome, since, in_force_from: force }) {
  const before = hall.dataset.outcome ?? "";
  if (outcome !== before && ["complete", "countersigned"].includes(outcome)) hall.dataset.justCompleted = "";
  if (outcome) hall.dataset.outcome = outcome;
  else delete hall.dataset.outcome;
  const headline = find("[data-headline]");
  say(headline, headline.dataset[outcome] ?? "");
  say(find("[data-since]"), since ? dayAndClock(since) : "");
  const from = find("[data-force]");
  say(from, force ? fill(from.dataset.text, { time: dayAndClock(force) }) : "");
  from.hidden = !force;
  find("[data-ending]").hidden = !outcome;
}

/** Only what changed, so that a screen reader does not repeat it with each look. */
function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

const isGiven = ({ status }) => status === "signed" || (status === "paper" && "paperCounts" in hall.dataset);

function show(state) {
  if (JSON.stringify(state) === shown) return;
  shown = JSON.stringify(state);
  state.signers.forEach(showSigner);
  showCount(state.signers.filter(isGiven).length, state.signers.length);
  showOutcome(state);
  resize();
}

async function look() {
  next = null;
  try {
    const response = await fetch(hall.dataset.hall, { headers: { Accept: "application/json" }, cache: "no-cache" });
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
    failures = 0;
  } catch {
    failures += 1;
  }
  find("[data-stale]").hidden = failures < 3;
  next = setTimeout(look, Math.min(ROUND_MS * 2 ** Math.min(failures, 6), LONGEST_WAIT_MS));
}

/** A projector's computer must not fall asleep; a browser that refuses changes nothing. */
async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => null);
}

for (const when of hall.querySelectorAll(".when[data-time]")) {
  showTime(when, when.dataset.time, when.closest("[data-zone]").dataset);
}
resize();
document.fonts.ready.then(resize);
addEventListener("resize", resize);
addEventListener("online", () => {
  if (next === null) return;
  clearTimeout(next);
  look();
});
const whole = find("[data-full-screen]");
whole.hidden = !document.fullscreenEnabled;
whole.addEventListener("click", () => document.documentElement.requestFullscreen().catch(() => null));
document.addEventListener("fullscreenchange", () => {
  whole.hidden = document.fullscreenElement !== null;
});
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
look();
