/**
 * Passkeys: what the service sends as JSON becomes what the browser wants, and back (W3C WebAuthn Level 3 section 5.1).
 *
 *     const answer = await createPasskey(options);      // PublicKeyCredentialCreationOptionsJSON → RegistrationResponseJSON
 *     const answer = await askPasskey(options);         // PublicKeyCredentialRequestOptionsJSON → AuthenticationResponseJSON
 *
 * Written out here, since older browsers lack parseCreationOptionsFromJSON and toJSON. Both reject with PasskeyRefused
 * where the person cancels, the device has no such passkey, or has one already.
 */

import { fromBase64url, toBase64url } from "../signing/base64url.js";

/** The person cancelled, time ran out, or the device has no passkey for this (browsers do not tell which). */
export class PasskeyRefused extends Error {
  constructor(cause) {
    super(cause.message);
    this.known = cause.name === "InvalidStateError"; // excludeCredentials: the device has one already
  }
}

/** Whether this browser can use passkeys at all. */
export const canUsePasskeys = () => Boolean(globalThis.PublicKeyCredential && navigator.credentials);

/** Whether the browser can suggest passkeys while an address is typed. */
export const canSuggestPasskeys = async () =>
  canUsePasskeys() && Boolean(await PublicKeyCredential.isConditionalMediationAvailable?.());

const bytes = (buffer) => toBase64url(new Uint8Array(buffer));
const descriptors = (list = []) => list.map((item) => ({ ...item, id: fromBase64url(item.id) }));

/** Make a passkey; gives the answer with `key`, the COSE_Key out of it, beside. */
export async function createPasskey(options) {
  const publicKey = {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: descriptors(options.excludeCredentials),
  };
  const credential = await refusing(() => navigator.credentials.create({ publicKey }));
  const { response } = credential;
  const answer = envelope(credential, {
    clientDataJSON: bytes(response.clientDataJSON),
    attestationObject: bytes(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  });
  return { answer, key: coseKey(new Uint8Array(response.attestationObject)) };
}

/** Let a passkey sign the challenge; `how` is {mediation, signal} of CredentialRequestOptions. */
export async function askPasskey(options, how = {}) {
  const publicKey = {
    ...options,
    challenge: fromBase64url(options.challenge),
    allowCredentials: descriptors(options.allowCredentials),
  };
  const credential = await refusing(() => navigator.credentials.get({ publicKey, ...how }));
  const { response } = credential;
  return envelope(credential, {
    clientDataJSON: bytes(response.clientDataJSON),
    authenticatorData: bytes(response.authenticatorData),
    signature: bytes(response.signature),
    userHandle: response.userHandle ? bytes(response.userHandle) : null,
  });
}

const envelope = (credential, response) => ({
  id: credential.id,
  rawId: bytes(credential.rawId),
  type: credential.type,
  authenticatorAttachment: credential.authenticatorAttachment ?? null,
  clientExtensionResults: credential.getClientExtensionResults(),
  response,
});

async function refusing(task) {
  try {
    return await task();
  } catch (error) {
    throw new PasskeyRefused(error);
  }
}

// Authenticator data (WebAuthn section 6.1): 32 bytes hash, 1 flags, 4 counter; then 16 AAGUID, 2 length, the id, the key.
const AUTH_DATA = [0x68, ...new TextEncoder().encode("authData")]; // CBOR text string of 8 letters
const ID_LENGTH_AT = 32 + 1 + 4 + 16;

/** The COSE_Key in an attestation object: it runs to the end, unless extensions follow. */
export function coseKey(attestationObject) {
  const data = authenticatorData(attestationObject);
  const start = ID_LENGTH_AT + 2 + data[ID_LENGTH_AT] * 256 + data[ID_LENGTH_AT + 1];
  const end = start + cborMapLength(data.subarray(start));
  if (!(end <= data.length)) throw new RangeError("the passkey's key is cut off");
  return data.slice(start, end);
}

function authenticatorData(object) {
  for (let start = 0; start + AUTH_DATA.length < object.length; start += 1) {
    if (!AUTH_DATA.every((value, index) => object[start + index] === value)) continue;
    const [major, length, head] = cborHead(object.subarray(start + AUTH_DATA.length));
    const at = start + AUTH_DATA.length + head;
    if (major === 2 && at + length <= object.length) return object.subarray(at, at + length);
  }
  throw new RangeError("the passkey's answer holds no authenticator data");
}

/** Bytes of a CBOR map of integers and byte strings (RFC 8949): all that a COSE_Key of ours holds. */
function cborMapLength(data) {
  const [major, pairs, first] = cborHead(data);
  if (major !== 5) throw new RangeError("the passkey's key is no map");
  let position = first;
  for (let item = 0; item < pairs * 2; item += 1) {
    const [kind, value, head] = cborHead(data.subarray(position));
    if (!(kind <= 2)) throw new RangeError("the passkey's key holds something unexpected");
    position += head + (kind === 2 ? value : 0);
  }
  return position;
}

/** [major type, argument, bytes of the head] */
function cborHead(data) {
  const argument = data[0] & 0x1f;
  if (argument < 24) return [data[0] >> 5, argument, 1];
  if (argument === 24) return [data[0] >> 5, data[1], 2];
  if (argument === 25) return [data[0] >> 5, data[1] * 256 + data[2], 3];
  throw new RangeError("the passkey's answer holds a number of unexpected size");
}
