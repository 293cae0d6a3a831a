"""The terms: exactly one spelling, nothing unknown, and rules that can be met."""

from __future__ import annotations

import copy
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signing_service.agreement.rules import EntryIntoForce
from signing_service.agreement.terms import (
    ARCHIVE_FIELDS,
    SECRETARIAT,
    Terms,
    field_of,
    format_agreement_id,
)
from signing_service.encoding import canonical_json
from signing_service.errors import FormatError, InputError, LimitError, NotFoundError
from tests.agreement.alliance import terms


def changed(**members: Any) -> dict[str, Any]:
    return {**copy.deepcopy(terms().to_value()), **members}


def with_rules(**members: Any) -> Terms:
    value = changed()
    value["rules"] |= members
    return Terms.from_value(value)


def with_party(index: int, **members: Any) -> dict[str, Any]:
    value = changed()
    value["parties"][index] |= members
    return value


def everybody() -> set[str]:
    return {signer.id for signer in terms().signers()}


def test_terms_survive_the_way_to_json_and_back():
    assert Terms.from_json(terms().to_json()) == terms()
    assert Terms.from_json(terms().to_json()).to_json() == terms().to_json()


def test_spaces_in_the_json_are_refused():
    with pytest.raises(FormatError, match="canonical"):
        Terms.from_json(terms().to_json().replace(b'"v":1', b'"v": 1'))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(JSON)
def test_whatever_json_comes_it_is_refused_with_a_reason(value):
    with pytest.raises(InputError):
        Terms.from_value(value)


@given(st.sampled_from(["id", "parties", "rules", "title", "languages"]), st.integers() | st.text(max_size=3))
def test_a_member_of_a_wrong_kind_is_refused(name, value):
    with pytest.raises(InputError, match="terms"):
        Terms.from_value(changed(**{name: value}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (changed(v=2), r"terms: v is not a whole number from 1 to 1"),
        (changed(extra=1), r"terms: extra is not a member of it"),
        (changed(id="short"), r"terms: id 'short' is not of the form"),
        (changed(supersedes="x"), r"terms: supersedes 'x' is not of the form"),
        (changed(languages=["en", "en"]), r"one language stands twice"),
        (changed(languages=["en", "zh", "ru"]), r"terms.title: ru is missing"),
        (changed(title={"en": "T", "zh": "T", "ru": "T"}), r"terms.title: ru is not a member"),
        (changed(title={"en": " T", "zh": "T"}), r"without spaces at its ends"),
        (changed(title={"en": "T\u202eevil", "zh": "T"}), r"U\+202E, which cannot be printed"),
        (changed(title={"en": "e\u0301", "zh": "T"}), r"normal form NFC"),
        (changed(parties=[]), r"parties is not a list of at least 1"),
        (with_party(1, id="njupt"), r"two parties have one id"),
        (with_party(1, id="secretariat"), r"kept for the depositary"),
        (with_party(1, guest="no"), r"terms.parties\[1\]: guest is neither true nor false"),
        (with_party(2, country="Malaysia"), r"terms.parties\[2\]: country"),
        (with_party(2, signers=[]), r"signers is not a list of at least 1"),
        (with_party(0, signers=terms().to_value()["parties"][0]["signers"] * 2), r"two signers with one role"),
    ],
)
def test_terms_that_break_the_format_are_refused_with_the_place(value, message):
    with pytest.raises(FormatError, match=message):
        Terms.from_value(value)


def test_more_parties_than_the_limit_are_refused():
    party = terms().to_value()["parties"][0]
    with pytest.raises(LimitError, match="more than 400"):
        Terms.from_value(changed(parties=[{**party, "id": f"p{number}"} for number in range(401)]))


def test_each_signer_has_a_field_of_its_own_name():
    assert terms().signer("njupt:president").party.native_name == "南京邮电大学"
    assert set(terms().field_names()) == everybody() | {"countersignature", "seal", *ARCHIVE_FIELDS}
    assert field_of("njupt:president") == "njupt:president"
    assert field_of(SECRETARIAT) == "countersignature"


@pytest.mark.parametrize("signer", ["njupt:rector", "nobody:president", SECRETARIAT, ""])
def test_a_signer_that_is_not_there_is_not_found(signer):
    with pytest.raises(NotFoundError):
        terms().signer(signer)


