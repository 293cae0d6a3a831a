/**
 * The grammar of a signature delta (docs/formats.md section 4): read one, write it again, compare byte for byte.
 *
 * What reading leaves open (time, name, reason, appearance) comes back to the caller, who compares it with what
 * was approved; everything else, each offset included, is determined, so no byte of a delta is free.
 */

import { concat, equal, fromLatin1, toHex, fromHex, toLatin1 } from "./bytes.js";
import { require } from "./refusal.js";

const BYTE_RANGE_WIDTH = 40; // characters of `[0 A B C]` with its trailing spaces
const SIGNATURE = new RegExp(
  "^<< /Type /Sig /Filter /Adobe\\.PPKLite /SubFilter /ETSI\\.CAdES\\.detached /ByteRange (.{40})"
  + " /Contents <([0-9a-f]*)> /M \\(D:(\\d{14})Z\\) /Name <([0-9a-f]+)> /Reason <([0-9a-f]+)> >>\nendobj\n",
);
const APPEARANCE = /^<< \/BBox \[0 0 [\d.]+ [\d.]+\] \/Filter \/FlateDecode \/FormType 1 \/Length (\d+) [^<>]*>>\nstream\n/;
const STREAM_END = "\nendstream";

/**
 * Read the delta that stands at the start of `bytes` and continues a file of `tail` {length, startxref, size}.
 *
 * Gives {field, time, name, reason, contents (hexadecimal), contentsStart, contentsEnd (offsets in `bytes`,
 * angle brackets included), appearance (body), length, tail (of the file with the delta)}; throws Refusal.
 */
export function readSignatureDelta(layout, tail, bytes) {
  const text = toLatin1(bytes);
  const head = /^(\d+) 0 obj\n/.exec(text);
  require(head, "delta-structure", "no object at the start");
  const field = [...layout.fields.values()].find((candidate) => candidate.number === Number(head[1]));
  require(field, "delta-field", `object ${head[1]} is no signature field`);

  const signatureNumber = tail.size;
  const fieldObject = `${field.number} 0 obj\n${filledField(field, signatureNumber)}\nendobj\n`;
  require(text.startsWith(fieldObject), "delta-field", `field ${field.name} is not filled as it must be`);

  const signatureStart = fieldObject.length + `${signatureNumber} 0 obj\n`.length;
  const signature = SIGNATURE.exec(text.slice(signatureStart, signatureStart + layout.contentsLength + 4096));
  require(signature, "delta-structure", "no signature dictionary");
  const [dictionary, , contents, time, name, reason] = signature;
  require(contents.length === layout.contentsLength, "delta-contents");

  const appearanceStart = signatureStart + dictionary.length + `${signatureNumber + 1} 0 obj\n`.length;
  const appearance = readAppearance(text, bytes, appearanceStart);
  const parts = { field, time, name: decodeText(name), reason: decodeText(reason), contents, appearance };
  const delta = writeSignatureDelta(layout, tail, parts);
  require(text.slice(signatureStart).startsWith(delta.byteRangeHead), "delta-byterange");
  require(bytes.length >= delta.bytes.length && equal(bytes.subarray(0, delta.bytes.length), delta.bytes),
    "delta-structure", "the delta written again is not the same");
  return { ...parts, ...delta };
}

const TIMESTAMP_START = "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 /ByteRange ";

/** Read the document timestamp that stands at the start of `bytes`: {field, tail}; null where there is none. */
export function readTimestampDelta(layout, tail, bytes) {
  const text = toLatin1(bytes.subarray(0, layout.contentsLength + 4096));
  const head = /^(\d+) 0 obj\n/.exec(text);
  const field = head && [...layout.fields.values()].find((candidate) => candidate.number === Number(head[1]));
  if (!field?.name.startsWith("timestamp:")) return null;
  const filled = `${field.body.slice(0, -" >>".length)} /V ${tail.size} 0 R >>`;
  const start = `${field.number} 0 obj\n${filled}\nendobj\n`;
  const dictionaryStart = `${tail.size} 0 obj\n${TIMESTAMP_START}`;
  const contentsAt = start.length + dictionaryStart.length + BYTE_RANGE_WIDTH + " /Contents ".length;
  const after = contentsAt + layout.contentsLength + 2;
  const contents = text.slice(contentsAt, after);
  if (!/^<[0-9a-f]+>$/.test(contents)) return null;
  const objects = `${start}${dictionaryStart}${" ".repeat(BYTE_RANGE_WIDTH)} /Contents ${contents} >>\nendobj\n`;
  const startxref = tail.length + objects.length;
  const end = crossReferences([[field.number, tail.length], [tail.size, tail.length + start.length]])
    + `trailer\n<< /ID ${layout.id} /Info ${layout.info} 0 R /Prev ${tail.startxref} /Root ${layout.root} 0 R`
    + ` /Size ${tail.size + 1} >>\nstartxref\n${startxref}\n%%EOF\n`;
  const length = objects.length + end.length;
  const range = `[0 ${tail.length + contentsAt} ${tail.length + after} ${length - after}]`.padEnd(BYTE_RANGE_WIDTH);
  const rangeAt = start.length + dictionaryStart.length;
  const written = objects.slice(0, rangeAt) + range + objects.slice(rangeAt + BYTE_RANGE_WIDTH) + end;
  if (!text.startsWith(written)) return null;
  return { field, tail: { length: tail.length + length, startxref, size: tail.size + 1 } };
}

