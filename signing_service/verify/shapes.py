"""Step 8: the shape of each type of event (docs/formats.md 7): these members, of these kinds, and no other.

    check_shape(event)        # raises FormatError; CheckError (INDETERMINATE) for an unknown type

So that the steps after it need not ask what they hold, and nobody can hide something in an event.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from signing_service.encoding import parse_time
from signing_service.errors import FormatError
from signing_service.verify.verdict import SubIndication, unproven

_SHA256 = re.compile(r"[0-9a-f]{64}")
Kind = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _digest(value: Any) -> bool:
    return isinstance(value, str) and _SHA256.fullmatch(value) is not None


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _flag(value: Any) -> bool:
    return isinstance(value, bool)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(_text(one) for one in value)


def _time(value: Any) -> bool:
    try:
        parse_time(value)
    except FormatError:
        return False
    return True


def _or_null(kind: Kind) -> Kind:
    return lambda value: value is None or kind(value)


def _timestamp(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == {"time", "independent"}
        and _time(value["time"])
        and _flag(value["independent"])
    )


_COMMON: dict[str, Kind] = {"v": _number, "type": _text, "scope": _text, "sequence": _number, "time": _time}
_PDF: dict[str, Kind] = {"revision": _number, "pdf_sha256": _digest, "pdf_length": _number, "timestamp": _timestamp}
_SIGNATURE: dict[str, Kind] = _PDF | {
    "signer": _text,
    "mandate_sha256": _digest,
    "certificate_sha256": _digest,
    "issuance": _number,
    "assurance": _text,
}
_MANDATE: dict[str, Kind] = {"mandate": _object, "mandate_sha256": _digest, "officer": _text}
_OWN_CERTIFICATE: dict[str, Kind] = _PDF | {
    "signer": _text,
    "mandate_sha256": _digest,
    "certificate": _text,
    "certificate_sha256": _digest,
    "subject": _text,
    "assurance": _text,
}
_KEY: dict[str, Kind] = {"signer": _text, "key_sha256": _digest}
_ROTATED: dict[str, Kind] = {"role": _text, "replaces": _text, "reason": _text}

SHAPES: dict[str, tuple[dict[str, Kind], ...]] = {
    "service-initialised": (
        {"public_url": _text, "record_origin": _text, "record_key": _text, "root_sha256": _digest},
    ),
    "release": ({"version": _text, "assets": _object},),
    "officer-added": ({"officer": _object, "by": _or_null(_text)},),
    "office-given": ({"person": _object, "office": _or_null(_text), "by": _text},),
    "person-corrected": ({"person": _text, "changed": _texts, "by": _text},),
    "officer-removed": ({"officer": _text, "by": _text, "until": _time},),
    "trust-file": ({"file": _object, "sha256": _digest, "reason": _text},),
    "key-rotated": (_ROTATED | {"certificate": _text, "certificate_sha256": _digest}, _ROTATED | {"key": _text}),
    "guard-stated": ({"size": _number, "root": _text, "source": _text},),
    "publication": (
        {
            "terms": _object,
            "pdf_sha256": _digest,
            "pdf_length": _number,
            "base_length": _number,
            "contents_size": _number,
            "officer": _text,
        },
    ),
    "mandate": (_MANDATE, _MANDATE | {"reason": _text}),
    "enrolment": (
        _KEY
        | {
            "person": _text,
            "mandate_sha256": _digest,
            "credential": _text,
            "key": _text,
            "backup_eligible": _flag,
            "backed_up": _flag,
        },
    ),
    "confirmation": (
        _KEY
        | {"enrolment": _number, "mandate_sha256": _digest, "officer": _text, "method": _text, "confirmation": _text},
    ),
    "revocation": (_KEY | {"enrolment": _number, "reason": _text, "by": _text},),
    "issuance": (
        {
            "act": _text,
            "signer": _text,
            "mandate_sha256": _digest,
            "certificate": _text,
            "certificate_sha256": _digest,
            "approval": _text,
        },
    ),
    "signature": (_SIGNATURE, _OWN_CERTIFICATE),
    "countersignature": (_SIGNATURE,),
    "refusal": ({"signer": _text, "mandate_sha256": _digest, "reason": _text, "approval": _text},),
    "document-timestamp": (_PDF | {"field": _text},),
    "paper": (
        {
            "signer": _text,
            "mandate_sha256": _digest,
            "document_sha256": _digest,
            "media_type": _text,
            "officer": _text,
            "attestation": _text,
        },
    ),
    "extension": ({"closes": _time, "until": _time, "reason": _text, "officer": _text, "attestation": _text},),
    "archive-timestamp": (_PDF | {"field": _text},),
    "withdrawal": ({"officer": _text, "reason": _text, "superseded_by": _or_null(_digest)},),
    "erased": ({"erased": _number, "erased_type": _text, "reason": _text},),
}


def check_shape(event: Mapping[str, Any]) -> None:
    """Raise FormatError unless an event has exactly the members of its type, each of its kind."""
    kind = event.get("type")
    where = f"event {event.get('sequence')} ({kind})"
    if not isinstance(kind, str) or kind not in SHAPES:
        raise unproven(
            SubIndication.GENERIC, f"{where} is of a type that this version does not know", hint="use a newer version"
        )
    for shape in SHAPES[kind]:
        wanted = _COMMON | shape
        if event.keys() != wanted.keys():
            continue
        wrong = sorted(name for name, is_right in wanted.items() if not is_right(event[name]))
        if wrong:
            raise FormatError(f"{where} has a {wrong[0]} that it cannot have")
        return
    raise FormatError(f"{where} does not have exactly the members of its type")
