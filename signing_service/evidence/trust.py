"""The trust file: all that an auditor must get from elsewhere, small enough to print (docs/formats.md, 11). ::

    trust = parse_trust_file(Path("trust.json").read_bytes())
    print(fingerprint_text(fingerprint(data)))     # compare with the paper, or a member's site

It is never taken from the PDF or the bundle that is being checked.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.encoding import (
    canonical_json,
    format_time,
    from_base64url,
    from_hex,
    parse_canonical_json,
    parse_time,
    to_base64url,
)
from signing_service.errors import FormatError, LimitError
from signing_service.evidence.record_keys import RetiredKey, retired_from_value, retired_to_value
from signing_service.record.entry import is_integer
from signing_service.record.note import COSIGNATURE, ED25519, VerifierKey, format_verifier_key, parse_verifier_key

VERSION = 1
MAX_TRUST_FILE = 1024 * 1024  # bytes
MAX_ITEMS = 1000  # anchors, parties, witnesses, officers, keys of an officer
FINGERPRINT_BITS = 160  # printed, of SHA-256's 256

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]{1,253}(?::[0-9]{1,5})?\Z")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}\Z")
_PARTY = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_MEMBERS = {
    "v", "name", "web_origin", "relying_party_id", "root", "timestamp_anchors", "party_anchors",
    "record", "witnesses", "officers", "predecessor",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrustedOfficer:
    """An officer whose confirmations count: id, name, and passkeys' public keys (COSE_Key bytes)."""

    id: str
    name: str
    keys: tuple[bytes, ...]
    until: datetime | None = None
    """For an officer who left: what was confirmed later does not count."""

    def may_act_at(self, time: datetime) -> bool:
        """Whether the officer had not left by then."""
        return self.until is None or time <= self.until


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The trust file that this one succeeds: its SHA-256 and its signature over this one."""

    sha256: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class TrustFile:
    """The content of ``trust.json``.

    ``quorum`` is how many of ``witnesses`` must have cosigned a checkpoint; None is the file's
    ``"none"``, to be reported as "not witnessed". Anchors are certificates; ``party_anchors`` goes by
    party id.
    """

    name: str
    web_origin: str
    relying_party_id: str
    root: x509.Certificate
    record_origin: str
    record_key: VerifierKey
    timestamp_anchors: tuple[x509.Certificate, ...] = ()
    party_anchors: Mapping[str, tuple[x509.Certificate, ...]] | None = None
    quorum: int | None = None
    witnesses: tuple[VerifierKey, ...] = ()
    officers: tuple[TrustedOfficer, ...] = ()
    predecessor: Predecessor | None = None
    retired_record_keys: tuple[RetiredKey, ...] = ()

    def officer(self, officer_id: str) -> TrustedOfficer | None:
        """The officer of that id; None for nobody."""
        return next((officer for officer in self.officers if officer.id == officer_id), None)

    def to_value(self) -> dict[str, Any]:
        """The JSON values of ``trust.json``, as the ``trust-file`` event repeats them."""
        return _to_json(self)

    def anchors_of(self, party: str) -> tuple[x509.Certificate, ...]:
        """The anchors for certificates that the party's own representatives bring."""
        return (self.party_anchors or {}).get(party, ())


def fingerprint(data: bytes) -> bytes:
    """SHA-256 of the trust file's bytes; receipts name it in hexadecimal."""
    return sha256(data).digest()


