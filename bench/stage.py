"""A service in this process with an agreement that software signs: what signing and verifying are measured on."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.ceremony.parties import people_with_parties, source_with_parties
from signing_service.ceremony.signer import SoftwareKey
from signing_service.encoding import canonical_json, to_base64url
from signing_service.pdf.marks import TypedMark
from signing_service.settings import parse_settings
from signing_service.store import agreements, mandates, people, tables
from signing_service.workflow.approvals import Password
from signing_service.workflow.archiving import archive
from signing_service.workflow.attempts import begin_attempt
from signing_service.workflow.demo import initialise_demo, publish_demo
from signing_service.workflow.download import evidence, pdf
from signing_service.workflow.passwords import hash_password
from signing_service.workflow.prepared import Prepared
from signing_service.workflow.service import Service
from signing_service.workflow.signing import approve_attempt, complete_attempt

PASSWORD = "only for measuring"


@dataclass
class Stage:
    """A published agreement and everybody who signs it."""

    service: Service
    agreement: str
    officer: str
    signers: list[tuple[str, str]]
    """Signer id and person id."""
    names: dict[str, str]
    """By person id: the name that is typed as signature, in the person's own script."""

    @classmethod
    def make(cls, folder: Path, parties: int, database_url: str | None = None) -> Stage:
        """A fresh service in ``folder`` (SQLite unless another database is given)."""
        folder.mkdir(parents=True)
        settings = parse_settings(
            {
                "SIGNING_SERVICE_PUBLIC_URL": "http://localhost:8000",
                "SIGNING_SERVICE_DATABASE_URL": database_url or f"sqlite:///{folder / 'service.sqlite3'}",
                "SIGNING_SERVICE_KEYS": str(folder / "keys"),
                "SIGNING_SERVICE_KEY_PASSPHRASE": secrets.token_hex(16),
                "SIGNING_SERVICE_PASSWORD_NEEDS_CODE": "no",
                "SIGNING_SERVICE_GUARD": str(folder / "guard"),
                "SIGNING_SERVICE_TRUST_FILE": str(folder / "trust.json"),
            }
        )
        files = source_with_parties(parties)
        service = initialise_demo(settings, files, people_with_parties(files)).service
        publish_demo(service)
        hashed = hash_password(PASSWORD)
        with service.database.begin() as session:
            session.execute(update(tables.Person).values(password_hash=hashed))
            agreement = agreements.newest_first(session)[0]
            officer = people.officers(session)[0].id
            held = mandates.of_agreement(session, agreement.id)
            holders = {row.signer: person.id for row, person in held}
            names = {person.id: person.native_name or person.name for _, person in held}
        signers = [(signer.id, holders[signer.id]) for signer in Terms.from_json(agreement.terms).signers()]
        return cls(service, agreement.id, officer, signers, names)

    def sign(self, signer: str, person: str) -> float:
        """Sign; return the CPU seconds of the server's part: prepare, embed, verify, store (no password, no page)."""
        mark = TypedMark(self.names.get(person, "Specimen"))
        attempt = begin_attempt(self.service, person, self.agreement, signer, mark, "en")
        key = SoftwareKey()
        statement = canonical_json({**attempt["statement"], "key": to_base64url(key.spki)})
        arguments = (self.service, person, attempt["attempt"], key.request(), statement)
        approve_attempt(*arguments, Password(PASSWORD))
        begin = time.process_time()
        prepared = approve_attempt(*arguments, Password(""))  # asks for no password again
        assert isinstance(prepared, Prepared), "nobody else signs"
        raw = key.sign(prepared.signed_attributes)
        complete_attempt(self.service, person, attempt["attempt"], raw, prepared.revision)
        return time.process_time() - begin

    def sign_all(self) -> list[float]:
        """Everybody signs in order, the secretariat countersigns, the archive timestamp follows."""
        taken = [self.sign(signer, person) for signer, person in self.signers]
        self.close()
        return taken

    def close(self) -> None:
        """The secretariat countersigns, and the archive timestamp closes the file."""
        self.sign(SECRETARIAT, self.officer)
        archive(self.service, self.agreement)

    def pdf(self) -> bytes:
        """The newest revision."""
        return pdf(self.service, self.officer, self.agreement)

    def evidence(self) -> bytes:
        """The evidence bundle."""
        return evidence(self.service, self.officer, self.agreement)[1]
