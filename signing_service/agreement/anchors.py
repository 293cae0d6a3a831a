"""Whose certificates count when a party's representatives sign with their own (docs/formats.md 1, ``own_certificate``).

A party may do so only if its sealed terms say so. They name the authorities that issue such certificates, or name
none and leave that to the trust file::

    anchors = read_anchors(table)                # from terms.json: a tuple of DER, or None where it is not allowed
    anchors_from_pem(("-----BEGIN CERTIFICATE-----…",), "terms.parties[0]")      # from agreement.toml
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.agreement.toml import parse_toml
from signing_service.encoding import from_base64url, to_base64url
from signing_service.errors import FormatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from signing_service.agreement.members import Members

MEMBER = "own_certificate"
_ID = re.compile(r"\s*id\s*=\s*[\"']([a-z0-9-]+)[\"']\s*$")
_TABLE = re.compile(r"\s*\[\[")
_MEMBER = re.compile(rf"\s*{MEMBER}\s*=")
_WHOLE, _END = re.compile(r"\]\s*$"), re.compile(r"\s*\]\s*$")  # a list that ends in its line, or on one of its own
MAX_ANCHORS = 8  # of one party
MAX_ANCHOR_BYTES = 8192  # of DER; a certificate with an RSA key of 8192 bits has some 2,500


def read_anchors(table: Members) -> tuple[bytes, ...] | None:
    """Take the member of a party; None where it is absent. Raises FormatError on anything but certificates."""
    if not table.has(MEMBER):
        return None
    anchors = tuple(_decode(item, table) for item in table.list(MEMBER, 0, MAX_ANCHORS))
    if len(set(anchors)) != len(anchors):
        raise table.refuse(f"{MEMBER} names one certificate twice")
    return anchors


def anchors_to_members(anchors: tuple[bytes, ...] | None) -> dict[str, Any]:
    """The member, or none where the party's representatives may not sign with certificates of their own."""
    return {} if anchors is None else {MEMBER: [to_base64url(der) for der in anchors]}


def anchors_from_pem(texts: Sequence[Any], place: str) -> list[str]:
    """Turn PEM texts, as ``agreement.toml`` has them, into the member of the terms; raises FormatError."""
    anchors = []
    for text in texts:
        if not isinstance(text, str):
            raise FormatError(f"{place}: {MEMBER} is not a list of texts", hint="each is a certificate in PEM")
        try:
            found = x509.load_pem_x509_certificates(text.encode())
        except ValueError:
            raise FormatError(f"{place}: {MEMBER} is not a certificate in PEM") from None
        anchors += [to_base64url(_authority(one, place).public_bytes(Encoding.DER)) for one in found]
    return anchors


def _authority(certificate: x509.Certificate, place: str) -> x509.Certificate:
    """An anchor issues certificates: one person's own certificate would bind the agreement to that person."""
    try:
        is_authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        is_authority = False
    if not is_authority:
        name = certificate.subject.rfc4514_string()
        raise FormatError(
            f"{place}: {MEMBER} {name} is not the certificate of an authority",
            hint="name the certificate of the authority that issues the representatives' certificates",
        )
    return certificate


def _decode(item: Any, table: Members) -> bytes:
    try:
        if not isinstance(item, str) or len(item) > MAX_ANCHOR_BYTES * 2:
            raise table.refuse(f"{MEMBER} is not a list of certificates")
        der = from_base64url(item)
        x509.load_der_x509_certificate(der)
    except ValueError:
        raise table.refuse(f"{MEMBER} holds something that is not a certificate") from None
    return der


def members_of(toml: str) -> dict[str, dict[str, Any]]:
    """The member of each party of ``agreement.toml`` that has it, by the party's id; none where it cannot be read."""
    try:
        parties = parse_toml(toml).get("parties", ())
    except ValueError:
        return {}
    return {party["id"]: {MEMBER: party[MEMBER]} for party in parties if MEMBER in party and "id" in party}


def with_authorities(toml: bytes, party_id: str, pem: str | None) -> bytes:
    """``agreement.toml`` with a party's member set to the certificates of a PEM text, emptied ("") or left out (None).

    All else stays as it was. Raises FormatError on anything but authorities' certificates, and where the party is not
    written as a ``[[parties]]`` table with its id and the member on lines of their own.
    """
    anchors_from_pem([pem] if pem else [], party_id)
    wanted = tomllib.loads(toml.decode("utf-8"))
    for party in wanted.get("parties", ()):
        if party.get("id") == party_id:
            party.pop(MEMBER, None)
            party |= {} if pem is None else {MEMBER: [pem] if pem else []}
    changed = "".join(_lines(toml.decode("utf-8"), party_id, pem))
    if tomllib.loads(changed) != wanted:
        raise FormatError(f"agreement.toml: {MEMBER} of {party_id} cannot be changed", hint="write it into the file")
    return changed.encode()


def _lines(toml: str, party_id: str, pem: str | None) -> Iterator[str]:
    inside, old = False, False  # the party's table; a member of several lines that goes
    for line in toml.splitlines(keepends=True):
        old = (old and not _END.match(line)) or (inside and _MEMBER.match(line) is not None and not _WHOLE.search(line))
        if old or (inside and (_MEMBER.match(line) or _END.match(line))):
            continue
        yield line
        table, identifier = _TABLE.match(line), _ID.match(line)
        inside = inside and table is None
        if identifier and identifier[1] == party_id:
            inside = True
            if pem is not None:
                yield f"{MEMBER} = {json.dumps([pem] if pem else [], ensure_ascii=False)}\n"
