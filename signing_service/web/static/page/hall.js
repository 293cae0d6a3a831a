/** The hall's page: asks for the state again and again, for hours, and shows each signature within two seconds. */

const ROUND_MS = 1000;
const LONGEST_WAIT_MS = 15_000; // after failures

const hall = document.querySelector("[data-hall]");
const locale = document.documentElement.lang;
let failures = 0;
let next = null; // the timer of the next look; null while one is under way

function spellTime(time, zone) {
  const at = (timeZone) => new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone });
  const moment = new Date(time);
  return `${at("UTC").format(moment)} UTC · ${at(zone).format(moment)} ${zone.split("/").at(-1).replace(/_/g, " ")}`;
}

function showSigner({ id, status, time }) {
  const item = hall.querySelector(`[data-signer="${CSS.escape(id)}"]`);
  if (!item) return;
  const when = item.querySelector(".when");
  if (item.dataset.status !== status && status === "signed") item.classList.add("just-signed");
  item.dataset.status = status;
  when.textContent = status === "signed" ? spellTime(time, item.dataset.zone) : when.dataset[status] ?? "";
}

function show(state) {
  state.signers.forEach(showSigner);
  hall.querySelector("[data-count]").textContent = state.signers.filter(({ status }) => status === "signed").length;
  hall.querySelector("[data-complete]").hidden = !state.complete;
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
  hall.querySelector("[data-stale]").hidden = failures < 3;
  next = setTimeout(look, Math.min(ROUND_MS * 2 ** Math.min(failures, 6), LONGEST_WAIT_MS));
}

for (const when of hall.querySelectorAll("[data-time]")) {
  when.textContent = spellTime(when.dataset.time, when.closest("[data-zone]").dataset.zone);
}
addEventListener("online", () => {
  if (next === null) return;
  clearTimeout(next);
  look();
});
look();
