"""The terms: the sealed, machine-readable part of an agreement (docs/formats.md 1).

Example::

    terms = Terms.from_json(attachment)
    for signer in terms.required_signers():
        print(signer.id, signer.party.native_name, signer.role.title["en"])
    assert terms.to_json() == attachment

Terms are frozen at publication: they are attached to the PDF as ``terms.json`` and repeated in the publication
event. They name parties and roles, never persons. The rules have their own module,
:mod:`~signing_service.agreement.rules`.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from signing_service.agreement.anchors import anchors_to_members, read_anchors
from signing_service.agreement.members import Members
from signing_service.agreement.rules import Rules
from signing_service.encoding import canonical_json, parse_canonical_json
from signing_service.errors import FormatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

VERSION = 1
SECRETARIAT = "secretariat:officer"  # the signer id of a countersignature
SEAL_FIELD = "seal"
COUNTERSIGNATURE_FIELD = "countersignature"
ARCHIVE_FIELDS = tuple(f"archive-{number}" for number in range(1, 9))  # one at countersigning, seven renewals
TIMESTAMP_PREFIX = "timestamp:"  # of the field for the document timestamp behind an own-certificate signature

MAX_PARTIES = 400
MAX_SIGNERS_PER_PARTY = 4
MAX_LANGUAGES = 12

ID = re.compile(r"[a-z][a-z0-9-]{0,31}")  # of a party or a role
AGREEMENT_ID = re.compile(r"[a-z2-7]{26}")
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-[A-Z]{2})?")  # BCP 47: language, script, region
COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
TIME_ZONE = re.compile(r"[A-Za-z_]+(?:/[A-Za-z0-9_+-]+){0,2}")  # an IANA name; whether it exists, Source checks
REFERENCE = re.compile(r"\S(?:.{0,62}\S)?")
VERSION_TEXT = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){0,2}")
SHA256 = re.compile(r"[0-9a-f]{64}")


def format_agreement_id(random: bytes) -> str:
    """Spell 128 random bits as an agreement's id: 26 characters of lower-case base32."""
    if len(random) != 16:
        raise FormatError(f"an agreement's id is made of 16 random bytes, not {len(random)}")
    return base64.b32encode(random).decode("ascii").rstrip("=").lower()


@dataclass(frozen=True, slots=True)
class SignerRole:
    """A role in which somebody signs for a party."""

    role: str
    """Id, unique within the party."""
    title: Mapping[str, str]
    """What the role is called, in each language of the agreement."""

    @classmethod
    def from_members(cls, table: Members, languages: tuple[str, ...]) -> SignerRole:
        """Read one item of ``signers``."""
        role = cls(table.text("role", ID), table.texts("title", languages))
        table.finish()
        return role

    def to_members(self) -> dict[str, Any]:
        """The item of ``signers``."""
        return {"role": self.role, "title": dict(self.title)}


