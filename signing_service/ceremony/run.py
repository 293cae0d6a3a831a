"""The ceremony from the first officer's link to the verified evidence bundle, on a fresh service of its own."""

from __future__ import annotations

import contextlib
import email
import email.policy
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.agreement.terms import SECRETARIAT, Terms
from signing_service.ceremony.authenticator import Authenticator
from signing_service.ceremony.browser import Browser, wait_until_ready
from signing_service.ceremony.enrolment import Participant, come_in, confirm, enrol, enrol_officer
from signing_service.ceremony.parties import people_with_parties, source_with_parties
from signing_service.ceremony.signer import Act, sign
from signing_service.errors import UnavailableError
from signing_service.evidence.trust import TrustFile, parse_trust_file
from signing_service.setting_values import PREFIX
from signing_service.settings import parse_settings
from signing_service.store import agreements, mandates
from signing_service.store import people as people_store
from signing_service.verify.wrapping import counted
from signing_service.workflow.demo import initialise_demo

START = 30  # seconds for the server to answer
PATIENCE = 30  # seconds for mails and the archive timestamp, which the worker makes
_SEEN = re.compile(r'name="seen" type="hidden" value="([0-9a-f]{64})"')
_LINK = re.compile(r"https?://\S+/invitation(?:\?language=[A-Za-z-]+)?#([A-Za-z0-9_-]+)")

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A fresh service, the agreement on it, and who signs."""

    url: str
    folder: Path
    agreement: str
    signers: tuple[tuple[str, str, str], ...]
    """Signer id, name and address of each representative."""
    officer: str
    officer_link: str
    trust: TrustFile
    """As ``init`` wrote it; what receipts need of it never changes."""
    assurance: str

    def new_device(self) -> Authenticator | None:
        """A fresh device where passkeys are asked for."""
        return Authenticator(self.url) if self.assurance == "passkey" else None


@dataclass(frozen=True, slots=True)
class Results:
    """The four files that a ceremony leaves."""

    pdf: Path
    evidence: Path
    trust: Path
    root: Path


def run_ceremony(parties: int, folder: Path, say: Say, assurance: str = "passkey") -> Results:
    """Run everything over HTTP against a fresh service; ``say`` is told each step as it is done.

    ``assurance``: what the sealed rules ask for, ``passkey`` (software ones here) or ``service`` (passwords). Raises
    an error of the tree at the first thing that is not as it should be. ``folder`` is emptied first.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    port = _free_port()
    environment = _environment(folder / "service", port)
    stage = _set_the_stage(environment, folder, parties, assurance)
    say(f"made a fresh service with {counted(len(stage.signers), 'party', 'parties')}")
    with _serving(environment, folder / "service.log", stage.url):
        officer = come_in(Browser(stage.url, "officer"), stage.officer_link.partition("#")[2], stage.new_device())
        enrol_officer(officer)
        _publish(officer.browser, stage.agreement)
        say("published and sealed the agreement")
        for signer, name, address in stage.signers:
            _sign_as(stage, officer, signer, name, address)
            say(f"{name} signed as {signer}")
        revision0 = officer.browser.download(f"/agreements/{stage.agreement}/revisions/0.pdf")
        countersign = Act(stage.agreement, SECRETARIAT, stage.officer, revision0)
        sign(officer.browser, countersign, officer.secret, stage.trust)
        say("the secretariat countersigned")
        _wait_for_archive(officer.browser, stage.agreement, revisions=len(stage.signers) + 3)
        say("the archive timestamp closed the file")
        return _download(officer.browser, stage)


def _environment(folder: Path, port: int) -> dict[str, str]:
    values = {
        "PUBLIC_URL": f"http://localhost:{port}",
        "LISTEN": f"127.0.0.1:{port}",
        "NAME": "12 Countries, 12 Universities International Alliance",
        "DATABASE_URL": f"sqlite:///{folder / 'service.sqlite3'}",
        "KEYS": str(folder / "keys"),
        "GUARD": str(folder / "guard"),
        "TRUST_FILE": str(folder / "trust.json"),
        "MAIL_DIR": str(folder / "mail"),
        "KEY_PASSPHRASE": secrets.token_hex(16),
        "SESSION_SECRET": secrets.token_hex(32),
        "PASSWORD_NEEDS_CODE": "no",
    }
    given = {name: os.environ[PREFIX + name] for name in ("DATABASE_URL", "FONTS") if os.environ.get(PREFIX + name)}
    return {PREFIX + name: value for name, value in (values | given).items()}


