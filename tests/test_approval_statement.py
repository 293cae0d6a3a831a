"""The statement that people approve: one spelling, strict reading, a challenge that changes with every member."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.approval import Approval, ServiceAssertion, Statement, service_approval
from signing_service.approval.evidence import MAX_APPROVAL_BYTES
from signing_service.approval.statement import MAX_STATEMENT_BYTES
from signing_service.encoding import canonical_json, parse_canonical_json, tagged_sha256
from signing_service.errors import FormatError, LimitError, SigningServiceError
from tests.authenticator import Passkey
from tests.cast import LIN, NOON

STATEMENT = Statement(
    act="signature",
    agreement="aebagbafaydqqcikbmga2dqpca",
    revision0="11" * 32,
    signer=LIN.signer,
    mandate="22" * 32,
    consent="I sign the agreement for my university.",
    consent_language="en",
    key=b"\x30\x59 a public key",
    appearance="33" * 32,
    expires=NOON + timedelta(minutes=10),
)
HEX = st.binary(min_size=32, max_size=32).map(bytes.hex)
STATEMENTS = st.builds(
    Statement,
    act=st.sampled_from(["signature", "countersignature", "refusal"]),
    agreement=st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=26, max_size=26),
    revision0=HEX,
    signer=st.from_regex(r"[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9-]{0,31}", fullmatch=True),
    mandate=HEX,
    consent=st.text("Iч签ខ ", min_size=1, max_size=60).filter(str.strip),
    consent_language=st.sampled_from(["en", "zh", "km", "zh-Hant"]),
    key=st.binary(max_size=100),
    appearance=HEX,
    expires=st.integers(0, 4_000_000_000).map(lambda second: datetime.fromtimestamp(second, UTC)),
)
OTHERS = {
    "act": "refusal",
    "agreement": "b" * 26,
    "revision0": "44" * 32,
    "signer": "andaman:president",
    "mandate": "44" * 32,
    "consent": "Another sentence.",
    "consent_language": "zh",
    "key": b"another key",
    "appearance": "44" * 32,
    "expires": NOON,
}


def test_the_statement_is_spelled_as_the_format_says() -> None:
    assert STATEMENT.to_json() == (
        b'{"act":"signature","agreement":"aebagbafaydqqcikbmga2dqpca","appearance":"' + b"33" * 32
        + b'","consent":"I sign the agreement for my university.","consent_language":"en",'
        b'"expires":"2025-04-11T04:10:00Z","key":"MFkgYSBwdWJsaWMga2V5","mandate":"' + b"22" * 32
        + b'","revision0":"' + b"11" * 32 + b'","signer":"njupt:president","v":1}'
    )  # fmt: skip


def test_the_challenge_is_the_tagged_hash_of_the_statement() -> None:
    assert STATEMENT.challenge() == tagged_sha256("signing-service/approval/v1", STATEMENT.to_json())


@given(STATEMENTS)
def test_a_statement_goes_through_json_and_back(statement: Statement) -> None:
    assert Statement.from_json(statement.to_json()) == statement


@pytest.mark.parametrize("name", [field.name for field in fields(Statement)])
def test_every_member_changes_the_challenge(name: str) -> None:
    change: dict[str, Any] = {name: OTHERS[name]}
    assert replace(STATEMENT, **change).challenge() != STATEMENT.challenge()


def changed(**members) -> bytes:
    return canonical_json(parse_canonical_json(STATEMENT.to_json()) | members)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not JSON"),
        (b"{}", "members"),
        (b"[]", "members"),
        (b"null", "members"),
        (STATEMENT.to_json() + b" ", "canonical"),
        (STATEMENT.to_json().replace(b'"v":1', b'"v":1,"v":1'), "canonical"),
        (changed(v=2), "unknown version"),
        (changed(more="x"), "members"),
        (changed(act="accession"), "act 'accession' is unknown"),
        (changed(act=1), "act is not a string"),
        (changed(agreement="A" * 26), "agreement is malformed"),
        (changed(agreement="a" * 25), "agreement is malformed"),
        (changed(signer="njupt"), "signer is malformed"),
        (changed(signer="njupt:president:x"), "signer is malformed"),
        (changed(revision0="11" * 31), "revision0 is not a SHA-256"),
        (changed(revision0="AA" * 32), "revision0 is not a SHA-256"),
        (changed(mandate=""), "mandate is not a SHA-256"),
        (changed(appearance="zz" * 32), "appearance is not a SHA-256"),
        (changed(consent="  "), "empty consent"),
        (changed(consent=None), "consent is not a string"),
        (changed(consent_language="english please"), "consent_language is malformed"),
        (changed(key="AA=="), "base64url"),
        (changed(expires="2025-04-11T04:10:00+00:00"), "time"),
        (changed(expires="2025-04-31T04:10:00Z"), "does not exist"),
    ],
)
def test_a_statement_of_another_form_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(FormatError, match=words):
        Statement.from_json(data)


def test_a_large_statement_is_refused() -> None:
    with pytest.raises(LimitError):
        Statement.from_json(changed(consent="x" * MAX_STATEMENT_BYTES))


@given(st.binary(max_size=300))
def test_noise_is_no_statement(data: bytes) -> None:
    with pytest.raises(SigningServiceError):
        Statement.from_json(data)


def test_the_services_own_approval_is_der_as_the_format_says() -> None:
    der = service_approval(STATEMENT.to_json(), "password", NOON).to_der()
    statement = STATEMENT.to_json()
    inner = b"\xa0\x1b\x0c\x08password\x18\x0f20250411040000Z"
    octets = b"\x04\x82" + len(statement).to_bytes(2, "big") + statement
    body = b"\x02\x01\x01" + octets + inner
    assert der == b"\x30\x82" + len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize("method", ["password", "password+totp"])
def test_the_services_own_approval_goes_through_der_and_back(method: str) -> None:
    approval = service_approval(STATEMENT.to_json(), method, NOON + timedelta(microseconds=5))
    assert Approval.from_der(approval.to_der()) == approval
    assert approval.evidence == ServiceAssertion(method, NOON)
    assert approval.assurance == "service"


def test_a_passkeys_approval_goes_through_der_and_back() -> None:
    approval = Passkey().approve(STATEMENT)
    assert Approval.from_der(approval.to_der()) == approval
    assert approval.assurance == "passkey"


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(FormatError, match="method of approval 'nod' is unknown"):
        service_approval(STATEMENT.to_json(), "nod", NOON)
    der = service_approval(STATEMENT.to_json(), "password", NOON).to_der()
    with pytest.raises(FormatError, match="method of approval 'passport' is unknown"):
        Approval.from_der(der.replace(b"password", b"passport"))


DER = Passkey().approve(STATEMENT).to_der()


@pytest.mark.parametrize(
    "der",
    [b"", DER[:-1], DER + b"\0", DER.replace(b"\x02\x01\x01", b"\x02\x01\x02", 1), b"\x30\x80" + DER[4:] + b"\0\0"],
)
def test_an_approval_of_another_form_is_refused(der: bytes) -> None:
    with pytest.raises(FormatError):
        Approval.from_der(der)


def test_a_time_with_a_fraction_is_refused() -> None:
    der = service_approval(STATEMENT.to_json(), "password", NOON).to_der()
    spoilt = der.replace(b"\x18\x0f20250411040000Z", b"\x18\x1120250411040000.5Z").replace(b"\xa0\x1b", b"\xa0\x1d")
    spoilt = spoilt[:2] + (int.from_bytes(spoilt[2:4], "big") + 2).to_bytes(2, "big") + spoilt[4:]
    with pytest.raises(FormatError, match="fraction of a second"):
        Approval.from_der(spoilt)


def test_a_large_approval_is_refused() -> None:
    with pytest.raises(LimitError):
        Approval.from_der(bytes(MAX_APPROVAL_BYTES + 1))


@given(st.binary(max_size=200))
def test_noise_is_no_approval(der: bytes) -> None:
    with pytest.raises(SigningServiceError):
        Approval.from_der(der)
