"""Judging an upload in a child process with limits on memory and time, as files for verification are.

    judged = judge_apart(stored, uploaded, Upload("njupt:president", lin), trust_json, at)

The child answers with plain values; of an error it tells the kind, and the same error is raised here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from signing_service.agreement.mandates import Representative
from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import (
    ForbiddenChangeError,
    ForeignCertificateError,
    FormatError,
    LimitError,
    NonconformingSignatureError,
    OtherDocumentError,
    Phrase,
    SigningServiceError,
    UploadError,
)
from signing_service.verify.own_upload import Accepted, Upload, judge_upload
from signing_service.verify.sandbox import MAX_MEMORY, MAX_SECONDS, ask_child
from signing_service.verify.trust import read_trust

_ERRORS: dict[str, type[SigningServiceError]] = {
    kind.__name__: kind
    for kind in (
        OtherDocumentError,
        ForbiddenChangeError,
        NonconformingSignatureError,
        ForeignCertificateError,
        UploadError,
        LimitError,
    )
}
TOO_MUCH = Phrase("the file takes more time or memory to check than this service allows")


@dataclass(frozen=True, slots=True)
class Judged:
    """An accepted upload, as the child tells it."""

    startxref: int
    size: int
    path: tuple[bytes, ...]
    """DER, from the signer's certificate to the anchor."""
    subject: str
    """Of the signer's certificate (RFC 4514)."""
    timestamp: datetime | None
    """What a trusted timestamp inside the signature proves."""
    independent: bool
    """Whether that timestamp's authority is independent of the service."""
    ocsps: tuple[bytes, ...]
    crls: tuple[bytes, ...]


def judge_apart(
    stored: bytes,
    uploaded: bytes,
    expected: Upload,
    trust: bytes,
    at: datetime,
    *,
    seconds: float = MAX_SECONDS,
    memory: int = MAX_MEMORY,
) -> Judged:
    """As judge_upload, apart; ``trust``: the trust file. Raises UploadError, LimitError."""
    person = expected.representative
    header = {
        "task": "own-upload",
        "signer": expected.signer,
        "representative": [person.id, person.name, person.native_name],
        "at": at.isoformat(),
        "sizes": [len(stored), len(uploaded), len(trust)],
        "seconds": seconds,
        "memory": memory,
    }
    try:
        answer = ask_child((json.dumps(header).encode() + b"\n", stored, uploaded, trust), 2 * seconds)
    except LimitError as error:
        raise LimitError(TOO_MUCH, hint="sign with a plain appearance, without large pictures") from error
    if "error" in answer:
        kind = _ERRORS.get(answer["error"], LimitError if answer["error"] == "limit" else UploadError)
        raise kind(_said(answer["message"]), hint=_said(answer["hint"]))
    return Judged(
        answer["startxref"],
        answer["size"],
        _decoded(answer["path"]),
        answer["subject"],
        datetime.fromisoformat(answer["timestamp"]) if answer["timestamp"] else None,
        answer["independent"],
        _decoded(answer["ocsps"]),
        _decoded(answer["crls"]),
    )


def answer(header: dict[str, Any], files: Sequence[bytes]) -> dict[str, Any]:
    """In the child: judge, and tell."""
    stored, uploaded, trust_file = files
    trust = read_trust([trust_file])
    expected = Upload(header["signer"], Representative(*header["representative"]))
    try:
        accepted = judge_upload(stored, uploaded, expected, trust, datetime.fromisoformat(header["at"]))
    except (UploadError, FormatError) as error:
        kind = type(error).__name__ if type(error).__name__ in _ERRORS else UploadError.__name__
        return {"error": kind, "message": _told(error.message), "hint": _told(error.hint)}
    except RecursionError:
        return {"error": UploadError.__name__, "message": _told(Phrase("the file is nested too deeply")), "hint": ""}
    independent = set(trust.timestamp_anchors)
    return {
        "startxref": accepted.startxref,
        "size": accepted.size,
        "path": [to_base64url(one.der) for one in accepted.path],
        "subject": accepted.path[0].parsed.subject.rfc4514_string(),
        "timestamp": accepted.timestamp.time.isoformat() if accepted.timestamp else None,
        "independent": _is_independent(accepted, independent),
        "ocsps": [to_base64url(der) for der in accepted.ocsp_responses],
        "crls": [to_base64url(der) for der in accepted.crls],
    }


def _is_independent(accepted: Accepted, anchors: set[Any]) -> bool:
    return accepted.timestamp is not None and any(one in anchors for one in accepted.timestamp.path.certificates)


def _told(text: str) -> str | dict[str, Any]:
    """A text as JSON, taken apart so that the page can say it in the reader's language."""
    if not isinstance(text, Phrase):
        return str(text)
    values = {
        name: value if isinstance(value, int) else _told(value if isinstance(value, str) else str(value))
        for name, value in text.values.items()
    }
    return {"template": text.template, "values": values}


def _said(told: str | dict[str, Any]) -> str:
    if isinstance(told, str):
        return told
    values = {name: value if isinstance(value, int) else _said(value) for name, value in told["values"].items()}
    return Phrase(told["template"], **values)


def _decoded(values: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(from_base64url(value) for value in values)
