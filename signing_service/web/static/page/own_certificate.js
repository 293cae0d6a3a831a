/** The reserved turn: how long it lasts, and a word while the upload is checked. The page works without it. */

import "./files.js";
import { fill } from "./stages.js";

const root = document.querySelector("[data-own-certificate]");
const { until, words } = JSON.parse(root.querySelector("[data-page]").textContent);
const left = root.querySelector("[data-turn-left]");
const live = root.querySelector("[data-live]");
const SOON_MS = 5 * 60_000;
let warned = false;

function tick() {
  const rest = Date.parse(until) - Date.now();
  if (rest <= 0) {
    left.textContent = live.textContent = words.over;
    return;
  }
  const seconds = Math.floor(rest / 1000);
  left.textContent = fill(words.left, { minutes: Math.floor(seconds / 60), seconds: String(seconds % 60).padStart(2, "0") });
  if (rest <= SOON_MS && !warned) {
    warned = true;
    live.textContent = words.soon;
  }
  setTimeout(tick, 1000);
}

root.querySelector("[data-upload]").addEventListener("submit", ({ currentTarget }) => {
  live.textContent = words.sending;
  currentTarget.querySelector("button").disabled = true;
});
addEventListener("pageshow", () => {
  root.querySelector("[data-upload] button").disabled = false;
});
tick();
