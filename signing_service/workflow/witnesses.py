"""The log witnesses that this service asks, out of WITNESSES_FILE (docs/configuration.md)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from signing_service.errors import FormatError
from signing_service.record.note import COSIGNATURE, VerifierKey, parse_verifier_key
from signing_service.setting_values import MAX_WITNESSES, wrong
from signing_service.settings import Settings
from signing_service.verify.wrapping import counted

MAX_FILE = 65_536  # bytes
MAX_NAME = 200  # characters of a witness's name
ADD_CHECKPOINT = "/add-checkpoint"  # C2SP tlog-witness
SETTING = "WITNESSES_FILE"


@dataclass(frozen=True, slots=True)
class LogWitness:
    """A witness's key, and the address (without a slash at its end) before ``/add-checkpoint``; None: by file only."""

    key: VerifierKey
    url: str | None = None

    @property
    def id(self) -> str:
        """How the database names it: the key's name and id."""
        return witness_id(self.key)


def witness_id(key: VerifierKey) -> str:
    """A witness's name and key id, ``witness.example.edu+5d1c0a52``: a new key under an old name is a new witness."""
    return f"{key.name}+{key.id.hex()}"


def read_witnesses(settings: Settings) -> tuple[LogWitness, ...]:
    """The configured witnesses, none without a file; raises ConfigurationError with the line's number."""
    path = settings.witnesses_file
    if path is None:
        return ()
    witnesses = parse_witnesses(_read(path), str(path))
    quorum = settings.witness_quorum
    if quorum is not None and quorum > len(witnesses):
        named = counted(len(witnesses), "witness", "witnesses")
        raise wrong("WITNESS_QUORUM", f"is {quorum}, but {path} names {named}")
    return witnesses


def parse_witnesses(text: str, name: str) -> tuple[LogWitness, ...]:
    """Read the lines of a file called ``name``; raises ConfigurationError on a wrong line, on none, on doubles."""
    witnesses: list[LogWitness] = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            witnesses.append(_parse_line(words, f"{name}:{number}"))
    for what in ({one.key.name for one in witnesses}, {one.key.public_key for one in witnesses}):
        if len(what) != len(witnesses):
            raise wrong(SETTING, f"{name} names a witness twice", "one name and one key for each witness")
    if not 1 <= len(witnesses) <= MAX_WITNESSES:
        raise wrong(SETTING, f"{name} names {len(witnesses)} witnesses where 1 to {MAX_WITNESSES} are needed")
    return tuple(witnesses)


def _parse_line(words: list[str], place: str) -> LogWitness:
    try:
        key = parse_verifier_key(words[0])
    except FormatError as error:
        raise wrong(SETTING, f"{place}: {error.message}", error.hint or "a line is: verifier-key address") from error
    if key.type != COSIGNATURE or len(key.name) > MAX_NAME:
        raise wrong(SETTING, f"{place}: the key of {key.name[:60]} is not a witness's (type 04)")
    if len(words) > 2:
        raise wrong(SETTING, f"{place}: there is more on the line than a key and an address")
    return LogWitness(key, _parse_address(words[1], place) if len(words) == 2 else None)


def _parse_address(text: str, place: str) -> str:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - a bad port is found only on access
    except ValueError as error:
        raise wrong(SETTING, f"{place}: {text!r} is not a URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise wrong(SETTING, f"{place}: {text!r} is not an address like https://witness.example.edu")
    return text.rstrip("/").removesuffix(ADD_CHECKPOINT)


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        if len(data) > MAX_FILE:
            raise wrong(SETTING, f"{path} is larger than {MAX_FILE} bytes")
        return data.decode("utf-8")
    except OSError as error:
        raise wrong(SETTING, f"cannot read {path}: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise wrong(SETTING, f"{path} is not UTF-8 text") from error

