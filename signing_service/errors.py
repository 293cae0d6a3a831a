"""The error tree: every failure that a person may see has a class here.

Each error names the thing, says what is wrong, and carries a hint on what to do::

    raise FormatError("agreement.toml:7: party 'njupt' has no time_zone", hint="add time_zone = \"Asia/Shanghai\"")

What differs from time to time goes in as a named value, so that pages can say it in the reader's language::

    raise NotAllowedError("signing opens at %(time)s", time=opens)

The command line prints ``error: <message>`` and ``hint: <hint>`` once, in ``cli``; pages and JSON
endpoints answer with :attr:`SigningServiceError.status`. Messages are lower case without a full stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime


class Phrase(str):
    """An English text that remembers what it was made of: a template and named values.

    >>> Phrase("%(party)s has signed already", party="Nanjing")
    'Nanjing has signed already'

    Values are texts, numbers, days, aware datetimes or other phrases; a moment is written in UTC, as ISO 8601 has it.
    """

    template: str
    values: Mapping[str, object]

    def __new__(cls, template: str, **values: object) -> Phrase:
        """Fill the template; without values it is taken as it is."""
        spelled = {name: _spelled(value) for name, value in values.items()}
        phrase = super().__new__(cls, template % spelled if values else template)
        phrase.template, phrase.values = template, values
        return phrase


def _spelled(value: object) -> object:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


class SigningServiceError(Exception):
    """The root of the tree; never raised itself."""

    status = 500  # the HTTP status that pages and JSON endpoints answer with
    exit_code = 1  # the exit code of commands that keep no verdict

    def __init__(self, message: str, *, hint: str = "", **values: object) -> None:
        """``values`` are those that message and hint name as ``%(name)s``."""
        self.message = Phrase(message, **values) if values else message
        self.hint = Phrase(hint, **values) if values and "%(" in hint else hint
        super().__init__(self.message)


class UsageError(SigningServiceError):
    """A command's words are off: an unknown profile, a path that is not there."""

    status = 400
    exit_code = 2


class InputError(SigningServiceError):
    """A form, a JSON body or a value from a person is not acceptable."""

    status = 400


class FormatError(InputError):
    """Bytes do not follow their format: JSON, DER, PDF, a note, an agreement's source."""


class LimitError(FormatError):
    """An input is larger, deeper or more numerous than its documented limit."""

    status = 413


class SeveralErrors(FormatError):
    """Several things are wrong with one input: it reads as the first of them, and ``errors`` are all, in order."""

    def __init__(self, errors: Sequence[SigningServiceError]) -> None:
        first = errors[0]
        super().__init__(first.message, hint=first.hint)
        self.errors = tuple(errors)
        self.status = max(error.status for error in errors)


def all_of(error: SigningServiceError) -> tuple[SigningServiceError, ...]:
    """The error itself, or the several that it stands for."""
    return error.errors if isinstance(error, SeveralErrors) else (error,)


def raise_all(errors: Sequence[SigningServiceError]) -> None:
    """Raise what is wrong, if anything is: the one error, or SeveralErrors."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralErrors(errors)


class NotFoundError(SigningServiceError):
    """There is no such thing, or it is not for this person to know."""

    status = 404


class NotAllowedError(SigningServiceError):
    """The person, the rules or the state of the agreement do not permit the act."""

    status = 403


class TooManyAttemptsError(NotAllowedError):
    """Somebody failed too often in too short a time; rate limits answer so."""

    status = 429


class ConflictError(SigningServiceError):
    """Somebody else came first, or the act was done already."""

    status = 409


class ConfigurationError(SigningServiceError):
    """A setting is missing or wrong; raised at start, with its name."""

    exit_code = 2


class ReplacedKeyError(ConfigurationError):
    """This process has the record's key as it was before a rotation: another one, or itself once restarted, has not."""

    status = 503


class KeyStoreError(ConfigurationError):
    """A key is missing, readable by others, corrupt, mismatched or expired."""


class VerificationError(SigningServiceError):
    """A signature, proof, certificate or digest is not what it must be."""

    status = 422


class UploadError(VerificationError):
    """A PDF signed with somebody's own certificate is refused; nothing was stored. Raised as one of its kinds."""


class OtherDocumentError(UploadError):
    """The uploaded file does not begin with exactly the bytes of the agreement as it is now."""


class ForbiddenChangeError(UploadError):
    """The uploaded file changes more than one signature and its bookkeeping, or in a form others cannot continue."""


class NonconformingSignatureError(UploadError):
    """The uploaded signature is not a PAdES signature in DER as docs/formats.md 5 asks for."""


class MistimedSignatureError(UploadError):
    """The uploaded signature's own timestamp lies after now, or before what it signs over."""


class ForeignCertificateError(UploadError):
    """The uploaded signature's certificate does not count: another authority's or person's, expired, revoked."""


class ApprovalError(VerificationError):
    """An approval or confirmation does not stand for this act, person or key."""

    status = 403


class RecordError(VerificationError):
    """A proof, checkpoint or note of the record does not verify."""


class ForkError(RecordError):
    """The record contradicts its guard (then writing stops), or what a log witness or monitor saw of it earlier."""

    status = 503


class DamagedError(RecordError):
    """What the database holds is not what was stored in it, by a failing disk or by a hand: nothing is added to it."""

    status = 503


class RetiredKeyError(RecordError):
    """A key of the record signed a tree that is larger than the one at which it was retired: it was found or stolen."""


class TimestampError(SigningServiceError):
    """No timestamp authority gave a token that can be accepted; nothing was signed."""

    status = 503


class UnavailableError(SigningServiceError):
    """A part that the service needs (database, disk, mail) does not answer; try again."""

    status = 503


class DatabaseDownError(UnavailableError):
    """The database cannot be reached; the driver's words, which name servers and paths, are for the operator."""


class GuardError(UnavailableError):
    """The guard's file cannot be read or written; its path is for the operator."""