/** Write a delta from its open parts; the inverse of readSignatureDelta. */
export function writeSignatureDelta(layout, tail, { field, time, name, reason, contents, appearance }) {
  const number = tail.size;
  const objects = [
    [field.number, fromLatin1(filledField(field, number))],
    [number, fromLatin1(signatureDictionary("".padEnd(BYTE_RANGE_WIDTH), contents, time, name, reason))],
    [number + 1, appearance],
  ];
  const written = objects.map(([id, body]) => concat(fromLatin1(`${id} 0 obj\n`), body, fromLatin1("\nendobj\n")));
  const offsets = [0, written[0].length, written[0].length + written[1].length];
  const bodyLength = offsets[2] + written[2].length;
  const startxref = tail.length + bodyLength;
  const end = fromLatin1(
    crossReferences(objects.map(([id], index) => [id, tail.length + offsets[index]]))
    + `trailer\n<< /ID ${layout.id} /Info ${layout.info} 0 R /Prev ${tail.startxref} /Root ${layout.root} 0 R`
    + ` /Size ${number + 2} >>\nstartxref\n${startxref}\n%%EOF\n`,
  );
  const length = bodyLength + end.length;

  const dictionary = toLatin1(objects[1][1]);
  const dictionaryStart = offsets[1] + `${number} 0 obj\n`.length;
  const contentsStart = dictionaryStart + dictionary.indexOf("/Contents <") + "/Contents ".length;
  const contentsEnd = contentsStart + contents.length + 2;
  const before = tail.length + contentsStart;
  const after = tail.length + contentsEnd;
  const byteRange = `[0 ${before} ${after} ${tail.length + length - after}]`.padEnd(BYTE_RANGE_WIDTH);
  require(byteRange.length === BYTE_RANGE_WIDTH, "delta-byterange", "the document is too long");

  const bytes = concat(...written, end);
  const byteRangeStart = dictionaryStart + dictionary.indexOf("/ByteRange ") + "/ByteRange ".length;
  bytes.set(fromLatin1(byteRange), byteRangeStart);
  return {
    bytes,
    byteRangeHead: toLatin1(bytes.subarray(dictionaryStart, byteRangeStart + BYTE_RANGE_WIDTH)),
    contentsStart,
    contentsEnd,
    tail: { length: tail.length + length, startxref, size: number + 2 },
  };
}

/** A field's body with its value and its new appearance. */
function filledField(field, signatureNumber) {
  const withAppearance = field.body.replace(/^<< \/AP << \/N \d+ 0 R >>/, `<< /AP << /N ${signatureNumber + 1} 0 R >>`);
  return `${withAppearance.slice(0, -" >>".length)} /V ${signatureNumber} 0 R >>`;
}

const signatureDictionary = (byteRange, contents, time, name, reason) =>
  `<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange ${byteRange}`
  + ` /Contents <${contents}> /M (D:${time}Z) /Name <${encodeText(name)}> /Reason <${encodeText(reason)}> >>`;

/** A classic cross-reference section: one subsection for each run of consecutive object numbers. */
function crossReferences(entries) {
  const runs = [];
  for (const [number, offset] of entries) {
    const last = runs.at(-1);
    if (last && last.first + last.offsets.length === number) last.offsets.push(offset);
    else runs.push({ first: number, offsets: [offset] });
  }
  const lines = runs.map(({ first, offsets }) => `${first} ${offsets.length}\n`
    + offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`).join(""));
  return `xref\n${lines.join("")}`;
}

function readAppearance(text, bytes, start) {
  const head = APPEARANCE.exec(text.slice(start, start + 512));
  require(head, "delta-structure", "no appearance stream");
  const end = start + head[0].length + Number(head[1]) + STREAM_END.length;
  require(text.slice(end - STREAM_END.length, end) === STREAM_END, "delta-structure", "appearance stream's length");
  return bytes.subarray(start, end);
}

/** UTF-16BE with byte order mark, in hexadecimal. */
function encodeText(text) {
  const units = Array.from({ length: text.length }, (_, index) => text.charCodeAt(index).toString(16).padStart(4, "0"));
  return `feff${units.join("")}`;
}

function decodeText(hexadecimal) {
  const bytes = hexadecimal.length % 4 === 0 ? fromHex(hexadecimal) : [];
  require(bytes.length >= 2 && toHex(bytes.subarray(0, 2)) === "feff", "delta-structure", "text is not UTF-16");
  let text = "";
  for (let index = 2; index < bytes.length; index += 2) text += String.fromCharCode(bytes[index] * 256 + bytes[index + 1]);
  return text;
}
