"""Whether a new password would soon be guessed, and why: NIST SP 800-63B section 3.1.1.2, by zxcvbn.

Refused is what many people use, what repeats or follows a row, and what the person's own names and address are made of;
no kinds of characters are prescribed. zxcvbn tries what those who guess try first, and counts how far they come.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from zxcvbn import matching
from zxcvbn.scoring import most_guessable_match_sequence
from zxcvbn.time_estimates import guesses_to_score

from signing_service.errors import InputError

if TYPE_CHECKING:
    from signing_service.store.tables import Person

LEAST_SCORE = 3  # of 4: more than 10^8 guesses; argon2id makes each of them cost 64 MiB
MOST_READ = 72  # characters that zxcvbn takes; what stands behind them only makes a password stronger
MOST_READINGS = 32  # of 4 for a, $ for s and their like: zxcvbn looks through the whole password for each of them
FEW_READ = 24  # characters that it takes of a password with more readings; of all 72 it would take ten seconds

_HINT = "choose three or four words that do not belong together, or let your browser or password manager make one"


def check_not_guessed(password: str, own_words: Collection[str]) -> None:
    """Raise InputError, with the reason, where a password is among what is guessed first.

    ``own_words``: what guessers know of the person and the service, as own_words_of gives it.
    """
    result = _looked_through(_read(password), own_words)
    if guesses_to_score(result["guesses"]) >= LEAST_SCORE:
        return
    found = {match["pattern"] for match in result["sequence"]}
    if any(match.get("dictionary_name") == "user_inputs" for match in result["sequence"]):
        raise InputError(
            "this password is easy to guess: it contains your name, your address or this site's name", hint=_HINT
        )
    if "repeat" in found:
        raise InputError("this password is easy to guess: it repeats itself", hint=_HINT)
    if "dictionary" in found:
        raise InputError("this password is easy to guess: many people use it or one that is much like it", hint=_HINT)
    if found & {"sequence", "spatial"}:
        raise InputError("this password is easy to guess: its characters follow each other in a row", hint=_HINT)
    raise InputError("this password is easy to guess", hint=_HINT)


def _looked_through(password: str, own_words: Collection[str]) -> Any:
    """As zxcvbn.zxcvbn, which keeps the words of one person where it looks for those of all at the same time."""
    own = matching.build_ranked_dict([word.lower() for word in own_words])
    found = matching.omnimatch(password, {**matching.RANKED_DICTIONARIES, "user_inputs": own})
    return most_guessable_match_sequence(password, found)


def _read(password: str) -> str:
    """What zxcvbn takes: all that anybody types from memory, and enough of what a program made."""
    begin = password[:MOST_READ]
    readings = matching.enumerate_l33t_subs(matching.relevant_l33t_subtable(begin, matching.L33T_TABLE))
    return begin if len(readings) <= MOST_READINGS else begin[:FEW_READ]


def own_words_of(person: Person, *names: str) -> list[str]:
    """A person's names and address, and ``names`` of the service: whole, without gaps, and each of their words."""
    whole = [person.email, person.name, person.native_name or "", *names]
    parts = [part for text in whole for part in re.split(r"[\W_]+", text) if len(part) > 2]
    return list(dict.fromkeys([*filter(None, whole), *(re.sub(r"\W", "", text) for text in whole if text), *parts]))
