"""The demo alliance: the built-in specimen agreement with its made-up people, ready to be published or published."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Any

from signing_service import resources
from signing_service.agreement.terms import Terms
from signing_service.errors import ConflictError
from signing_service.settings import Settings
from signing_service.store import agreements, installation, mandates, people
from signing_service.workflow.drafts import create_draft
from signing_service.workflow.enrolment import sign_in_link
from signing_service.workflow.initialisation import FirstOfficer, Initialised, initialise
from signing_service.workflow.mandates import Authority, give_mandate
from signing_service.workflow.people import NewPerson, add_person
from signing_service.workflow.publication import look, publish
from signing_service.workflow.service import Service, system_clock

PEOPLE = "people.toml"


@dataclass(frozen=True, slots=True)
class DemoLink:
    """A fresh sign-in link of one of the demo's people."""

    name: str
    place: str
    """The party's name, or "Secretariat"."""
    link: str


def agreement_folder() -> Path:
    """The folder with the specimen's source and people."""
    return resources.templates() / "agreement"


def read_source(folder: Path) -> dict[str, bytes]:
    """The source files of an agreement: ``agreement.toml`` and one Markdown file a language."""
    files = [folder / "agreement.toml", *sorted(folder.glob("*.md"))]
    return {path.name: path.read_bytes() for path in files}


def read_people() -> dict[str, Any]:
    """The demo's made-up people: ``officers`` and ``representatives``, as tables of people.toml."""
    return tomllib.loads((agreement_folder() / PEOPLE).read_text(encoding="utf-8"))


def initialise_demo(
    settings: Settings, files: dict[str, bytes] | None = None, cast: dict[str, Any] | None = None
) -> Initialised:
    """Make a demo service with its draft and people; ``files`` and ``cast`` may replace the specimen's."""
    cast = cast or read_people()
    keeper = cast["officers"][0]
    officer = FirstOfficer(keeper["name"], keeper["email"])
    made = initialise(settings, officer, system_clock(), demo=True)
    agreement_id = create_draft(made.service, made.officer_id, files or read_source(agreement_folder()))
    _give_mandates(made.service, made.officer_id, agreement_id, cast["representatives"])
    return made


def publish_demo(service: Service) -> None:
    """Publish the demo's draft if it is still one."""
    agreement_id, officer_id = _agreement_and_officer(service)
    with service.database.read() as session:
        draft = agreements.get(session, agreement_id).state == "draft"
    if draft:
        publish(service, officer_id, agreement_id, look(service, agreement_id))


def demo_links(service: Service) -> list[DemoLink]:
    """Fresh sign-in links for the secretariat and each representative; raises ConflictError on a real database."""
    with service.database.read() as session:
        installed = installation.find(session)
        if installed is None or not installed.demo:
            raise ConflictError("this database is not the demo's", hint="unset SIGNING_SERVICE_DATABASE_URL")
        officers = [(person.name, "Secretariat", person.id) for person in people.officers(session)]
        agreement = agreements.newest_first(session)[-1]
        terms = Terms.from_json(agreement.terms)
        holders = {mandate.signer: person for mandate, person in mandates.of_agreement(session, agreement.id)}
    signers = [
        (holders[signer.id].name, signer.party.name, holders[signer.id].id)
        for signer in terms.signers()
        if signer.id in holders
    ]
    return [DemoLink(name, place, sign_in_link(service, person)) for name, place, person in officers + signers]


def _agreement_and_officer(service: Service) -> tuple[str, str]:
    with service.database.read() as session:
        return agreements.newest_first(session)[-1].id, people.officers(session)[0].id


def _give_mandates(service: Service, officer_id: str, agreement_id: str, cast: list[dict[str, Any]]) -> None:
    today = service.clock().astimezone(UTC).date()
    for entry in cast:
        person = NewPerson(entry["name"], entry["email"], entry.get("native_name"), entry.get("locale", "en"))
        person_id = add_person(service, officer_id, person)
        signer = f"{entry['party']}:{entry['role']}"
        give_mandate(service, officer_id, agreement_id, signer, person_id, Authority("Rector's office", today))
