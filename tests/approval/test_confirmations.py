"""An officer's confirmation ties one credential to one person, signer and mandate; the code ties both screens."""

from __future__ import annotations

import pytest

from signing_service.approval import Confirmation, ConfirmationStatement, enrolment_code, verify_confirmation
from signing_service.ceremony.authenticator import Authenticator, Behaviour
from signing_service.encoding import canonical_json, parse_canonical_json, sha256_hex
from signing_service.errors import ApprovalError, FormatError
from tests.approval.cast import (
    MANDATE,
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


def test_the_code_is_sixteen_letters_of_base32_in_fours():
    code = enrolment_code(LINS_KEY, MANDATE, LIN.id, LIN.signer)
    assert len(code.replace(" ", "")) == 16
    assert {len(group) for group in code.split()} == {4}
    assert set(code) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567 ")


def test_the_code_changes_with_key_person_signer_and_mandate():
    code = enrolment_code(LINS_KEY, MANDATE, LIN.id, LIN.signer)
    others = {
        enrolment_code(authenticator().passkeys[0].cose_key, MANDATE, LIN.id, LIN.signer),
        enrolment_code(LINS_KEY, sha256_hex(b"older"), LIN.id, LIN.signer),
        enrolment_code(LINS_KEY, MANDATE, SOMCHAI.id, LIN.signer),
        enrolment_code(LINS_KEY, MANDATE, LIN.id, SOMCHAI.signer),
    }
    assert len(others | {code}) == 5


def test_the_code_of_a_known_key_is_always_the_same():
    assert enrolment_code(bytes(range(77)), "0" * 64, "lin", "njupt:president") == "PDBK BIUW FXRG EYWA"
