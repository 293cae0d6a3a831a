/** Whether an officer's passkey is asked to extend signing as the page shows it, and nothing else (docs/formats.md section 3). */

import { equal } from "../signing/bytes.js";
import { canonicalJson } from "../signing/canonical.js";
import { tagged } from "./code.js";

const EXTENSION_TAG = "signing-service/extension/v1";
const DAY_MS = 24 * 60 * 60 * 1000;
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;

/**
 * Whether `statement` has exactly the members of an extension, with the values that the page knows: `shown` is
 * {agreement, revision0, closes, reason, officer}, and `local`, `zone` are the clock and the time zone that were chosen.
 * The time may be a day off `now`.
 */
export function extendsExactly(statement, shown, { local, zone }, now) {
  const { time, until } = statement ?? {};
  if (![time, until].every((each) => typeof each === "string" && TIME.test(each))) return false;
  if (!(Math.abs(Date.parse(time) - now.getTime()) <= DAY_MS)) return false;
  if (clockIn(zone, new Date(until)) !== local) return false;
  const { agreement, revision0, closes, reason, officer } = shown;
  const expected = { v: 1, agreement, revision0, closes, until, reason, officer, time };
  return Object.values(shown).every((value) => value !== undefined) && equal(canonicalJson(statement), canonicalJson(expected));
}

/** What the clocks of a time zone show at a moment, as a field for date and time has it: "2025-05-01T18:00". */
export function clockIn(zone, moment) {
  const digits = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" };
  const format = new Intl.DateTimeFormat("en-GB", { ...digits, timeZone: zone, hourCycle: "h23", calendar: "gregory" });
  const { year, month, day, hour, minute } = Object.fromEntries(format.formatToParts(moment).map(({ type, value }) => [type, value]));
  return `${year}-${month}-${day}T${hour}:${minute}`;
}

/** A reason as the service keeps it: one line, normalised. */
export const oneLine = (text) => text.split(/\s+/u).filter(Boolean).join(" ").normalize("NFC");

/** The challenge for the officer's passkey: a hash of the whole statement. */
export const extensionChallenge = (statement) => tagged(EXTENSION_TAG, canonicalJson(statement));
