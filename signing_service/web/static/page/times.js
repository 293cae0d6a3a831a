/**
 * Times by the viewer's own clock, beside UTC. All scripts of pages spell times by this module.
 *
 *     <time datetime="2025-04-11T04:00:00Z" data-beside>11 Apr 2025, 04:00 UTC</time>
 *
 * becomes "11 Apr 2025, 04:00 UTC (12:00 your time)" in Nanjing; with the day, where that is another one there. A time
 * that the service has told by the clock of a place that it names has no `data-beside`, for that clock counts.
 */

import { fill } from "./stages.js";

const page = document.documentElement.lang;
const LOCALE = page === "en" ? "en-GB" : page; // the day before the month, as the service writes it
const BETWEEN = { zh: " ", th: " " }; // a day and its minute, as the service writes them; elsewhere a comma

const formatted = (moment, options) => new Intl.DateTimeFormat(LOCALE, { ...options, calendar: "gregory" }).format(moment);

/** "12:00", by the viewer's clock or by that of a zone. */
export const clock = (time, timeZone) => formatted(new Date(time), { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });

/** "11 April 2025, 04:00 UTC (12:00 your time)" */
export function dayAndClock(time) {
  const day = formatted(new Date(time), { dateStyle: "long", timeZone: "UTC" });
  return beside(`${day}${BETWEEN[page] ?? ", "}${clock(time, "UTC")} UTC`, time);
}

/** A time that is told in UTC, with the viewer's own; alone where both clocks show the same. */
export function beside(utc, time) {
  const moment = new Date(time);
  const day = (timeZone) => formatted(moment, { day: "numeric", month: "short", timeZone });
  const other = day() === day("UTC") ? "" : `${day()}${BETWEEN[page] ?? ", "}`;
  if (!other && clock(time) === clock(time, "UTC")) return utc;
  return fill(document.body.dataset.beside, { utc, local: other + clock(time) });
}

for (const element of document.querySelectorAll("time[data-beside]")) {
  element.textContent = beside(element.textContent, element.dateTime);
}
