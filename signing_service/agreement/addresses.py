"""Mail addresses: as every mail server takes them.

Example::

    >>> check_address(" Rector@Университет.example ")
    'rector@xn--b1agajc0ayikbb.example'

A domain in its own script is kept in the ASCII form that DNS knows (RFC 5890). Letters outside ASCII before the @
need SMTPUTF8 (RFC 6531) on every server on the way; most lack it, so such an address is refused before a mail is lost.
"""

from __future__ import annotations

import re
import unicodedata

from signing_service.errors import InputError

MAX_ADDRESS = 254  # RFC 5321 4.5.3.1.3, without the angle brackets
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")  # RFC 5321 Dot-string
_DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")

_TOP = re.compile(r"\.(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,}\Z")  # the last label, never one letter or a number
_HINT = "write it like rector@university.example"


def check_address(text: str) -> str:
    """Return a mail address in lower case and in ASCII; raises InputError on what a mail server may not take."""
    local, _, domain = text.strip().lower().rpartition("@")
    if not local.isascii():
        raise InputError(
            "%(text)s has letters before the @ that many mail servers do not take",
            hint="ask for an address whose part before the @ is in Latin letters",
            text=repr(text[:80]),
        )
    known = _in_ascii(domain)
    address = f"{local}@{known}"
    if is_address(address) and not _TOP.search(known):
        raise InputError(
            "%(text)s has no whole domain behind the @", hint=_HINT, text=repr(text[:80])
        )  # a machine's own name, or half an address: a link to it would reach nobody
    if not is_address(address):
        raise InputError("%(text)s is not an e-mail address", hint=_HINT, text=repr(text[:80]))
    return address


def is_address(address: str) -> bool:
    """Whether this is one mail address in ASCII, as RFC 5321 has it, without quoted parts and address literals."""
    local, _, domain = address.rpartition("@")
    known = len(address) <= MAX_ADDRESS and len(local) <= 64 and len(domain) <= 253
    return known and bool(_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain.lower()))


def _in_ascii(domain: str) -> str:
    """The domain as DNS knows it; nothing where it cannot be one.

    Nor where it would be another one: IDNA 2003 makes ``ss`` of ``ß``, which is a letter of its own by now (RFC 5891).
    """
    if domain.isascii():
        return domain
    try:
        coded = domain.encode("idna")
        return coded.decode("ascii") if coded.decode("idna") == unicodedata.normalize("NFC", domain) else ""
    except UnicodeError:
        return ""
