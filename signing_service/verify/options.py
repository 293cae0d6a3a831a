"""A command's options: help in paragraphs that fit the terminal, and wrong usage told as every other error is.

    parser = Parser("verify", "Verify signed PDFs …", usage="[--trust FILE]… PATH…")
"""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable
from difflib import get_close_matches
from typing import Any, NoReturn

from signing_service.errors import UsageError

_UNKNOWN = r"unrecognized arguments: (.+)"
_PLAIN = (
    (_UNKNOWN, "{0} is not known to this command"),
    (r"the following arguments are required: (.+, .+)", "{0} are missing"),
    (r"the following arguments are required: (.+)", "{0} is missing"),
    (r"argument (\S+): expected one argument", "{0} needs a value behind it"),
    (r"argument (\S+): (.+ is no whole number from .+)", "{0} {1}"),
    (r"argument (\S+): invalid float value: (.+)", "{0} {1} is no number"),
    (r"argument (\S+): invalid choice: (.+) \(choose from (.+)\)", "{0} cannot be {1}: choose one of {2}"),
)
"""What argparse says, and how it is said here."""


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """What an option's ``type`` is, so that it takes these numbers only."""

    def read(text: str) -> int:
        try:
            if least <= (number := int(text)) and (most is None or number <= most):
                return number
        except ValueError:
            pass
        limits = f"from {least} on" if most is None else f"from {least} to {most}"
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number {limits}")

    return read


class Paragraphs(argparse.HelpFormatter):
    """Breaks each paragraph of a description by itself; what is indented, as lists are, stays as it is."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(self._filled(part, width, indent) for part in text.split("\n\n"))

    @staticmethod
    def _filled(part: str, width: int, indent: str) -> str:
        lines = part.strip("\n").splitlines()
        if any(line[:1].isspace() for line in lines):
            return "\n".join(indent + line for line in lines)
        wrapper = textwrap.TextWrapper(width, indent, indent, break_long_words=False, break_on_hyphens=False)
        return wrapper.fill(" ".join(lines))


class Parser(argparse.ArgumentParser):
    """A parser of ``signing-service COMMAND``; on wrong words it raises UsageError, which says where to look."""

    def __init__(self, command: str = "", description: str = "", *, usage: str = "", **options: Any) -> None:
        options.setdefault("prog", f"signing-service {command}")
        options.setdefault("formatter_class", Paragraphs)
        options.setdefault("allow_abbrev", False)
        if usage:
            options["usage"] = f"{options['prog']} {usage}"
        super().__init__(description=description, **options)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError, in plainer words than argparse has."""
        hint = f"{self.prog} --help explains the command"
        for pattern, plain in _PLAIN:
            if found := re.fullmatch(pattern, message):
                message = plain.format(*found.groups())
                word = (found[1].split() or [""])[0].partition("=")[0]
                near = get_close_matches(word, self._option_string_actions, 1) if pattern is _UNKNOWN else []
                raise UsageError(message, hint=f"did you mean {near[0]}? {hint}" if near else hint)
        raise UsageError(message, hint=hint)
