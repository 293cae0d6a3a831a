"""Passwords at rest, and which ones are taken."""

from __future__ import annotations

import re
from typing import Any

import pytest
from zxcvbn import matching

from signing_service.errors import InputError
from signing_service.store.tables import Person
from signing_service.workflow.guessing import check_not_guessed, own_words_of
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


EVERY_SIGN = "4@8({[<3691!|7$5+%0x2ab"  # all that stand for letters: 736 ways to read them


def letters_looked_through(password: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """How many stretches of it zxcvbn compares with its lists, about."""
    looked: list[int] = []
    whole = matching.dictionary_match

    def counted(text: str, _ranked_dictionaries: Any) -> Any:
        looked.append(len(text))
        return whole(text, _ranked_dictionaries)

    monkeypatch.setattr(matching, "dictionary_match", counted)
    hash_password(password, ACHARA)
    return sum(length * length // 2 for length in looked)


def test_a_password_of_all_signs_that_stand_for_letters_keeps_nobody_waiting(monkeypatch):
    assert letters_looked_through(EVERY_SIGN * 11, monkeypatch) < 400_000


def test_a_long_password_with_a_few_such_signs_is_looked_through_to_its_end(monkeypatch):
    weak_at_first = "password1234 password1234 $1 violet harbour tram ladder"
    assert letters_looked_through(weak_at_first, monkeypatch) > len(weak_at_first) ** 2 // 2


def test_who_chooses_a_password_at_the_same_time_changes_nothing_about_whose_names_are_looked_for(monkeypatch):
    whole, others = matching.dictionary_match, [["rector@njupt.example", "Lin Shuyi"]]

    def interrupted(text: str, _ranked_dictionaries: Any) -> Any:
        while others:
            check_not_guessed("violet harbour tram ladder", others.pop())
        return whole(text, _ranked_dictionaries)

    monkeypatch.setattr(matching, "dictionary_match", interrupted)
    with pytest.raises(InputError, match="contains your name"):
        check_not_guessed("AcharaSuwan1", ACHARA)
    assert not others
    assert "user_inputs" not in matching.RANKED_DICTIONARIES, "nobody's name is kept"
