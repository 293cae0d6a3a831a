"""Asking authorities whether an own certificate was revoked: whom, and what answers count."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from signing_service.errors import ForeignCertificateError, UnavailableError
from signing_service.pki.revocation import MAX_RESPONSE_BYTES, RevocationAsker
from signing_service.verify.changes import read_revisions
from signing_service.verify.own_sandbox import Judged
from signing_service.verify.structure import read_document
from signing_service.verify.verdict import Verdict
from signing_service.workflow import download
from signing_service.workflow.own_revocation import check_revocation
from signing_service.workflow.own_uploads import take_upload
from signing_service.workflow.reservations import reserve
from tests.cast import ALES, HOA, LIN, NANJING, NOON, SOMCHAI
from tests.own_certificates import pyhanko_signer
from tests.own_certificates.authority import Authority, Identity
from tests.pki.authorities import dribbling
from tests.workflow.judging import verify_evidence
from tests.workflow.world import World, source

Reply = Callable[[], tuple[int, bytes]]


class Responder:
    """An authority's responder on a port of this machine; counts who asks."""

    def __init__(self) -> None:
        self.reply: Reply = lambda: (200, b"")
        self.asked: list[str] = []
        responder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                responder.asked.append(self.path)
                self.rfile.read(int(self.headers["Content-Length"]))
                status, body = responder.reply()
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                responder.asked.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(responder.reply()[1])

            def log_message(self, format: str, *arguments: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/ocsp/"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def responder() -> Iterator[Responder]:
    made = Responder()
    yield made
    made.stop()


@pytest.fixture
def asked(authority: Authority, responder: Responder) -> Identity:
    """Lin with a certificate that names the responder."""
    return authority.issue("LIN Shuyi", ocsp_url=responder.url + "lin")


def judged(authority: Authority, identity: Identity) -> Judged:
    return Judged(0, 0, (identity.der, authority.der), "CN=LIN Shuyi", None, False, (), ())


def test_a_good_answer_is_kept_for_the_archive(authority: Authority, responder: Responder, asked: Identity) -> None:
    answer = authority.ocsp_response(asked, NOON)
    responder.reply = lambda: (200, answer)
    material = check_revocation(RevocationAsker((responder.url,)), judged(authority, asked), NOON)
    assert material.ocsps == (answer,)
    assert material.path == (asked.der, authority.der)


def test_a_responder_that_sends_a_byte_now_and_then_holds_nobody_up(authority: Authority) -> None:
    with dribbling() as (url, cut):
        slow = authority.issue("LIN Shuyi", ocsp_url=url)
        asker = RevocationAsker((url,), deadline=0.2)
        with pytest.raises(UnavailableError, match="too large or too slow"):
            check_revocation(asker, judged(authority, slow), NOON)
        assert cut.wait(10)


@pytest.mark.parametrize(
    ("reply", "error", "reason"),
    [
        ("revoked", ForeignCertificateError, "was revoked at 2025-04-10"),
        ("of another authority", ForeignCertificateError, "not acceptable"),
        ("about another certificate", ForeignCertificateError, "not acceptable"),
        ("old", ForeignCertificateError, "it is not of now"),
        ("old without an end", ForeignCertificateError, "it is not of now"),
        ("not OCSP", ForeignCertificateError, "not acceptable"),
        ("redirect", UnavailableError, "HTTP status 302"),
        ("too large", UnavailableError, "too large or too slow"),
        ("error", UnavailableError, "HTTP status 500"),
    ],
)
def test_any_other_answer_refuses_the_upload(
    authority: Authority, responder: Responder, asked: Identity, reply: str, error: type[Exception], reason: str
) -> None:
    other = authority.issue("LIN Shuyi")
    replies = {
        "revoked": (200, authority.ocsp_response(asked, NOON, revoked=NOON - timedelta(days=1))),
        "of another authority": (200, Authority().ocsp_response(asked, NOON)),
        "about another certificate": (200, authority.ocsp_response(other, NOON)),
        "old": (200, authority.ocsp_response(asked, NOON - timedelta(days=2))),
        "old without an end": (200, authority.ocsp_response(asked, NOON - timedelta(days=4), dated=False)),
        "not OCSP": (200, b"<html>"),
        "redirect": (302, b""),
        "too large": (200, bytes(MAX_RESPONSE_BYTES["ocsp"] + 1)),
        "error": (500, b""),
    }
    responder.reply = lambda: replies[reply]
    with pytest.raises(error, match=reason):
        check_revocation(RevocationAsker((responder.url,)), judged(authority, asked), NOON)
    assert responder.asked == ["/ocsp/lin"]


def test_nobody_is_asked_who_is_not_listed(authority: Authority, responder: Responder, asked: Identity) -> None:
    port = responder.url.split(":")[2]
    for listed in ((), ("http://127.0.0.1/ocsp/",), (f"https://127.0.0.1:{port}",), (responder.url + "other/",)):
        assert RevocationAsker(listed).ask(asked.certificate, authority.certificate) is None
    assert responder.asked == []


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "fd00::1"])
def test_a_name_that_leads_to_a_private_address_is_not_asked(authority: Authority, address: str) -> None:
    """The certificate comes with the upload, so its names must not open a way into the operator's network."""
    identity = authority.issue("LIN Shuyi", ocsp_url="http://ocsp.ca.example/lin")
    asker = RevocationAsker(("http://ocsp.ca.example/",), resolver=lambda host, port: [address])
    with pytest.raises(UnavailableError, match="leads to no public address"):
        asker.ask(identity.certificate, authority.certificate)


