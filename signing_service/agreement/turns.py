"""Whose turn it is where an agreement is signed in the parties' order; where the order is free, nobody waits.

Pure, as acts are. Guests attest at any time, and who has declined holds up nobody::

    ahead(terms, acts, "rmutl:president")       # ("njupt:president",): it waits for them
    passes_to(terms, before, "njupt:president")  # "rmutl:president": whose turn this act makes it
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from signing_service.agreement.acts import Acts
    from signing_service.agreement.terms import Terms


def ahead(terms: Terms, acts: Acts, signer_id: str) -> tuple[str, ...]:
    """The signers for whom this one has to wait, whose turn it is first; none where it may sign."""
    signer = terms.signer(signer_id)
    if terms.rules.order == "free" or signer.party.guest:
        return ()
    done = {*acts.given(terms), *acts.refusals} - {signer_id}
    pending = [other for other in _in_order(terms) if other not in done]
    return tuple(pending[: pending.index(signer_id)]) if signer_id in pending else ()


def passes_to(terms: Terms, before: Acts, signer_id: str) -> str | None:
    """The signer whose turn it becomes when this one signs or declines after the acts ``before``; None: nobody's."""
    if terms.rules.order == "free":
        return None
    done = {*before.given(terms), *before.refusals}
    present, following = _first_but(terms, done), _first_but(terms, {*done, signer_id})
    return following if following != present else None


def _in_order(terms: Terms) -> tuple[str, ...]:
    return tuple(signer.id for signer in terms.counted_signers())


def _first_but(terms: Terms, done: Collection[str]) -> str | None:
    return next((signer for signer in _in_order(terms) if signer not in done), None)