def test_all_means_every_party_that_counts():
    assert terms().is_complete(everybody())
    assert not terms().is_complete(everybody() - {"tonle:rector"})


def test_a_guest_attests_and_counts_for_nothing():
    guested = Terms.from_value(with_party(9, guest=True))
    assert guested.is_complete(everybody() - {"tonle:rector"})
    assert "tonle:rector" not in {signer.id for signer in guested.required_signers()}
    assert guested.signer("tonle:rector").party.guest


def test_a_number_of_parties_suffices_where_the_rules_say_so():
    eight = with_rules(signatures={"kind": "at-least", "count": 8})
    ids = [signer.id for signer in eight.signers()]
    assert not eight.is_complete(set(ids[:7]))
    assert eight.is_complete(set(ids[4:]))
    assert eight.required_signers() == ()


def test_a_party_with_two_signers_has_signed_when_both_have():
    signers = [{"role": role, "title": {"en": role, "zh": role}} for role in ("president", "secretary")]
    both = Terms.from_value(with_party(0, signers=signers))
    assert not both.is_complete(everybody())
    assert both.is_complete(everybody() | {"njupt:secretary"})


def test_named_parties_are_enough_where_the_rules_name_them():
    named = with_rules(signatures={"kind": "named", "parties": ["njupt", "tonle"]})
    assert named.is_complete({"njupt:president", "tonle:rector"})
    assert not named.is_complete(everybody() - {"njupt:president"})


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        ({"signatures": {"kind": "at-least", "count": 13}}, "13 of 12 parties cannot sign"),
        ({"signatures": {"kind": "named", "parties": ["nobody"]}}, "nobody is not a party that counts"),
        ({"signatures": {"kind": "most"}}, "'most' is not one of all, at-least, named"),
        ({"order": "random"}, "'random' is not one of free, in-turns"),
        ({"opens": "2025-04-12T00:00:00Z", "closes": "2025-04-11T00:00:00Z"}, "closes before it opens"),
        ({"opens": "2025-04-12"}, "opens: time '2025-04-12' is not of the form"),
        ({"entry_into_force": {"kind": "on-date", "date": "2025-02-30"}}, "2025-02-30 does not exist"),
        ({"entry_into_force": {"kind": "days-after", "days": 0}}, "days is not a whole number from 1"),
    ],
)
def test_rules_that_cannot_be_met_are_refused(rules, message):
    with pytest.raises(FormatError, match=message):
        with_rules(**rules)


@pytest.mark.parametrize(
    "rules",
    [
        {"signatures": {"kind": "at-least", "count": 8}, "order": "in-turns", "minimum_assurance": "passkey"},
        {"opens": "2025-04-11T00:00:00Z", "closes": "2025-05-11T00:00:00Z"},
        {"entry_into_force": {"kind": "days-after", "days": 30}},
        {"entry_into_force": {"kind": "on-date", "date": "2025-06-01"}},
    ],
)
def test_every_kind_of_rule_survives_the_way_to_json_and_back(rules):
    ruled = with_rules(**rules)
    assert Terms.from_json(ruled.to_json()) == ruled


def test_entry_into_force_is_reckoned_from_the_countersignature():
    signed = datetime(2025, 5, 2, 9, 30, tzinfo=UTC)
    assert EntryIntoForce("on-countersignature").after(signed) == signed
    assert EntryIntoForce("days-after", days=30).after(signed) == datetime(2025, 6, 1, 9, 30, tzinfo=UTC)
    assert EntryIntoForce("on-date", date=date(2025, 6, 1)).after(signed) == datetime(2025, 6, 1, tzinfo=UTC)
    assert EntryIntoForce("on-date", date=date(2025, 4, 1)).after(signed) == signed


def test_an_agreement_s_id_spells_its_random_bits():
    assert format_agreement_id(bytes(range(16))) == "aaaqeayeaudaocajbifqydiob4"
    assert Terms.from_value(changed(id=format_agreement_id(b"\xff" * 16))).id == "7" * 25 + "4"
    with pytest.raises(FormatError):
        format_agreement_id(b"short")


def test_a_value_that_is_not_json_s_is_refused():
    with pytest.raises(FormatError):
        Terms.from_json(canonical_json(changed())[:-1])
