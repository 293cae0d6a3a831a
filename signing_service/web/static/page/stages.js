/** Parts of a page of which one is shown at a time; whoever uses a screen reader is taken along. */

export class Stages {
  constructor(root) {
    this.parts = new Map([...root.querySelectorAll("[data-stage]")].map((part) => [part.dataset.stage, part]));
    this.current = null;
  }

  /** Show one part; with `focus`, move the focus to its heading. */
  show(name, { focus = true } = {}) {
    for (const [key, part] of this.parts) part.hidden = key !== name;
    this.current = name;
    if (focus) this.parts.get(name).querySelector("[tabindex='-1']")?.focus();
    return this.parts.get(name);
  }
}

/** Put text into the element that carries the attribute; hide it where there is none. */
export function say(root, attribute, text) {
  const element = root.querySelector(`[${attribute}]`);
  element.textContent = text;
  element.hidden = !text;
}

/** "…{name}…" with its place holders filled. */
export const fill = (text, values = {}) => text.replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);

/** A message of the service as a sentence: with a capital letter and a full stop. */
export function sentence(text) {
  if (!text) return "";
  const whole = /^\p{L}[\p{L}'’-]*(?:[ ,;:]|$)/u.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
  return /[.!?。！？]$/.test(whole) ? whole : whole + (FULL_STOPS[document.documentElement.lang] ?? ".");
}

/** What stands between two sentences: nothing after 。 and its like, which are as wide as a space already. */
export const gap = (before) => (/[。！？：；，、）」』]$/.test(before) ? "" : " ");

/** Messages of the service as sentences one after the other, without those that are empty. */
export const joined = (...texts) => texts.map(sentence).filter(Boolean).reduce((before, next) => `${before}${before && gap(before)}${next}`, "");

const FULL_STOPS = { zh: "。", th: "" };

export const csrfToken = () => document.querySelector("meta[name=csrf-token]").content;