def _set_the_stage(environment: dict[str, str], folder: Path, parties: int, assurance: str) -> Stage:
    settings = parse_settings(environment)
    settings.guard.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    files = source_with_parties(parties, assurance)
    made = initialise_demo(settings, files, people_with_parties(files))
    with made.service.database.read() as session:
        agreement = agreements.newest_first(session)[0]
        people = {mandate.signer: person for mandate, person in mandates.of_agreement(session, agreement.id)}
        officer = people_store.officers(session)[0].name
    made.service.database.dispose()
    signers = tuple(
        (signer.id, people[signer.id].name, people[signer.id].email)
        for signer in Terms.from_json(agreement.terms).signers()
    )
    return Stage(
        settings.public_url,
        folder,
        agreement.id,
        signers,
        officer,
        made.officer_link,
        made.service.trust,
        assurance,
    )


@contextlib.contextmanager
def _serving(environment: dict[str, str], log: Path, url: str) -> Iterator[None]:
    with log.open("wb") as output:
        command = [sys.executable, "-m", "signing_service", "serve"]
        server = subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
        try:
            wait_until_ready(url, START, server)
            yield
        finally:
            server.terminate()
            server.wait()


def _publish(officer: Browser, agreement: str) -> None:
    page = officer.open(f"/secretariat/agreements/{agreement}/")
    seen = _SEEN.search(page)
    officer.submit(f"/secretariat/agreements/{agreement}/publish", sure="y", seen=seen.group(1) if seen else "")


def _sign_as(stage: Stage, officer: Participant, signer: str, name: str, address: str) -> None:
    browser = Browser(stage.url, name)
    try:
        token = _invitation_in_mail(stage.folder / "service" / "mail", address)
        person = come_in(browser, token, stage.new_device())
        confirm(officer, signer, enrol(person, stage.agreement, signer))
        browser.open(f"/agreements/{stage.agreement}/")
        revision0 = browser.download(f"/agreements/{stage.agreement}/revisions/0.pdf")
        sign(browser, Act(stage.agreement, signer, name, revision0), person.secret, stage.trust)
    finally:
        browser.close()


def _invitation_in_mail(folder: Path, address: str) -> str:
    """Wait for the invitation's mail, and read the token out of its link."""
    for _ in _patiently():
        for path in sorted(folder.glob("*.eml"), reverse=True):
            message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            text = message.get_body(("plain",))
            found = _LINK.search(text.get_content()) if text else None
            if found and address in str(message["To"]):
                return found.group(1)
    raise UnavailableError(f"no invitation for {address} arrived in {folder}")


def _wait_for_archive(officer: Browser, agreement: str, revisions: int) -> None:
    for _ in _patiently():
        if officer.download(f"/agreements/{agreement}/agreement.pdf").count(b"\nstartxref\n") >= revisions + 1:
            return
    raise UnavailableError("the archive timestamp was not added", hint="the service's log says why")


def _patiently() -> Iterator[None]:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        yield
        time.sleep(0.1)


def _download(officer: Browser, stage: Stage) -> Results:
    names = ("agreement.pdf", "evidence.zip", "trust.json", "root.pem")
    results = Results(*(stage.folder / name for name in names))
    results.pdf.write_bytes(officer.download(f"/agreements/{stage.agreement}/agreement.pdf"))
    results.evidence.write_bytes(officer.download(f"/agreements/{stage.agreement}/evidence.zip"))
    results.trust.write_bytes(officer.download("/trust.json"))
    trust = parse_trust_file(results.trust.read_bytes())
    results.root.write_bytes(trust.root.public_bytes(Encoding.PEM))
    return results


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
