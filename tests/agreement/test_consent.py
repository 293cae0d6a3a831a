"""The sentences that people approve: titles as the parties gave them, never translated by anybody else."""

from __future__ import annotations

import pytest

from signing_service.agreement.consent import CONSENT_LANGUAGES, consent_sentence, role_in
from signing_service.errors import InputError

TITLES = {"en": "President", "zh": "校长"}


@pytest.mark.parametrize(
    ("language", "role"), [("en", "President"), ("zh", "校长"), ("ru", "«President»"), ("th", " “President”")]
)
def test_a_title_is_the_one_of_the_language_or_else_quoted(language: str, role: str):
    assert role_in(TITLES, language, "en") == role


def test_in_thai_a_foreign_title_is_set_off_by_a_space():
    role = role_in(TITLES, "th", "en")
    sentence = consent_sentence("signature", "th", title="T", version="1", party="NJUPT", role=role)
    assert sentence.endswith("ในฐานะ “President”")


def test_in_thai_a_title_of_its_own_is_not():
    role = role_in({**TITLES, "th": "อธิการบดี"}, "th", "en")
    sentence = consent_sentence("signature", "th", title="T", version="1", party="NJUPT", role=role)
    assert sentence.endswith("ในฐานะอธิการบดี")


def test_an_unknown_language_has_no_sentence():
    assert "de" not in CONSENT_LANGUAGES
    with pytest.raises(InputError, match="no consent sentence"):
        consent_sentence("signature", "de", title="T", version="1", party="NJUPT", role="Rektor")
