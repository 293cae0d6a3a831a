"""What is known of one agreement, loaded for a use case: terms, layout, the acts so far."""

from __future__ import annotations

import functools
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from signing_service.agreement.acts import Act, Acts, is_over
from signing_service.agreement.mandates import Mandate
from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.approval import Act as ApprovedAct
from signing_service.errors import NotFoundError
from signing_service.pdf.grammar import Layout, Tail
from signing_service.store import acts, agreements, mandates
from signing_service.store.tables import Agreement, Person
from signing_service.store.tables import Mandate as MandateRow

KEPT = 128  # agreements whose parsed terms and layout a process keeps, some 100 KB each


@dataclass(frozen=True, slots=True)
class Published:
    """A published agreement's frozen parts."""

    id: str
    terms: Terms
    layout: Layout
    base_length: int
    """Bytes of the unsigned base."""
    first: agreements.RevisionEnd
    """Revision 0's."""

    @property
    def revision0_length(self) -> int:
        """Bytes of revision 0."""
        return self.first.length

    @property
    def revision0_sha256(self) -> str:
        """SHA-256 of revision 0, hexadecimal: what stands for the agreement."""
        return self.first.sha256


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, for whom, as what."""

    signer: str
    person_id: str
    mandate_id: str
    mandate: Mandate

    @property
    def act(self) -> ApprovedAct:
        """``signature``, or ``countersignature`` for the secretariat."""
        return "countersignature" if self.signer == SECRETARIAT else "signature"


class _Frozen:
    """What publication froze, read and parsed once: every step of every signature needs it. Thread-safe."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str], Published] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, agreement_id: str, first: agreements.RevisionEnd) -> Published | None:
        """What is kept of the agreement with that revision 0."""
        with self._lock:
            return self._kept.get((agreement_id, first.sha256))

    def keep(self, published: Published) -> None:
        """Keep it, and let the one go that was kept first where there are too many."""
        with self._lock:
            self._kept[published.id, published.revision0_sha256] = published
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


_frozen = _Frozen()


def load_published(session: Session, agreement_id: str) -> Published:
    """Load a published agreement; raises NotFoundError for an unknown one and for a draft."""
    return _load(session, agreement_id, agreements.find_end(session, agreement_id, 0))


def load_newest(session: Session, agreement_id: str) -> tuple[Published, agreements.RevisionEnd]:
    """The same, with the end of its newest revision."""
    ends = agreements.outermost_ends(session, agreement_id)
    if ends is None:
        raise NotFoundError("the agreement is not published")
    first, newest = ends
    return _load(session, agreement_id, first), newest


def _load(session: Session, agreement_id: str, first: agreements.RevisionEnd | None) -> Published:
    found = None if first is None else _frozen.find(agreement_id, first)
    if found is not None:
        return found
    row = agreements.get(session, agreement_id)
    if first is None or row.layout is None or row.base_length is None:
        raise NotFoundError("the agreement is not published")
    found = Published(row.id, load_terms(row), Layout.from_json(row.layout), row.base_length, first)
    _frozen.keep(found)
    return found


@functools.lru_cache(maxsize=KEPT)
def _parse_terms(terms: bytes) -> Terms:
    return Terms.from_json(terms)


def load_terms(row: Agreement) -> Terms:
    """An agreement's terms, those of a draft too, parsed once for each content."""
    return _parse_terms(row.terms)


def mandates_in_order(session: Session, terms: Terms) -> list[tuple[MandateRow, Person]]:
    """The mandates in force under an agreement with who holds them, in the order of signature, then an officer's."""
    order = {signer.id: place for place, signer in enumerate(terms.signers())}
    given = mandates.of_agreement(session, terms.id)
    return sorted(given, key=lambda one: order.get(one[0].signer, len(order)))


def load_acts(session: Session, agreement_id: str) -> Acts:
    """Gather the acts under an agreement from their rows."""
    kinds = ("signature", "refusal", "paper", "withdrawal")
    done: dict[str, dict[str, Act]] = {kind: {} for kind in kinds}
    superseded_by, ends = None, []
    for one in acts.summary(session, agreement_id):
        if one.kind == "extension":
            ends.append(one.time)
            continue
        done[one.kind][one.signer] = Act(one.signer, one.time, one.reason)
        superseded_by = superseded_by or one.superseded_by
    given, refusals, papers = done["signature"], done["refusal"], done["paper"]
    countersignature = given.pop(SECRETARIAT, None)
    return Acts(
        given,
        {signer: refusal for signer, refusal in refusals.items() if signer not in given and signer not in papers},
        papers,
        countersignature,
        done["withdrawal"].get(SECRETARIAT),
        superseded_by,
        max(ends, default=None),
    )


def load_mandate(session: Session, agreement_id: str, signer: str, person_id: str) -> tuple[str, Mandate] | None:
    """The mandate in force of this person for this signer, with its row's id; None if there is none."""
    found = mandates.held_by(session, agreement_id, signer, person_id)
    return None if found is None else (found[0], _parse_mandate(found[1]))


@functools.lru_cache(maxsize=8 * KEPT)
def _parse_mandate(data: bytes) -> Mandate:
    return Mandate.from_json(data)


@dataclass(frozen=True, slots=True)
class Awaited:
    """A signature that a person can still give, now or when signing opens or it is their turn."""

    mandate: MandateRow
    terms: Terms
    acts: Acts


def awaited_of(session: Session, person_id: str, now: datetime, first: str | None = None) -> Iterator[Awaited]:
    """The signatures that a person can still give to published agreements, the newest mandate first.

    Those to the agreement ``first`` come before all others. One after the other: who needs a few loads no more.
    """
    known: dict[str, tuple[Terms, Acts]] = {}  # of an agreement for which a person signs twice, loaded once
    for mandate_id in mandates.unsigned_of(session, person_id, first):
        mandate = mandates.get(session, mandate_id)
        if mandate.agreement not in known:
            terms = load_terms(agreements.get(session, mandate.agreement))
            known[mandate.agreement] = terms, load_acts(session, mandate.agreement)
        terms, done = known[mandate.agreement]
        if mandate.signer not in done.given(terms) and not is_over(terms, done, now):
            yield Awaited(mandate, terms, done)


def tail_of(end: agreements.RevisionEnd) -> Tail:
    """What the delta writer needs of the revision that it continues."""
    return Tail(end.length, end.startxref, end.size)
