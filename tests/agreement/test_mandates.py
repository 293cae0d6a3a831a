"""Mandates: who may act for whom, on which days, with one digest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from signing_service.agreement.mandates import Mandate, Representative
from signing_service.agreement.terms import SECRETARIAT
from signing_service.errors import FormatError, NotAllowedError, NotFoundError
from tests.agreement.alliance import AGREEMENT, terms

DARA = Mandate(
    agreement=AGREEMENT,
    party="tonle",
    role="rector",
    representative=Representative("dara", "Dara Kumru", "តារា គំរូ"),
    organ="University Council",
    document="Council decision 7/2025",
    document_sha256="ab" * 32,
    first_day=date(2025, 1, 1),
    last_day=date(2025, 12, 31),
)


def test_a_mandate_survives_the_way_to_json_and_back():
    assert Mandate.from_json(DARA.to_json()) == DARA
    bare = replace(DARA, document=None, document_sha256=None, last_day=None)
    assert Mandate.from_json(bare.to_json()) == bare


def test_the_digest_changes_with_every_member():
    others = [
        replace(DARA, party="neva"),
        replace(DARA, role="dean"),
        replace(DARA, last_day=None),
        replace(DARA, representative=replace(DARA.representative, native_name=None)),
    ]
    assert len({mandate.digest() for mandate in [DARA, *others]}) == 5
    assert DARA.digest() == Mandate.from_json(DARA.to_json()).digest()


def test_a_mandate_holds_from_its_first_to_its_last_day_of_utc():
    assert not DARA.valid_at(datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert DARA.valid_at(datetime(2025, 1, 1, tzinfo=UTC))
    assert DARA.valid_at(datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC))
    assert not DARA.valid_at(datetime(2026, 1, 1, tzinfo=UTC))
    east = timezone(timedelta(hours=8))
    assert DARA.valid_at(datetime(2026, 1, 1, 7, 59, tzinfo=east))


def test_a_mandate_out_of_date_is_refused_with_its_days():
    with pytest.raises(NotAllowedError, match="valid from 2025-01-01 to 2025-12-31"):
        DARA.check_valid_at(datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(NotAllowedError, match="valid from 2025-01-01 on"):
        replace(DARA, last_day=None).check_valid_at(datetime(2024, 1, 1, tzinfo=UTC))


def test_a_mandate_serves_its_own_signer_only():
    DARA.check_for(terms(), "tonle:rector")
    with pytest.raises(NotAllowedError, match="not for njupt:president"):
        DARA.check_for(terms(), "njupt:president")
    with pytest.raises(NotAllowedError, match="another agreement"):
        replace(DARA, agreement="b" * 26).check_for(terms(), "tonle:rector")
    with pytest.raises(NotFoundError):
        replace(DARA, role="dean").check_for(terms(), "tonle:dean")


def test_an_officer_has_a_mandate_for_the_secretariat():
    officer = replace(DARA, party="secretariat", role="officer")
    officer.check_for(terms(), SECRETARIAT)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b'"v":1', b'"v":2', "v is not"),
        (b'"from":"2025-01-01"', b'"from":"2025-02-30"', "2025-02-30 does not exist"),
        (b'"from":"2025-01-01"', b'"from":"2026-02-01"', "ends before it begins"),
        (b'"organ":"University Council",', b"", "organ is missing"),
        (b"Dara Kumru", b"Dara  Kumru", "not a name as this service writes it"),
        (b'"party":"tonle"', b'"party":"Tonle"', "not of the form"),
    ],
)
def test_a_mandate_that_breaks_the_format_is_refused(old, new, message):
    data = DARA.to_json()
    assert old in data
    with pytest.raises(FormatError, match=message):
        Mandate.from_json(data.replace(old, new))
