"""The pages around an own certificate, without any script: reserve, download, upload, refusals, release, the hall."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest

from signing_service.web.verification import MAX_UPLOAD
from tests.cast import LIN, NANJING, OFFICER, SOMCHAI
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity
from tests.web.visitor import Visitor
from tests.workflow.world import World, source

SIGNER = LIN.signer
IN_OTHER_LANGUAGES = {"zh": "而授权属于", "ru": "а полномочия —", "th": "แต่หนังสือมอบอำนาจเป็นของ"}


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def lin(authority: Authority) -> Identity:
    return authority.issue("LIN Shuyi")


@pytest.fixture
def agreement(draft: World, authority: Authority) -> World:
    files = source(own_certificates={NANJING: (authority.pem,)})
    return World.of(draft.service, draft.officer, files, draft.ids).publish()


def place(world: World) -> str:
    return f"/agreements/{world.agreement}/own-certificate"


def send(visitor: Visitor, world: World, pdf: bytes) -> Any:
    visitor.get(f"{place(world)}/{SIGNER}")
    return visitor.submit(f"{place(world)}/{SIGNER}", signed=(BytesIO(pdf), "signed.pdf"))


def is_told_in_every_language(visitor: Visitor, world: World, pdf: bytes) -> None:
    for language, words in IN_OTHER_LANGUAGES.items():
        visitor.get(f"/language/{language}")
        told = send(visitor, world, pdf).text
        assert words in told
        assert "the mandate of" not in told
    visitor.get("/language/en")


def test_who_may_is_led_from_the_agreement_to_the_receipt(
    agreement: World,
    visit: Callable[..., Visitor],
    lin: Identity,
    authority: Authority,
) -> None:
    representative, other, officer = visit(LIN), visit(SOMCHAI), visit(OFFICER)
    page = representative.get(f"/agreements/{agreement.agreement}/").text
    assert f"{place(agreement)}/{SIGNER}" in page
    assert "own-certificate" not in other.get(f"/agreements/{agreement.agreement}/").text
    assert other.get(f"{place(agreement)}/{SIGNER}").status_code == 404
    assert "Reserve the turn for 30 minutes" in representative.get(f"{place(agreement)}/{SIGNER}").text
    assert representative.get(f"{place(agreement)}/{SIGNER}/to-sign.pdf").status_code == 403

    assert representative.submit(f"{place(agreement)}/{SIGNER}/reserve").status_code == 302
    page = representative.get(f"{place(agreement)}/{SIGNER}").text
    assert "The turn is yours until" in page
    told = f"{LIN.name} of {NANJING.name} is signing with an own certificate until"
    assert told in other.get(f"/agreements/{agreement.agreement}/").text
    assert told in officer.get(f"/secretariat/agreements/{agreement.agreement}/").text
    states = officer.get(f"/ceremony/{agreement.agreement}/state.json").json["signers"]
    assert {item["id"]: item["status"] for item in states}[SIGNER] == "signing"

    pdf = representative.get(f"{place(agreement)}/{SIGNER}/to-sign.pdf").data
    refused = send(representative, agreement, pyhanko_signer.sign(pdf, SIGNER, Authority("Else").issue("LIN Shuyi")))
    assert refused.status_code == 422
    assert "Not accepted; nothing was stored" in refused.text
    assert "leads to no trusted certificate" in refused.text
    assert "The turn is still yours." in refused.text
    is_told_in_every_language(representative, agreement, pyhanko_signer.sign(pdf, SIGNER, authority.issue("Else One")))

    signed = pyhanko_signer.sign(pdf, SIGNER, lin)
    done = send(representative, agreement, signed)
    assert done.status_code == 302
    receipt = representative.get(done.location).text
    assert "signed with an own certificate, CN=LIN Shuyi" in receipt
    assert send(representative, agreement, signed).location == done.location, "the same again leads to the same receipt"


def test_a_huge_upload_is_refused_unread(
    agreement: World,
    visit: Callable[..., Visitor],
) -> None:
    representative = visit(LIN)
    representative.get(f"{place(agreement)}/{SIGNER}")
    huge = BytesIO(bytes(MAX_UPLOAD + 1))
    answer = representative.submit(f"{place(agreement)}/{SIGNER}", signed=(huge, "signed.pdf"))
    assert answer.status_code == 413


def test_the_turn_is_given_back_by_the_person_or_ended_by_an_officer(
    agreement: World,
    visit: Callable[..., Visitor],
) -> None:
    representative, other, officer = visit(LIN), visit(SOMCHAI), visit(OFFICER)
    for who, may in ((other, False), (officer, True), (representative, True)):
        representative.get(f"{place(agreement)}/{SIGNER}")
        assert representative.submit(f"{place(agreement)}/{SIGNER}/reserve").status_code == 302
        who.get(f"/agreements/{agreement.agreement}/")
        assert who.submit(f"{place(agreement)}/release").status_code == (302 if may else 403)
        still = "The turn is yours until" in representative.get(f"{place(agreement)}/{SIGNER}").text
        assert still is not may


def test_an_officer_names_a_partys_authority_before_publishing(
    draft: World,
    visit: Callable[..., Visitor],
    authority: Authority,
    lin: Identity,
) -> None:
    officer = visit(OFFICER)
    path = f"/secretariat/agreements/{draft.agreement}/own-certificates"
    assert "One-time keys only" in officer.get(path).text
    wrong = officer.submit(path, party=NANJING.id, choice="allow", pem=(BytesIO(lin.pem.encode()), "lin.pem"))
    assert wrong.status_code == 400
    assert "This is not the certificate of an authority" in wrong.text
    allowed = officer.submit(path, party=NANJING.id, choice="allow", pem=(BytesIO(authority.pem.encode()), "ca.pem"))
    assert allowed.status_code == 303
    assert "CN=NJUPT Certification Authority" in officer.get(path).text
    assert officer.submit(path, party=NANJING.id, choice="trust-file").status_code == 303
    assert "No authority is named yet" in officer.get(path).text
    assert officer.submit(path, party=NANJING.id, choice="forbid").status_code == 303
    assert "Own certificates are allowed" not in officer.get(path).text
