"""Passwords at rest, and which ones are taken."""

from __future__ import annotations

import re

import pytest

from signing_service.errors import InputError
from signing_service.store.tables import Person
from signing_service.workflow.guessing import own_words_of
from signing_service.workflow.passwords import hash_password, password_matches
from tests.cast import PASSWORD


@pytest.mark.usefixtures("passwords_at_full_cost")
def test_a_password_is_hashed_with_64_mib_and_3_passes():
    hashed = hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert password_matches(PASSWORD, hashed)
    assert not password_matches(PASSWORD + " ", hashed)


ACHARA = ["achara@mekong.example", "Achara Suwan", "AcharaSuwan", "Achara", "Suwan", "mekong", "sign.example.org"]


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("aaaaaaaaaaaa", "it repeats itself"),
        ("aaaa" * 64, "it repeats itself"),
        ("password1234", "many people use it"),
        ("qwertyuiop12", "many people use it"),
        ("abcdefghijklmnop", "follow each other in a row"),
        ("achara@mekong.example", "contains your name, your address"),
        ("AcharaSuwan1", "contains your name, your address"),
        ("sign.example.org", "this site's name"),
        ("short", "5 characters"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused_with_the_reason_and_what_to_do(password: str, reason: str):
    with pytest.raises(InputError, match=re.escape(reason)) as refused:
        hash_password(password, ACHARA)
    assert refused.value.hint


@pytest.mark.parametrize(
    "password",
    ["violet harbour tram ladder", "kX9$vQ2mLp7w", "春天的江水向东流到海边去", "весной лодка плывёт домой"],
)
def test_a_password_of_unrelated_words_in_any_script_is_taken(password: str):
    assert password_matches(password, hash_password(password, ACHARA))


def test_what_is_guessed_of_a_person_are_names_and_address_whole_and_in_parts():
    person = Person(name="Achara Suwan", native_name="อัจฉรา", email="achara@mekong.example")
    expected = {"Achara Suwan", "AcharaSuwan", "Suwan", "อัจฉรา", "achara@mekong.example", "mekong", "Alliance"}
    assert expected <= set(own_words_of(person, "Alliance"))
