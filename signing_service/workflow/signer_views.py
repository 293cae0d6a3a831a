"""Each signer's place in an agreement, as pages show it.

One rule for names: what is sealed stays as it was, so a representative is called as the mandate says; where an officer
has corrected the name since, pages that live tell the new one beside it.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from signing_service.agreement.acts import Acts
from signing_service.agreement.mandates import ERASED, Representative
from signing_service.agreement.terms import Party, Signer, SignerRole, Terms
from signing_service.agreement.turns import ahead
from signing_service.encoding import parse_canonical_json
from signing_service.store.tables import Person


@dataclass(frozen=True, slots=True)
class SignerView:
    """One signer's place in an agreement."""

    id: str
    party: Party
    role: SignerRole
    status: str
    """``waiting`` · ``signing`` (with an own certificate, the turn being reserved) · ``signed`` · ``paper`` (signed by
    hand, attested by an officer) · ``refused``."""
    time: datetime | None
    """UTC, of the signature or refusal."""
    representative: str | None
    """Who holds the mandate, as it is sealed and signed with; after signing, who signed."""
    native_name: str | None
    """Of the same person, in their own script, by the mandate too."""
    person_id: str | None
    now_named: str = ""
    """How that person is called by now, where an officer has corrected the name since; never part of what is sealed."""
    reason: str = ""
    """Of a refusal."""
    turn: str = ""
    """Where they sign in turns: ``next`` · ``later`` (others sign first); else empty."""
    last_seen: datetime | None = None
    """When the holder of the mandate was signed in last; told to officers only."""


def signer_views(terms: Terms, done: Acts, held: Mapping[str, tuple[bytes, Person]], signing: str) -> list[SignerView]:
    """Every signer's place; ``held``: by signer id the mandate in force and who holds it."""
    views = []
    for signer in terms.signers():
        act, status = done.signatures.get(signer.id), "signed"
        if act is None:
            act, status = done.papers.get(signer.id), "paper"
        if act is None:
            act, status = done.refusals.get(signer.id), "refused"
        mandate, holder = held.get(signer.id, (b"", None))
        named, native_name, now_named = _names(mandate, holder) if holder else (None, None, "")
        views.append(
            SignerView(
                id=signer.id,
                party=signer.party,
                role=signer.role,
                status=status if act else ("signing" if signer.id == signing else "waiting"),
                time=act.time if act else None,
                representative=named,
                native_name=native_name,
                person_id=holder.id if holder else None,
                now_named=now_named,
                reason=act.reason if act else "",
                turn=_turn(terms, done, signer),
            )
        )
    return views


def _turn(terms: Terms, done: Acts, signer: Signer) -> str:
    if terms.rules.order == "free" or signer.party.guest:
        return ""
    return "later" if ahead(terms, done, signer.id) else "next"


def _names(mandate: bytes, holder: Person) -> tuple[str, str | None, str]:
    """The names that the mandate has, and the present one where it is another."""
    named = _representative(mandate)
    if named.name == ERASED:
        return holder.name, holder.native_name, ""
    return named.name, named.native_name, named.now_named(holder.name, holder.native_name)


@functools.lru_cache(maxsize=4096)
def _representative(mandate: bytes) -> Representative:
    """Read once: everybody in the hall asks. Days are not judged: a draft's checklist does that."""
    value = parse_canonical_json(mandate)["representative"]
    return Representative(value["id"], value["name"], value["native_name"])
