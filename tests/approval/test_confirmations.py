"""An officer's confirmation ties one credential to one person, signer and mandate; the code ties both screens."""

from __future__ import annotations

from inspect import signature

import pytest

from signing_service.approval import Confirmation, ConfirmationStatement, enrolment_code, verify_confirmation
from signing_service.approval.confirmation import CODE_BITS, CODE_ITERATIONS
from signing_service.ceremony.authenticator import Authenticator, Behaviour
from signing_service.encoding import canonical_json, parse_canonical_json, sha256_hex
from signing_service.errors import ApprovalError, FormatError
from tests.approval.cast import (
    PARTY,
    authenticator,
    confirmation,
    confirmation_statement,
    enrolled,
    statement,
)
from tests.cast import LIN, OFFICER, SOMCHAI

LINS_KEY = authenticator().passkeys[0].cose_key


@pytest.fixture
def officer() -> Authenticator:
    return authenticator(OFFICER.id)


def check(given: Confirmation, officer: Authenticator) -> ConfirmationStatement:
    return verify_confirmation(given, enrolled(LINS_KEY), PARTY, [officer.passkeys[0].cose_key])


def test_an_officers_confirmation_stands_and_says_how(officer: Authenticator):
    stated = check(Confirmation.from_der(confirmation(officer, LINS_KEY).to_der()), officer)

    assert (stated.officer, stated.method, stated.name) == (OFFICER.id, "video", LIN.name)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"agreement": "b" * 26}, "another agreement"),
        ({"signer": SOMCHAI.signer}, "another signer"),
        ({"person": "somchai"}, "another person"),
        ({"credential": sha256_hex(b"another key")}, "another credential"),
        ({"mandate": sha256_hex(b"older")}, "another mandate"),
    ],
)
def test_a_confirmation_of_something_else_is_refused(officer: Authenticator, changes: dict[str, str], reason: str):
    with pytest.raises(ApprovalError, match=reason):
        check(confirmation(officer, LINS_KEY, **changes), officer)


def test_nobody_but_an_officer_confirms(officer: Authenticator):
    with pytest.raises(ApprovalError, match="not one of officer"):
        check(confirmation(authenticator(), LINS_KEY), officer)


def test_an_officer_who_was_not_verified_confirms_nothing(officer: Authenticator):
    officer.behaviour = Behaviour(user_verified=False)
    with pytest.raises(ApprovalError, match="without verifying"):
        check(confirmation(officer, LINS_KEY), officer)


def test_an_officers_approval_of_an_act_is_no_confirmation(officer: Authenticator):
    forged = Confirmation(confirmation_statement(LINS_KEY).to_json(), officer.approve(statement().challenge()))
    with pytest.raises(ApprovalError, match="another statement"):
        check(forged, officer)


@pytest.mark.parametrize("member", ["method", "officer", "representative", "time", "v"])
def test_a_statement_without_a_member_or_with_a_wrong_one_is_refused(member: str):
    value = parse_canonical_json(confirmation_statement(LINS_KEY).to_json())
    for changed in ({**value, member: 7}, {key: item for key, item in value.items() if key != member}):
        with pytest.raises(FormatError):
            ConfirmationStatement.from_json(canonical_json(changed))


def test_the_statement_reads_back_as_written():
    stated = confirmation_statement(LINS_KEY)
    assert ConfirmationStatement.from_json(stated.to_json()) == stated


ORIGIN = "https://sign.example.org"


def test_the_code_is_sixteen_letters_of_base32_in_fours():
    code = enrolment_code(LINS_KEY, ORIGIN)
    assert len(code.replace(" ", "")) == 16
    assert {len(group) for group in code.split()} == {4}
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567 ")


def test_the_code_changes_with_the_key_and_from_one_service_to_another():
    others = {
        enrolment_code(authenticator().passkeys[0].cose_key, ORIGIN),
        enrolment_code(LINS_KEY, "https://sign.example.com"),
    }
    assert len(others | {enrolment_code(LINS_KEY, ORIGIN)}) == 3


def test_the_code_of_a_known_key_is_always_the_same():
    assert enrolment_code(bytes(range(77)), ORIGIN) == "FYD5 OX52 HFT7 A4UC"


def test_nothing_that_a_lying_service_could_choose_goes_into_the_code():
    """With person, signer and mandate in it, 2^41 tries found two keys of one code (docs/adr/0009)."""
    assert set(signature(enrolment_code).parameters) == {"key", "origin"}
    assert CODE_ITERATIONS * 2**CODE_BITS >= 2**98