def fingerprint_text(digest: bytes) -> str:
    """The first 160 bits in base32, eight groups of four letters, for paper and telephone."""
    letters = base64.b32encode(digest[: FINGERPRINT_BITS // 8]).decode().lower()
    return " ".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def format_trust_file(trust: TrustFile) -> bytes:
    """Write ``trust.json``: canonical JSON and a line feed; raises FormatError on values it cannot hold."""
    data = canonical_json(_to_json(trust)) + b"\n"
    if _to_json(parse_trust_file(data)) != _to_json(trust):
        raise FormatError("trust file has no bytes that read back the same")
    return data


def parse_trust_file(data: bytes) -> TrustFile:
    """Read ``trust.json``; raises FormatError, naming the member, on anything but format_trust_file's spelling."""
    if len(data) > MAX_TRUST_FILE:
        raise LimitError(f"trust file is larger than {MAX_TRUST_FILE} bytes")
    if not data.endswith(b"\n"):
        raise FormatError("trust file does not end in a line feed")
    members = parse_canonical_json(data[:-1])
    _object("trust file", members, _MEMBERS)
    if not is_integer(members["v"], VERSION):
        raise FormatError(f"trust file has version {members['v']!r}; {VERSION} is supported")
    rotated = isinstance(members["record"], dict) and "retired" in members["record"]
    record = _object("record", members["record"], {"origin", "key"} | ({"retired"} if rotated else set()))
    quorum, witnesses = _witnesses(members["witnesses"])
    return TrustFile(
        name=_text("name", members["name"]),
        web_origin=_matching("web_origin", members["web_origin"], _ORIGIN),
        relying_party_id=_matching("relying_party_id", members["relying_party_id"], _HOST),
        root=_root(members["root"]),
        record_origin=_text("record.origin", record["origin"]),
        record_key=_verifier_key("record.key", record["key"], ED25519),
        timestamp_anchors=_certificates("timestamp_anchors", members["timestamp_anchors"]),
        party_anchors=_party_anchors(members["party_anchors"]),
        quorum=quorum,
        witnesses=witnesses,
        officers=_officers(members["officers"]),
        predecessor=_predecessor(members["predecessor"]),
        retired_record_keys=retired_from_value(record["retired"]) if rotated else (),
    )


def _to_json(trust: TrustFile) -> dict[str, Any]:
    predecessor = trust.predecessor
    retired = {"retired": retired_to_value(trust.retired_record_keys)} if trust.retired_record_keys else {}
    return {
        "v": VERSION,
        "name": trust.name,
        "web_origin": trust.web_origin,
        "relying_party_id": trust.relying_party_id,
        "root": {"certificate": _pem(trust.root), "sha256": _der_sha256(trust.root)},
        "timestamp_anchors": [_pem(anchor) for anchor in trust.timestamp_anchors],
        "party_anchors": {
            party: [_pem(anchor) for anchor in anchors] for party, anchors in (trust.party_anchors or {}).items()
        },
        "record": {"origin": trust.record_origin, "key": format_verifier_key(trust.record_key), **retired},
        "witnesses": {
            "quorum": "none" if trust.quorum is None else trust.quorum,
            "keys": [format_verifier_key(key) for key in trust.witnesses],
        },
        "officers": [_officer_to_json(officer) for officer in trust.officers],
        "predecessor": None
        if predecessor is None
        else {"sha256": predecessor.sha256.hex(), "signature": to_base64url(predecessor.signature)},
    }


def _root(value: Any) -> x509.Certificate:
    _object("root", value, {"certificate", "sha256"})
    certificate = _certificate("root.certificate", value["certificate"])
    if value["sha256"] != _der_sha256(certificate):
        raise FormatError("trust file's root.sha256 is not the digest of root.certificate")
    return certificate


def _witnesses(value: Any) -> tuple[int | None, tuple[VerifierKey, ...]]:
    _object("witnesses", value, {"quorum", "keys"})
    keys = tuple(_verifier_key("witnesses.keys", key, COSIGNATURE) for key in _list("witnesses.keys", value["keys"]))
    if len({key.public_key for key in keys}) != len(keys) or len({key.name for key in keys}) != len(keys):
        raise FormatError("trust file names a witness twice", hint="one name and one key for each witness")
    quorum = value["quorum"]
    if quorum == "none":
        return None, keys
    if not is_integer(quorum) or not 1 <= quorum <= len(keys):
        raise FormatError(f'trust file\'s witnesses.quorum must be "none" or 1 to {len(keys)}')
    return quorum, keys


def _officer_to_json(officer: TrustedOfficer) -> dict[str, Any]:
    value = {"id": officer.id, "name": officer.name, "keys": [to_base64url(key) for key in officer.keys]}
    return value if officer.until is None else {**value, "until": format_time(officer.until)}


def _officers(value: Any) -> tuple[TrustedOfficer, ...]:
    officers = tuple(_officer(item) for item in _list("officers", value))
    keys = [key for officer in officers for key in officer.keys]
    if len({officer.id for officer in officers}) != len(officers) or len(set(keys)) != len(keys):
        raise FormatError("trust file names an officer or an officer's key twice")
    return officers


def _officer(value: Any) -> TrustedOfficer:
    left = isinstance(value, dict) and "until" in value
    _object("officers", value, {"id", "name", "keys"} | ({"until"} if left else set()))
    keys = tuple(from_base64url(key) for key in _list("officers.keys", value["keys"]))
    until = parse_time(value["until"]) if left else None
    return TrustedOfficer(_text("officers.id", value["id"]), _text("officers.name", value["name"]), keys, until)


def _predecessor(value: Any) -> Predecessor | None:
    if value is None:
        return None
    _object("predecessor", value, {"sha256", "signature"})
    return Predecessor(from_hex(value["sha256"], 32), from_base64url(value["signature"]))


def _party_anchors(value: Any) -> dict[str, tuple[x509.Certificate, ...]]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise FormatError("trust file's party_anchors is no object of at most 1000 members")
    for party in value:
        _matching("party_anchors", party, _PARTY)
    return {party: _certificates(f"party_anchors.{party}", anchors) for party, anchors in value.items()}


def _certificates(name: str, value: Any) -> tuple[x509.Certificate, ...]:
    return tuple(_certificate(name, item) for item in _list(name, value))


def _certificate(name: str, value: Any) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(_text(name, value).encode("ascii"))
    except ValueError as error:
        raise FormatError(f"trust file's {name} is no certificate in PEM") from error
    if _pem(certificate) != value:
        raise FormatError(f"trust file's {name} is not exactly one certificate in PEM, 64 letters a line")
    return certificate


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _der_sha256(certificate: x509.Certificate) -> str:
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _verifier_key(name: str, value: Any, key_type: int) -> VerifierKey:
    key = parse_verifier_key(_text(name, value))
    if key.type != key_type:
        raise FormatError(f"trust file's {name} has signature type {key.type:02x} where {key_type:02x} is needed")
    return key


def _object(name: str, value: Any, members: Iterable[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != set(members):
        raise FormatError(f"trust file's {name} does not have exactly the members {', '.join(sorted(members))}")
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise FormatError(f"trust file's {name} is no list of at most {MAX_ITEMS}")
    return value


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise FormatError(f"trust file's {name} is not a text")
    return value


def _matching(name: str, value: Any, pattern: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not pattern.match(value):
        raise FormatError(f"trust file's {name} {value!r} is not of the form that it must have")
    return value
