"""The words that the signing script shows; handed to it with the page, so that they are translated like all others."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _


def signing_words() -> dict[str, Any]:
    """Moments, failures and refusals of signing, in the interface's language."""
    recorded = _("Your signature is in the document, with a timestamp, and in the public record as entry {entry}.")
    signed = _("It is in the document and in the public record. The receipt says when.")
    return {
        "moments": _moments(),
        "failures": _failures(),
        "refusals": _refusals(),
        "recorded": recorded,
        "signed": signed,
    }


def _moments() -> dict[str, str]:
    return {
        "reading": _("Comparing the document with the one on this page…"),
        "key": _("Making a one-time key…"),
        "passkey": _("Waiting for your passkey…"),
        "approval": _("Asking for the one-time certificate…"),
        "waiting": _("Others are signing just now: {place} before you. It goes on by itself…"),
        "reserved": _(
            "{person} of {party} is signing with an own certificate until {until}. Nobody else can sign meanwhile; "
            "it goes on by itself if that is soon…"
        ),
        "checking": _("Checking, byte for byte, what you sign…"),
        "signing": _("Signing in this browser…"),
        "timestamp": _("Adding the timestamp and storing…"),
        "slow": _("The timestamp takes longer than usual. Please keep this page open; nothing is lost."),
        "again": _("Somebody else signed first; checking and signing once more…"),
        "lost": _("The connection was lost; trying again…"),
        "to_record": _("Writing it into the record…"),
        "recorded": _("Recorded as entry {entry}"),
    }


def _failures() -> dict[str, Any]:
    return {
        "passkey": _("Your passkey was not used, so nothing was signed. Press the button to be asked again."),
        "empty_pad": _("The signature is still empty. Draw it, or type your name."),
        "not_arrived": _("What you began has not arrived. Please sign again; nothing is ever signed twice."),
        "no_seal": _("Choose the image of the seal first, a PNG of at most 1 MB."),
        "refused": [
            _("This page refuses to sign"),
            _("Nothing was signed. Please tell the secretariat, with this code:"),
        ],
        "lost": [
            _("The connection is lost"),
            _("Your signature may or may not have arrived. Keep this page open; “Try again” goes on where it stopped."),
        ],
        "signed_out": [
            _("You have been signed out"),
            _("Nothing was signed. Sign in again in another tab, come back here and try again."),
        ],
        "unsure": [
            _("That did not work"),
            _("“Try again” goes on where it stopped, and tells you the outcome. Nothing is ever signed twice."),
        ],
        "service": [_("That did not work; nothing was signed"), _("Try again, or ask the secretariat.")],
    }


def _refusals() -> dict[str, str]:
    return {
        "malformed-answer": _("The service's answer cannot be read."),
        "statement-act": _("The approval would be for another act."),
        "statement-agreement": _("The approval would be for another agreement."),
        "statement-document": _("The approval would be for another document than the one on this page."),
        "statement-signer": _("The approval would be in another role than yours."),
        "statement-mandate": _("The approval would rest on another mandate than the one on this page."),
        "statement-consent": _("The sentence you would agree to is missing or in another language."),
        "statement-expiry": _("The approval would be open for too long, or is over already."),
        "statement-members": _("The approval would say more, or less, than it must."),
        "appearance-digest": _("The visible signature is not the one that you would approve."),
        "base-revision0": _("The document does not begin with the agreement that you read."),
        "base-changed": _("The document does not continue the one that you were about to sign."),
        "base-length": _("The document has another length than the service says."),
        "base-structure": _("The document is not built as this service builds agreements."),
        "base-foreign": _("A signature made with other software has changed more than its own field."),
        "field-missing": _("The document has no single, empty field for your signature."),
        "field-filled": _("Your signature field is filled already."),
        "delta-structure": _("The addition to the document is not exactly one signature in your field."),
        "delta-field": _("The addition to the document would change something other than your signature field."),
        "delta-appearance": _("The visible signature in the document is not the one that you approved."),
        "delta-byterange": _("The signature would not cover the whole document."),
        "delta-contents": _("The place for the signature has another size than the agreement fixed."),
        "delta-name": _("The signature would carry another name than yours."),
        "delta-reason": _("The signature would state another act than the one you approved."),
        "delta-time": _("The clock of this device or of the service is wrong by more than a day."),
        "attributes-digest": _("The bytes to be signed are not those of the document."),
        "attributes-content": _("The bytes to be signed hold more, or less, than they must."),
        "attributes-approval": _("The bytes to be signed do not hold your own approval."),
        **_refusals_of_evidence(),
    }


def _refusals_of_evidence() -> dict[str, str]:
    return {
        "certificate-key": _("The certificate is not for the key that this page made."),
        "certificate-names": _("The certificate does not name you, your university and this agreement."),
        "certificate-validity": _("The certificate is valid at another time, or for too long."),
        "certificate-usage": _("The certificate is not for signing one document."),
        "certificate-chain": _("The certificate does not come from this alliance's authority."),
        "record-opening": _("The record's entry is not about this certificate."),
        "record-event": _("The record's entry is not about this signature."),
        "record-inclusion": _("The certificate is not in the record."),
        "record-checkpoint": _("The record's checkpoint is not signed with the record's key."),
        "receipt-mismatch": _("The receipt is not for the signature that this page made."),
    }


def passkey_words() -> dict[str, str]:
    """What the scripts of passkeys say, in the interface's language."""
    return {
        "refused": _("Nothing was done: the device did not give a passkey. Try again, or use another device."),
        "known": _("This device has such a passkey of yours already."),
        "swapped": _("Stop: the service has shown another key than the one of your device. Tell the secretariat."),
        "differs": _("Stop: the service asks for something else than this page shows. Nothing was confirmed."),
        "unsupported": _(
            "This browser has no passkeys. Please use a current version of Chrome, Edge, Firefox or Safari."
        ),
        "lost": _("The connection was lost. Try again."),
        "done": _("Confirmed; the person is told by e-mail."),
        "not_confirmed": _("Refused and revoked; the person is told by e-mail to make another passkey."),
        "present": _("Fingerprint of the trust file until now; compare it with the published one:"),
        "left": _("The officer has left. Publish the new trust file's fingerprint."),
        "successor": _("Fingerprint of the new trust file:"),
        "attested": _("Attested; the person is told by e-mail."),
        "added": _("Signed in: the trust file names this passkey now. Publish its new fingerprint."),
    }
