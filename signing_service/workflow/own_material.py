"""What is kept of an own certificate for the archive: its path, and what its authority said of it when it signed.

row.material = OwnMaterial(path, ocsps, crls).to_json()
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from signing_service.encoding import canonical_json, from_base64url, parse_canonical_json, to_base64url


@dataclass(frozen=True, slots=True)
class OwnMaterial:
    """DER throughout."""

    path: tuple[bytes, ...] = ()
    """From the signer's certificate to the anchor."""
    ocsps: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()

    def to_json(self) -> bytes:
        """Canonical JSON."""
        parts = {"path": self.path, "ocsps": self.ocsps, "crls": self.crls}
        return canonical_json({name: [to_base64url(der) for der in ders] for name, ders in parts.items()})

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """What to_json gave."""
        value = parse_canonical_json(data)
        return cls(*(tuple(map(from_base64url, value[name])) for name in ("path", "ocsps", "crls")))

    @classmethod
    def together(cls, items: Iterable[bytes | None]) -> Self:
        """All of an agreement's, each certificate, response and list once."""
        found = [cls.from_json(item) for item in items if item]
        return cls(
            tuple(dict.fromkeys(der for item in found for der in item.path)),
            tuple(dict.fromkeys(der for item in found for der in item.ocsps)),
            tuple(dict.fromkeys(der for item in found for der in item.crls)),
        )
