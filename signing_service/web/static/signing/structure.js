/**
 * Revision 0 of an agreement, read as far as a signer needs it (docs/formats.md section 4).
 *
 * Its bytes are the ones that the representative approved, so this reader only finds things in them: the tail
 * that the next delta continues, and the body of each signature field.
 */

import { toLatin1 } from "./bytes.js";
import { require } from "./refusal.js";

const MAX_SECTIONS = 8; // revision 0 has two: the unsigned bytes and the seal
const ENTRY_LENGTH = 20; // bytes of a cross-reference entry

/**
 * Read revision 0. Gives {root, info, id, offsets: Map(number → offset), fields: Map(name → {name, number, body}),
 * contentsLength (hexadecimal digits), tail: {length, startxref, size}}; throws Refusal("base-structure").
 */
export function readLayout(revision0) {
  const text = toLatin1(revision0);
  const sections = readSections(text);
  const newest = sections[0];
  const offsets = new Map();
  for (const section of sections) {
    for (const [number, offset] of section.offsets) if (!offsets.has(number)) offsets.set(number, offset);
  }
  return {
    root: newest.root,
    info: newest.info,
    id: newest.id,
    offsets,
    fields: readFields(text, offsets),
    contentsLength: readContentsLength(text, newest),
    tail: { length: revision0.length, startxref: newest.startxref, size: newest.size },
  };
}

function readSections(text) {
  const end = /startxref\n(\d+)\n%%EOF\n$/.exec(text.slice(-64));
  require(end, "base-structure", "no startxref at the end");
  const sections = [];
  for (let startxref = Number(end[1]); startxref !== null;) {
    require(sections.length < MAX_SECTIONS, "base-structure", "too many cross-reference sections");
    const section = readSection(text, startxref);
    sections.push(section);
    require(section.previous === null || section.previous < startxref, "base-structure", "/Prev does not go back");
    startxref = section.previous;
  }
  return sections;
}

function readSection(text, startxref) {
  require(text.startsWith("xref\n", startxref), "base-structure", "no cross-reference table at startxref");
  const offsets = new Map();
  let position = startxref + 5;
  for (let head; (head = /^(\d+) (\d+)\n/.exec(text.slice(position, position + 24)));) {
    position += head[0].length;
    for (let index = 0; index < Number(head[2]); index += 1, position += ENTRY_LENGTH) {
      const entry = /^(\d{10}) (\d{5}) ([nf])(?: \n|\r\n)$/.exec(text.slice(position, position + ENTRY_LENGTH));
      require(entry, "base-structure", "malformed cross-reference entry");
      if (entry[3] === "n") offsets.set(Number(head[1]) + index, Number(entry[1]));
    }
  }
  const trailer = text.slice(position, text.indexOf("startxref", position));
  require(/^trailer\s<<.*>>\n$/.test(trailer), "base-structure", "malformed trailer");
  const reference = (key) => Number(one(trailer, new RegExp(`/${key} (\\d+) 0 R`)));
  const previous = /\/Prev (\d+)/.exec(trailer);
  return {
    startxref,
    offsets,
    root: reference("Root"),
    info: reference("Info"),
    size: Number(one(trailer, /\/Size (\d+)/)),
    id: one(trailer, /\/ID (\[<[0-9a-f]+><[0-9a-f]+>\])/),
    previous: previous ? Number(previous[1]) : null,
  };
}

function one(text, pattern) {
  const match = pattern.exec(text);
  require(match, "base-structure", `trailer lacks ${pattern.source}`);
  return match[1];
}

/** The body of object `number`: what stands between `obj\n` and `\nendobj`. */
function objectBody(text, number, offset) {
  const head = `${number} 0 obj\n`;
  require(text.startsWith(head, offset), "base-structure", `no object ${number} at its offset`);
  return text.slice(offset + head.length, text.indexOf("\nendobj\n", offset));
}

function readFields(text, offsets) {
  const fields = new Map();
  for (const [number, offset] of offsets) {
    const head = `${number} 0 obj\n<< /AP << /N `;
    if (!text.startsWith(head, offset)) continue;
    const body = objectBody(text, number, offset);
    const name = /\/FT \/Sig\b/.test(body) && /\/T \(([^()\\]*)\)/.exec(body);
    if (!name) continue;
    require(body.endsWith(" >>") && !fields.has(name[1]), "base-structure", `field ${name[1]}`);
    fields.set(name[1], { name: name[1], number, body });
  }
  return fields;
}

function readContentsLength(text, newest) {
  const lengths = [...newest.offsets]
    .map(([number, offset]) => /^<< \/Type \/Sig .*?\/Contents <([0-9a-f]+)>/.exec(objectBody(text, number, offset)))
    .filter((match) => match !== null)
    .map((match) => match[1].length);
  require(lengths.length === 1, "base-structure", "no seal");
  return lengths[0];
}
