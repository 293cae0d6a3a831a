"""Where the files are that are not Python: at the top of a checkout, inside the package in an installed wheel.

::

    (templates() / "agreement" / "agreement.toml").read_text()
    npm_folder() / "package-lock.json"  # which fonts, in which versions, with which hashes
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_CHECKOUT = _PACKAGE.parent


def in_checkout() -> bool:
    """Whether this runs from a checkout and not from an installed wheel."""
    return not (_PACKAGE / "templates").is_dir()


def templates() -> Path:
    """The folder of the pages' and mails' templates and of the demo agreement's text."""
    return (_CHECKOUT if in_checkout() else _PACKAGE) / "templates"


def static() -> Path:
    """The folder of the pages' scripts, styles and pictures."""
    return _PACKAGE / "web" / "static"


def translations() -> Path:
    """The folder of the interface's message catalogues, one a language."""
    return _PACKAGE / "translations"


def npm_folder() -> Path:
    """The folder with package.json and package-lock.json, which pin the agreement's fonts."""
    return _CHECKOUT if in_checkout() else _PACKAGE / "npm"
