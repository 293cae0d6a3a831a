"""Countries are known by their letters and by their names, in the languages that Unicode knows and in no others."""

from __future__ import annotations

import pytest

from signing_service.agreement.places import countries, country_code


@pytest.mark.parametrize("text", ["TH", "th", "Thailand", " thailand ", "ประเทศไทย".removeprefix("ประเทศ"), "泰国"])
def test_a_country_is_meant_by_its_letters_or_by_its_name(text: str):
    assert country_code(text, ("th", "zh")) == "TH"


@pytest.mark.parametrize("text", ["Myanmar", "Myanmar (Burma)", "MM"])
def test_the_other_name_of_a_country_may_stand_beside_it(text: str):
    assert country_code(text, ()) == "MM"


@pytest.mark.parametrize("text", ["", "Atlantis", "XX", "Thai"])
def test_what_is_no_country_is_none(text: str):
    assert country_code(text, ("th",)) == ""


@pytest.mark.parametrize("language", ["al", "xx-Latn", "not a tag"])
def test_a_language_that_unicode_has_no_names_in_names_no_country(language: str):
    assert countries(language) == {}
    assert country_code("TH", (language,)) == "TH"