@dataclass(frozen=True, slots=True)
class Party:
    """A university that is bound by the agreement, or a guest that attests it."""

    id: str
    name: str
    """In English."""
    native_name: str
    """In the party's own language and script."""
    native_language: str
    country: str
    time_zone: str
    guest: bool
    """A guest attests and counts for no quorum."""
    signers: tuple[SignerRole, ...]
    own_certificate: tuple[bytes, ...] | None = None
    """None: one-time keys only. Else its signers may also use certificates of their own, under these authorities (DER)
    or those that the trust file names for the party."""

    @classmethod
    def from_members(cls, table: Members, languages: tuple[str, ...]) -> Party:
        """Read one item of ``parties``."""
        party = cls(
            id=table.text("id", ID),
            name=table.text("name"),
            native_name=table.text("native_name"),
            native_language=table.text("native_language", LANGUAGE),
            country=table.text("country", COUNTRY),
            time_zone=table.text("time_zone", TIME_ZONE),
            guest=table.boolean("guest"),
            signers=tuple(
                SignerRole.from_members(Members(item, f"{table.place}.signers[{index}]"), languages)
                for index, item in enumerate(table.list("signers", 1, MAX_SIGNERS_PER_PARTY))
            ),
            own_certificate=read_anchors(table),
        )
        table.finish()
        roles = [signer.role for signer in party.signers]
        if len(set(roles)) != len(roles):
            raise table.refuse(f"party {party.id} has two signers with one role")
        if party.id == SECRETARIAT.partition(":")[0]:
            raise table.refuse("the id secretariat is kept for the depositary")
        return party

    def to_members(self) -> dict[str, Any]:
        """The item of ``parties``."""
        return {
            "id": self.id,
            "name": self.name,
            "native_name": self.native_name,
            "native_language": self.native_language,
            "country": self.country,
            "time_zone": self.time_zone,
            "guest": self.guest,
            "signers": [signer.to_members() for signer in self.signers],
            **anchors_to_members(self.own_certificate),
        }


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature to be given: a party and the role in which somebody signs for it."""

    party: Party
    role: SignerRole

    @property
    def id(self) -> str:
        """``<party>:<role>``, which is also the name of the signature field."""
        return f"{self.party.id}:{self.role.role}"


@dataclass(frozen=True, slots=True)
class Terms:
    """Everything about an agreement that a program needs to know, as sealed."""

    id: str
    reference: str
    version: str
    title: Mapping[str, str]
    languages: tuple[str, ...]
    """All equally authentic, in the order of print."""
    supersedes: str | None
    """SHA-256 of the superseded agreement's revision 0."""
    parties: tuple[Party, ...]
    """In the order of signature."""
    rules: Rules

    @classmethod
    def from_json(cls, data: bytes) -> Terms:
        """Read ``terms.json``; raises FormatError, with the place, or LimitError."""
        return cls.from_value(parse_canonical_json(data))

    @classmethod
    def from_value(cls, value: Any) -> Terms:
        """Read already parsed JSON, as a publication event holds it; raises as from_json does."""
        table = Members(value, "terms")
        table.integer("v", VERSION, VERSION)
        languages = read_languages(table)
        terms = cls(
            id=table.text("id", AGREEMENT_ID),
            reference=table.text("reference", REFERENCE),
            version=table.text("version", VERSION_TEXT),
            title=table.texts("title", languages),
            languages=languages,
            supersedes=table.optional_text("supersedes", SHA256),
            parties=tuple(
                Party.from_members(Members(item, f"terms.parties[{index}]"), languages)
                for index, item in enumerate(table.list("parties", 1, MAX_PARTIES))
            ),
            rules=Rules.from_members(table.members("rules")),
        )
        table.finish()
        terms._check_parties()
        return terms

    def to_value(self) -> dict[str, Any]:
        """The terms as plain JSON values, for a publication event."""
        return {
            "v": VERSION,
            "id": self.id,
            "reference": self.reference,
            "version": self.version,
            "title": dict(self.title),
            "languages": list(self.languages),
            "supersedes": self.supersedes,
            "parties": [party.to_members() for party in self.parties],
            "rules": self.rules.to_members(),
        }

    def to_json(self) -> bytes:
        """``terms.json``: canonical JSON, exactly what from_json reads."""
        return canonical_json(self.to_value())

    def party(self, party_id: str) -> Party:
        """Return a party by its id; raises NotFoundError."""
        for party in self.parties:
            if party.id == party_id:
                return party
        raise NotFoundError("the agreement has no party %(party)s", party=repr(party_id))

    def signer(self, signer_id: str) -> Signer:
        """Return a signer by its id ``<party>:<role>``; raises NotFoundError (also for the secretariat's)."""
        party_id, _, role_id = signer_id.partition(":")
        for party in self.parties:
            for role in party.signers if party.id == party_id else ():
                if role.role == role_id:
                    return Signer(party, role)
        raise NotFoundError("the agreement has no signer %(signer)s", signer=repr(signer_id))

    def signers(self) -> tuple[Signer, ...]:
        """Every signer, guests too, in the order of signature."""
        return tuple(Signer(party, role) for party in self.parties for role in party.signers)

    def counted_signers(self) -> tuple[Signer, ...]:
        """The signers who count: all but the guests'."""
        return tuple(signer for signer in self.signers() if not signer.party.guest)

    def required_signers(self) -> tuple[Signer, ...]:
        """The signers without whom it cannot be complete; none by name where a number of parties suffices."""
        signatures = self.rules.signatures
        if signatures.kind == "all":
            return self.counted_signers()
        return tuple(signer for signer in self.counted_signers() if signer.party.id in signatures.parties)

    def is_complete(self, signed: Collection[str]) -> bool:
        """Whether these signer ids suffice for the secretariat to countersign."""
        signatures = self.rules.signatures
        if signatures.kind != "at-least":
            return all(signer.id in signed for signer in self.required_signers())
        bound = [party for party in self.parties if not party.guest and self.has_signed(party, signed)]
        return len(bound) >= signatures.count

    def has_signed(self, party: Party, signed: Collection[str]) -> bool:
        """Whether all signers of the party are among these signer ids."""
        return all(Signer(party, role).id in signed for role in party.signers)

    def field_names(self) -> tuple[str, ...]:
        """Every signature field of the PDF: signers, countersignature, seal, archive and signers' timestamps."""
        visible = (*(signer.id for signer in self.signers()), COUNTERSIGNATURE_FIELD)
        return (*visible, SEAL_FIELD, *ARCHIVE_FIELDS, *self.timestamp_fields())

    def timestamp_fields(self) -> tuple[str, ...]:
        """A field for each signer who may sign with a certificate of their own."""
        return tuple(timestamp_field(one.id) for one in self.signers() if one.party.own_certificate is not None)

    def _check_parties(self) -> None:
        ids = [party.id for party in self.parties]
        counted = [party.id for party in self.parties if not party.guest]
        signatures = self.rules.signatures
        if len(set(ids)) != len(ids):
            raise FormatError("terms.parties: two parties have one id")
        if not counted:
            raise FormatError("terms.parties: every party is a guest")
        for party_id in signatures.parties:
            if party_id not in counted:
                raise FormatError(f"terms.rules.signatures: {party_id} is not a party that counts")
        if signatures.count > len(counted):
            raise FormatError(f"terms.rules.signatures: {signatures.count} of {len(counted)} parties cannot sign")


def read_languages(table: Members) -> tuple[str, ...]:
    """Read ``languages``: different tags, at least one."""
    languages = table.list("languages", 1, MAX_LANGUAGES)
    for language in languages:
        if not isinstance(language, str) or not LANGUAGE.fullmatch(language):
            raise table.refuse(f"languages: {language!r} is not a language tag like en or zh-Hant")
    if len(set(languages)) != len(languages):
        raise table.refuse("languages: one language stands twice")
    return tuple(languages)


def field_of(signer_id: str) -> str:
    """The signature field of a signer id: its own name, or ``countersignature`` for the secretariat's."""
    return COUNTERSIGNATURE_FIELD if signer_id == SECRETARIAT else signer_id


def timestamp_field(signer_id: str) -> str:
    """The field of the document timestamp behind a signer's own-certificate signature."""
    return TIMESTAMP_PREFIX + signer_id
