/**
 * Why the browser refuses to sign.
 *
 * Every check of DESIGN 4a.4 throws a Refusal with a code of its own; the page shows the translated message
 * of that code, and the English text below where it has none.
 */

export const MESSAGES = Object.freeze({
  "malformed-answer": "the service's answer cannot be read",
  "statement-act": "the approval would be for another act",
  "statement-agreement": "the approval would be for another agreement",
  "statement-document": "the approval would be for another document than the one on this page",
  "statement-signer": "the approval would be in another role than yours",
  "statement-mandate": "the approval would rest on another mandate than the one on this page",
  "statement-consent": "the sentence you would agree to is missing or in another language",
  "statement-expiry": "the approval would be open for too long, or is over already",
  "statement-members": "the approval would say more, or less, than it must",
  "appearance-digest": "the visible signature is not the one that you would approve",
  "base-revision0": "the document does not begin with the agreement that you read",
  "base-changed": "the document does not continue the one that you were about to sign",
  "base-length": "the document has another length than the service says",
  "base-structure": "the document is not built as this service builds agreements",
  "base-foreign": "a signature made with other software has changed more than its own field",
  "field-missing": "the document has no single, empty field for your signature",
  "field-filled": "your signature field is filled already",
  "delta-structure": "the addition to the document is not exactly one signature in your field",
  "delta-field": "the addition to the document would change something other than your signature field",
  "delta-appearance": "the visible signature in the document is not the one that you approved",
  "delta-byterange": "the signature would not cover the whole document",
  "delta-contents": "the place for the signature has another size than the agreement fixed",
  "delta-name": "the signature would carry another name than yours",
  "delta-reason": "the signature would state another act than the one you approved",
  "delta-time": "the time in the signature is not the time now; the clock of this device or of the service is wrong",
  "attributes-digest": "the bytes to be signed are not those of the document",
  "attributes-content": "the bytes to be signed hold more, or less, than document, certificate and your approval",
  "attributes-approval": "the bytes to be signed do not hold your own approval",
  "certificate-key": "the certificate is not for the key that this page made",
  "certificate-names": "the certificate does not name you, your university and this agreement",
  "certificate-validity": "the certificate is valid at another time, or for too long",
  "certificate-usage": "the certificate is not for signing one document",
  "certificate-chain": "the certificate does not come from this alliance's authority",
  "record-opening": "the record's entry is not about this certificate",
  "record-event": "the record's entry is not about this signature",
  "record-inclusion": "the certificate is not in the record",
  "record-checkpoint": "the record's checkpoint is not signed with the record's key",
  "receipt-mismatch": "the receipt is not for the signature that this page made",
});

/** The browser will not sign; `code` is a key of MESSAGES, `detail` says where (for the secretariat). */
export class Refusal extends Error {
  constructor(code, detail = "") {
    super(MESSAGES[code] ?? code);
    this.name = "Refusal";
    this.code = code;
    this.detail = detail;
  }
}

/** Throw a Refusal with `code` unless `condition` holds. */
export function require(condition, code, detail = "") {
  if (!condition) throw new Refusal(code, detail);
}
