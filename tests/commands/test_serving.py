"""The real server: a stop lets the signature in flight end, and its log holds no secret of those who signed."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from signing_service.ceremony import run as ceremony
from signing_service.ceremony.browser import Browser, RefusedError, wait_until_ready
from signing_service.ceremony.enrolment import come_in
from signing_service.ceremony.run import Stage
from signing_service.ceremony.signer import Act, sign
from signing_service.evidence.receipt import parse_receipt, verify_receipt
from signing_service.pki.keystore import KeyStore
from signing_service.pki.timestamps import BuiltInAuthority
from signing_service.setting_values import PREFIX
from tests.cast import ALLIANCE, PASSPHRASE
from tests.commands.serving import PATIENCE, Process, free_port, running

METRICS_TOKEN = "f00dfeed" * 8


class SlowAuthority(ThreadingHTTPServer):
    """A real timestamp authority that, once told to, keeps a request waiting until it is let go."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        now = datetime.now(UTC)
        self.keys = KeyStore.create(folder, PASSPHRASE.encode(), "Slow Authority", now)
        self.holding, self.asked, self.let_go = False, threading.Event(), threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    """One request to the authority."""

    def do_POST(self) -> None:
        authority = self.server
        assert isinstance(authority, SlowAuthority)
        request = self.rfile.read(int(self.headers["Content-Length"]))
        if authority.holding:
            authority.asked.set()
            authority.let_go.wait(PATIENCE)
        answer = BuiltInAuthority(authority.keys).respond(request, datetime.now(UTC))
        self.send_response(200)
        self.send_header("Content-Type", "application/timestamp-reply")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class Ended:
    """What is left after a server was stopped in the middle of a signature."""

    stage: Stage
    receipt: bytes
    exit_code: int
    log: str
    secrets: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowAuthority]:
    server = SlowAuthority(tmp_path_factory.mktemp("authority") / "keys")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, authority: SlowAuthority) -> Ended:
    """One representative signs while the server is told to stop."""
    folder, port = tmp_path_factory.mktemp("stopped"), free_port()
    (folder / "service").mkdir()
    (folder / "anchors.pem").write_bytes(authority.keys.root.public_bytes(Encoding.PEM))
    environment = ceremony._environment(folder / "service", port) | {
        f"{PREFIX}NAME": ALLIANCE,
        f"{PREFIX}TIMESTAMP_URLS": authority.url,
        f"{PREFIX}TIMESTAMP_ANCHORS_FILE": str(folder / "anchors.pem"),
        f"{PREFIX}METRICS_TOKEN": METRICS_TOKEN,
        f"{PREFIX}LOG_FORMAT": "json",
    }
    stage = ceremony._set_the_stage(environment, folder, 2, "service")
    settings = {name.removeprefix(PREFIX): value for name, value in environment.items()}
    with running(folder, "serve", **settings) as process:
        wait_until_ready(stage.url, PATIENCE)
        return sign_while_it_stops(stage, process, authority, environment)


def sign_while_it_stops(stage: Stage, process: Process, authority: SlowAuthority, environment: dict[str, str]) -> Ended:
    link = stage.officer_link.partition("#")[2]
    officer = come_in(Browser(stage.url, "officer"), link, None)
    ceremony._publish(officer.browser, stage.agreement)
    signer, name, address = stage.signers[0]
    token = ceremony._invitation_in_mail(stage.folder / "service" / "mail", address)
    person = come_in(Browser(stage.url, name), token, None)
    person.browser.open(f"/agreements/{stage.agreement}/")
    revision0 = person.browser.download(f"/agreements/{stage.agreement}/revisions/0.pdf")
    knock_with_secrets(stage, token)
    authority.holding = True
    with ThreadPoolExecutor(1) as pool:
        act = Act(stage.agreement, signer, name, revision0)
        signing = pool.submit(sign, person.browser, act, person.secret, stage.trust)
        assert authority.asked.wait(PATIENCE), signing.exception()
        process.process.terminate()
        wait_until_closed(stage.url)
        authority.let_go.set()
        receipt = signing.result(PATIENCE)
    code = process.process.wait(PATIENCE)
    secrets = [link, token, str(person.secret), str(officer.secret), METRICS_TOKEN, "a wrong password of mine", name]
    secrets += [environment[PREFIX + each] for each in ("KEY_PASSPHRASE", "SESSION_SECRET")]
    cookies = [cookie.value or "" for one in (officer, person) for cookie in one.browser._http.cookies.jar]
    return Ended(stage, receipt, code, process.printed, [*secrets, *cookies])


def knock_with_secrets(stage: Stage, token: str) -> None:
    """Every way in which somebody may send a secret to the wrong place."""
    stranger = Browser(stage.url, "stranger")
    stranger.open("/sign-in")
    with pytest.raises(RefusedError):
        stranger.submit("/sign-in", email="nobody@example.org", password="a wrong password of mine")
    with pytest.raises(RefusedError):
        stranger.post("/api/invitations/open", {"token": token + "x"})
    assert httpx.get(f"{stage.url}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).status_code == 200
    assert httpx.get(f"{stage.url}/nowhere", params={"password": "a wrong password of mine"}).status_code == 404


def wait_until_closed(url: str) -> None:
    """Wait until the server answers no new request; what comes now waits for the process that follows."""
    try:
        while httpx.get(f"{url}/trust.json", timeout=1).status_code == 200:
            pass
    except httpx.HTTPError:
        return


def test_the_signature_in_flight_is_finished_and_its_receipt_given(ended: Ended) -> None:
    verify_receipt(parse_receipt(ended.receipt), ended.stage.trust)
    assert ended.exit_code == 0


def test_the_log_holds_no_secret(ended: Ended) -> None:
    for secret in ended.secrets:
        assert len(secret) > 3
        assert secret not in ended.log


def test_every_line_of_a_request_has_its_id(ended: Ended) -> None:
    lines = [json.loads(line) for line in ended.log.splitlines() if line.startswith("{")]
    requests = [line for line in lines if line["event"] == "request"]
    assert "account.sign_in" in {line["endpoint"] for line in requests}
    assert all(re.fullmatch("[0-9a-f]{16}", line["request_id"]) for line in requests)
    assert all({"timestamp", "level", "method", "status", "milliseconds"} <= set(line) for line in requests)


def test_nothing_but_log_lines_and_the_ready_line_is_printed(ended: Ended) -> None:
    others = [line for line in ended.log.splitlines() if not line.startswith("{")]
    assert others == [f"serving {ended.stage.url}"]


def test_the_server_leaves_nothing_in_its_home_but_its_data(ended: Ended) -> None:
    assert not (ended.stage.folder / ".gunicorn").exists()
