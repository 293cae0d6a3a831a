/**
 * What was typed or drawn outlives the end of a session: it waits in this tab's sessionStorage, sent to nobody.
 *
 *     keepable("signing njupt:president", { read: () => pad.strokes, write: (strokes) => pad.restore(strokes) });
 *     keep();       // after each change that is not an input's own
 *     comeBack();   // once on each page: gives true where something was put back
 *
 * It is put back only where the same person comes by way of the sign-in page; any other visit to the page forgets it.
 * Passwords, codes, files and hidden fields are never kept.
 */

const KEPT = "kept "; // + path → {person, scroll, forms, parts}
const BACK = "signing in for"; // → path
const LAST = "last page"; // → path and query
const KINDS = new Set(["text", "email", "search", "tel", "url", "number", "date", "datetime-local", "checkbox", "radio", "select-one", "textarea"]);

const parts = new Map();
const person = () => document.querySelector("[data-session]")?.dataset.person;
const forms = () => [...document.querySelectorAll("main form")];
const isKept = (field) => field.name && KINDS.has(field.type) && field.autocomplete !== "one-time-code";
const isChoice = (field) => field.type === "checkbox" || field.type === "radio";

/** A part of the page beside its forms: `read` gives what JSON can hold, `write` takes it back. */
export function keepable(name, part) {
  parts.set(name, part);
}

/** Keep everything as it is now. */
export function keep() {
  if (!person()) return;
  const content = {
    person: person(),
    scroll: scrollY,
    forms: forms().map((form) => [...form.elements].filter(isKept).map((field) => (isChoice(field) ? field.checked : field.value))),
    parts: Object.fromEntries([...parts].map(([name, part]) => [name, part.read()])),
  };
  attempt(() => {
    sessionStorage.setItem(KEPT + location.pathname, JSON.stringify(content));
    sessionStorage.setItem(LAST, location.pathname + location.search);
  });
}

/** Put back what was kept, if the person comes from signing in again; forget it otherwise. */
export function comeBack() {
  const kept = take(KEPT + location.pathname);
  const back = take(BACK);
  if (!kept || back !== location.pathname) return false;
  const content = JSON.parse(kept);
  if (content.person !== person()) return false;
  forms().forEach((form, index) => fillIn([...form.elements].filter(isKept), content.forms[index] ?? []));
  for (const [name, value] of Object.entries(content.parts)) parts.get(name)?.write(value);
  scrollTo(0, content.scroll);
  keep(); // until it is sent
  return true;
}

function fillIn(fields, values) {
  if (fields.length !== values.length) return; // another form than the one that was filled in
  fields.forEach((field, index) => {
    field[isChoice(field) ? "checked" : "value"] = values[index];
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });
}

/** On the sign-in page: where the person wants to be afterwards; gives that address. */
export function signingInFor(next) {
  const wanted = next || (attempt(() => sessionStorage.getItem(LAST)) ?? "");
  attempt(() => sessionStorage.setItem(BACK, new URL(wanted || "/", location.origin).pathname));
  return wanted;
}

/** Forget everything, as somebody signs out. */
export function forget() {
  attempt(() => sessionStorage.clear());
}

function take(key) {
  return attempt(() => {
    const value = sessionStorage.getItem(key);
    sessionStorage.removeItem(key);
    return value;
  });
}

/** Storage may be switched off or full: then nothing is kept. */
function attempt(task) {
  try {
    return task();
  } catch {
    return null;
  }
}
