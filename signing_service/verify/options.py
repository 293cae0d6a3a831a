"""A command's options: help in paragraphs that fit the terminal, and wrong usage told as every other error is.

    parser = Parser("verify", "Verify signed PDFs …", usage="[--trust FILE]… PATH…")
"""

from __future__ import annotations

import argparse
import textwrap
from typing import Any, NoReturn

from signing_service.errors import UsageError


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
        """Raise UsageError."""
        raise UsageError(message, hint=f"{self.prog} --help explains the command")
