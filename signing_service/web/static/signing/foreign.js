/**
 * An update that somebody else's software wrote around a signature with an own certificate (docs/formats.md section 4).
 *
 * The service judges it in full before it is stored, and so will every verifier. Here is checked what a signer must be
 * sure of: that it fills one other signer's field, and that nothing which the agreement shows was touched. Rewritten are
 * at most the catalog, the information dictionary, the metadata, the form, that field and its page; in each of them
 * everything but the bookkeeping is as it was.
 */

import { require } from "./refusal.js";
import { isSame, readObject, skipSpace } from "./objects.js";

const END = /startxref[\r\n]{1,2}(\d{1,10})[\r\n]{1,2}%%EOF(?:\r\n|\n)/g;
const SUBSECTION = /(\d{1,10}) (\d{1,10}) ?[\r\n]{1,2}/y;
const ENTRY = /(\d{10}) (\d{5}) ([nf])(?: \n| \r|\r\n)/y;
const CATALOG = ["Version", "Extensions", "Metadata", "AcroForm"]; // keys that may differ
const FIELD = ["V", "AP", "AS", "M", "F", "Type", "Subtype", "MK", "BS", "Border", "H"];
const TRAILER = ["Root", "Info", "Size", "Prev", "ID"];

/**
 * Read the update at `tail` of `text` (the whole document as Latin-1); `offsets` are those of the objects so far and
 * are brought up to date. Gives {field, tail}; throws Refusal("base-foreign").
 */
export function readForeignUpdate(layout, tail, text, offsets) {
  const section = readSection(text, tail);
  const { trailer } = section;
  const same = [...trailer.keys()].every((key) => TRAILER.includes(key)) && trailer.get("Prev") === tail.startxref
    && trailer.get("Root")?.ref === layout.root && [undefined, layout.info].includes(trailer.get("Info")?.ref);
  require(same, "base-foreign", "another catalog or predecessor");
  const size = trailer.get("Size");
  require(Number.isInteger(size) && size >= tail.size, "base-foreign", "/Size");

  const rewritten = [...section.offsets.keys()].filter((number) => number < tail.size);
  const read = (number, places) => readBody(text, number, places.get(number));
  const touched = [...layout.fields.values()].filter((field) => rewritten.includes(field.number));
  require(touched.length === 1, "base-foreign", `${touched.length} fields`);
  const [field] = touched;
  const places = new Map([...offsets, ...section.offsets]);
  const catalog = read(layout.root, offsets);
  const plain = readObject(field.body, 0).value;
  for (const number of rewritten) {
    const free = freeKeys(number, { layout, field, catalog, page: plain.get("P")?.ref });
    require(free, "base-foreign", `object ${number}`);
    if (free === ALL) continue;
    const before = number === field.number ? plain : read(number, offsets);
    require(isSame(before, read(number, places), free), "base-foreign", `object ${number}`);
  }
  const form = places.has(layout.root) ? read(layout.root, places).get("AcroForm") : undefined;
  require(isSame(catalog.get("AcroForm"), form), "base-foreign", "form");
  const value = read(field.number, places).get("V");
  require(value?.ref >= tail.size && section.offsets.has(value.ref), "base-foreign", "no new signature");
  const signature = read(value.ref, places);
  require(signature.get("ByteRange") && !signature.has("Reference"), "base-foreign", "it locks the document");
  for (const [number, offset] of section.offsets) offsets.set(number, offset);
  return { field, tail: { length: section.end, startxref: section.startxref, size } };
}

const ALL = Symbol("anything may differ");

/** Which keys of a rewritten object may differ; null where it may not be rewritten at all. */
function freeKeys(number, { layout, field, catalog, page }) {
  if (number === layout.info || number === catalog.get("Metadata")?.ref) return ALL;
  if (number === layout.root) return CATALOG;
  if (number === catalog.get("AcroForm")?.ref) return ["SigFlags"];
  if (number === field.number) return FIELD;
  return number === page ? ["LastModified"] : null;
}

function readSection(text, tail) {
  END.lastIndex = tail.length;
  for (let found; (found = END.exec(text));) {
    const startxref = Number(found[1]);
    if (startxref >= tail.length && startxref < found.index && text.startsWith("xref", startxref)) {
      return { ...readTable(text, startxref, tail), startxref, end: found.index + found[0].length };
    }
  }
  return require(false, "base-foreign", "no cross-reference table");
}

function readTable(text, startxref, tail) {
  const offsets = new Map();
  let position = skipSpace(text, startxref + 4);
  for (let head; (head = at(SUBSECTION, text, position));) {
    position += head[0].length;
    for (let index = 0; index < Number(head[2]); index += 1) {
      const entry = at(ENTRY, text, position);
      require(entry, "base-foreign", "malformed cross-reference entry");
      position += entry[0].length;
      const number = Number(head[1]) + index;
      if (number === 0) continue;
      const used = entry[3] === "n" && Number(entry[2]) === 0 && Number(entry[1]) >= tail.length;
      require(used && !offsets.has(number), "base-foreign", `object ${number} is freed or not of the update`);
      offsets.set(number, Number(entry[1]));
    }
  }
  position = skipSpace(text, position);
  require(text.startsWith("trailer", position), "base-foreign", "no trailer");
  return { offsets, trailer: readObject(text, position + 7).value };
}

function readBody(text, number, offset) {
  const head = at(/(\d+)[\0\t\n\f\r ]+0[\0\t\n\f\r ]+obj/y, text, offset ?? -1);
  require(head && Number(head[1]) === number, "base-foreign", `no object ${number}`);
  return readObject(text, offset + head[0].length).value;
}

function at(pattern, text, position) {
  if (position < 0) return null;
  pattern.lastIndex = position;
  return pattern.exec(text);
}
