"""Reading the members of a parsed JSON or TOML table strictly: each one once, of its type, and no other.

Example::

    table = Members(parse_canonical_json(data), "terms")
    version = table.integer("v")
    title = table.text("title")
    table.finish()

Every failure is a FormatError that names the place, as in ``terms.parties[3]: name is missing``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from signing_service.agreement.names import check_characters
from signing_service.encoding import parse_time
from signing_service.errors import FormatError, LimitError

if TYPE_CHECKING:
    from datetime import datetime

EXAMPLES = {
    "version": "write it like 1.0",
    "role": "write it like president or vice-rector: small Latin letters, digits and hyphens, a letter first",
    "country": "write the two letters of ISO 3166, like CN",
    "native_language": "write a language tag like zh or zh-Hant",
}  # for members whose form few people could read
MAX_TEXT = 2000  # characters of any one text member


class Members:
    """The members of one object; ``place`` is where it stands, for messages."""

    def __init__(self, value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise FormatError(f"{place} is not an object")
        self.place = place
        self._left: dict[str, Any] = dict(value)

    def refuse(self, message: str, *, hint: str = "") -> FormatError:
        """Return the error to raise, its message begun with the place."""
        return FormatError(f"{self.place}: {message}", hint=hint)

    def take(self, name: str) -> Any:
        """Return a member of any type; raises FormatError if it is missing."""
        try:
            return self._left.pop(name)
        except KeyError:
            raise self.refuse(f"{name} is missing") from None

    def only(self, *names: str) -> None:
        """Refuse members of other names at once, all of them, with what was probably meant."""
        unknown = sorted(set(self._left) - set(names))
        if not unknown:
            return
        from difflib import get_close_matches  # the verifier, which starts often, reads nothing misspelt

        meant = [
            f"{near[0]} by {name}" for name in unknown if (near := get_close_matches(name, names, n=1, cutoff=0.7))
        ]
        hint = f"did you mean {', '.join(meant)}?" if meant else f"there may be {', '.join(names)}"
        raise self.refuse(f"{', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} unknown", hint=hint)

    def has(self, name: str) -> bool:
        """Whether a member that nobody has taken yet is there."""
        return name in self._left

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        """Return a non-empty NFC string, wholly matched by ``pattern`` if one is given."""
        value = self.take(name)
        if not isinstance(value, str) or not value.strip() or value != value.strip():
            raise self.refuse(f"{name} is not a text without spaces at its ends")
        if len(value) > MAX_TEXT:
            raise LimitError(f"{self.place}: {name} is longer than {MAX_TEXT} characters")
        if pattern is not None and not pattern.fullmatch(value):
            raise self.refuse(f"{name} {value!r} is not of the form {pattern.pattern}", hint=EXAMPLES.get(name, ""))
        if check_characters(value, what=f"{self.place}: {name}") != value:
            raise self.refuse(f"{name} is not in Unicode normal form NFC")
        return value

    def optional_text(self, name: str, pattern: re.Pattern[str] | None = None) -> str | None:
        """Return a string as ``text`` does, or None where the member is null."""
        return self.take(name) if self._left.get(name, "") is None else self.text(name, pattern)

    def choice(self, name: str, *choices: str) -> str:
        """Return a string that is one of ``choices``."""
        value = self.text(name)
        if value not in choices:
            raise self.refuse(f"{name} {value!r} is not one of {', '.join(choices)}")
        return value

    def integer(self, name: str, least: int, most: int) -> int:
        """Return an integer within the two limits, both included."""
        value = self.take(name)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise self.refuse(f"{name} is not a whole number from {least} to {most}")
        return value

    def boolean(self, name: str) -> bool:
        """Return true or false."""
        value = self.take(name)
        if not isinstance(value, bool):
            raise self.refuse(f"{name} is neither true nor false")
        return value

    def time(self, name: str) -> datetime | None:
        """Return a time, or None where the member is null."""
        value = self.take(name)
        if value is None:
            return None
        try:
            return parse_time(value)
        except FormatError as error:
            raise self.refuse(f"{name}: {error.message}") from error

    def list(self, name: str, least: int, most: int) -> list[Any]:
        """Return an array of ``least`` to ``most`` items; LimitError where there are more."""
        value = self.take(name)
        if not isinstance(value, list) or len(value) < least:
            raise self.refuse(f"{name} is not a list of at least {least}")
        if len(value) > most:
            raise LimitError(f"{self.place}: {name} has more than {most} items")
        return value

    def members(self, name: str) -> Members:
        """Return the members of the object under ``name``."""
        return Members(self.take(name), f"{self.place}.{name}")

    def texts(self, name: str, languages: tuple[str, ...]) -> dict[str, str]:
        """Return an object with exactly one text for each language, in that order."""
        table = self.members(name)
        texts = {language: table.text(language) for language in languages}
        table.finish()
        return texts

    def rest(self) -> dict[str, Any]:
        """Take all members that are left, unread."""
        left, self._left = self._left, {}
        return left

    def finish(self) -> None:
        """Refuse members that nobody took."""
        if self._left:
            raise self.refuse(f"{', '.join(sorted(self._left))} is not a member of it")
