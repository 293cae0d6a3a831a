"""A document's certificates of the service lead to one root: a changed authority's certificate is found even alone."""

from __future__ import annotations

import random

from signing_service.verify.cms import read_signature
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Step, Verdict
from signing_service.verify.verifier import verify_pdf
from tests.attacks.documents import CONTROLS, world
from tests.attacks.editing import container_of, with_container
from tests.verify.world import LATER


def test_a_changed_bit_in_the_only_copy_of_an_authoritys_certificate_is_refused():
    pdf, trust = CONTROLS["signed"](), world().trust()
    padded = container_of(pdf)
    container = read_signature(padded[: 4 + int.from_bytes(padded[2:4], "big")])
    authority = next(item for item in container.certificates if item.is_authority)
    start, rng = padded.index(authority.der), random.Random(4)
    places = [start + rng.randrange(len(authority.der)) for _ in range(40)]

    intact = verify_pdf(pdf, trust, LATER)
    assert [check for check in intact.problems if check.step in (Step.CMS, Step.PATH)] == []
    for place in places:
        changed = bytearray(padded)
        changed[place] ^= 1 << (place % 8)
        assert verify_pdf(with_container(pdf, bytes(changed)), trust, LATER).verdict is Verdict.FAILED, place - start


def test_a_document_under_another_root_is_not_called_changed():
    report = verify_pdf(CONTROLS["signed"](), Trust(), LATER)

    assert report.verdict is Verdict.INDETERMINATE
