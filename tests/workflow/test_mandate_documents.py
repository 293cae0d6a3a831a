"""The document behind a mandate: its digest is approved and recorded, its PDF rides in the bundle."""

from __future__ import annotations

import pytest

from signing_service.encoding import sha256_hex
from signing_service.errors import InputError
from signing_service.evidence.bundle import read_bundle
from signing_service.workflow.download import evidence
from signing_service.workflow.mandates import MAX_DOCUMENT, Authority, give_mandate
from tests.cast import LIN, SOMCHAI
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World

POWERS = b"%PDF-1.7\n% stands for the scan of Lin's full powers\n%%EOF\n"


def give(world: World, pdf: bytes) -> None:
    authority = Authority("University Council", world.clock.now.date(), None, "No. 17 of 2 April 2025", pdf)
    give_mandate(world.service, world.officer, world.agreement, LIN.signer, world.ids[LIN], authority)


def test_the_document_is_in_the_bundle_and_in_the_report(world: World):
    give(world, POWERS)
    world.publish()
    world.sign(LIN)
    world.sign(SOMCHAI)

    _, data = evidence(world.service, world.officer, world.agreement)

    assert read_bundle(data).mandates == {sha256_hex(POWERS): POWERS}
    report = verify_evidence(data, world)
    mandates = {item.field: item.mandate for item in report.signatures}
    assert mandates[LIN.signer].endswith(f"No. 17 of 2 April 2025 (its PDF: SHA-256 {sha256_hex(POWERS)})")
    assert "PDF" not in mandates[SOMCHAI.signer]
    assert [check for check in report.problems if check.subject == f"field {LIN.signer}"] == []


@pytest.mark.parametrize("pdf", [b"GIF89a", b"%PDF-1.7\n" + bytes(MAX_DOCUMENT)])
def test_what_is_no_pdf_or_too_large_is_refused(world: World, pdf: bytes):
    with pytest.raises(InputError):
        give(world, pdf)