@pytest.mark.parametrize(
    "url",
    [
        "http://ocsp.ca.example@127.0.0.1/",
        "http://ocsp.ca.example.evil.example/",
        "http://ocsp.ca.example/a/../../b",
        "http://ocsp.ca.example:99999/",
    ],
)
def test_an_address_that_only_looks_listed_is_not_asked(authority: Authority, url: str) -> None:
    identity = authority.issue("LIN Shuyi", ocsp_url=url)
    asker = RevocationAsker(("http://ocsp.ca.example/",), resolver=lambda host, port: pytest.fail("was resolved"))
    assert asker.ask(identity.certificate, authority.certificate) is None


@pytest.mark.parametrize("kind", ["ocsp", "crl"])
def test_what_the_authority_said_goes_into_the_archive(
    make_world: Callable[..., World],
    authority: Authority,
    responder: Responder,
    asked: Identity,
    kind: str,
) -> None:
    made = make_world(REVOCATION_URLS=responder.url)
    files = source(own_certificates={NANJING: (authority.pem,)})
    world = World.of(made.service, made.officer, files, made.ids).publish()
    answer = authority.ocsp_response(asked, NOON)
    if kind == "crl":
        asked = authority.issue("LIN Shuyi", crl_url=responder.url + "list.crl")
        answer = authority.revocation_list(NOON, authority.issue("WANG Lei"))
    responder.reply = lambda: (200, answer)
    reserve(world.service, world.ids[LIN], world.agreement, LIN.signer)
    signed = pyhanko_signer.sign(download.pdf(world.service, world.ids[LIN], world.agreement), LIN.signer, asked)
    take_upload(world.service, world.ids[LIN], world.agreement, LIN.signer, signed)
    for person in (SOMCHAI, ALES, HOA):
        world.sign(person)
    world.countersign()
    world.archive()
    pdf = download.pdf(world.service, world.officer, world.agreement)
    archive = list(read_revisions(pdf, read_document(pdf)))[-1]
    assert answer in (archive.ocsp_responses if kind == "ocsp" else archive.crls)
    assert authority.der in archive.certificates
    report = verify_evidence(download.evidence(world.service, world.officer, world.agreement)[1], world)
    assert [check for check in report.checks if check.verdict is not Verdict.PASSED] == []


def test_a_revocation_list_that_names_the_certificate_refuses_the_upload(
    authority: Authority, responder: Responder
) -> None:
    listed = authority.issue("LIN Shuyi", crl_url=responder.url + "list.crl")
    answer = authority.revocation_list(NOON, listed)
    responder.reply = lambda: (200, answer)
    with pytest.raises(ForeignCertificateError, match="was revoked at 2025-04-11"):
        check_revocation(RevocationAsker((responder.url,)), judged(authority, listed), NOON)
