"""Timestamp authorities that lie, each in one way, and a real HTTP server to put them behind."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.pki.authority import make_credential, sign_with
from signing_service.pki.cms import ID_SHA256, attribute_set, build_signed_data
from signing_service.pki.der import decode, encode, raw
from signing_service.pki.profiles import TIMESTAMP, certificate_builder, distinguished_name
from signing_service.pki.structures import (
    AlgorithmIdentifier,
    EncapsulatedContentInfo,
    Grant,
    MessageImprint,
    StatusInfo,
    TimeStampInfo,
    TimeStampRequest,
)
from signing_service.pki.timestamps import ID_CT_TST_INFO
from tests.cast import NOON

MADE = NOON - timedelta(days=400)
ROOT = make_credential("root", "World Time", MADE, None)
AUTHORITY = make_credential("services-ca", "World Time", MADE, ROOT)


def stamper(profile=TIMESTAMP, made: datetime = MADE, ends: datetime | None = None):
    """A key and a certificate of ``profile`` under World Time."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = distinguished_name("World Time stamper", organisation="World Time")
    builder = certificate_builder(
        profile, name, key.public_key(), now=made, issuer=AUTHORITY.certificate, not_after=ends
    )
    return key, sign_with(AUTHORITY.key, builder)


HONEST_KEY, HONEST = stamper()


@dataclass(frozen=True)
class Stamper:
    """Answers requests; each member changed is one lie."""

    time: datetime = NOON
    version: int = 1
    content_type: x509.ObjectIdentifier = ID_CT_TST_INFO
    imprint: bytes | None = None
    imprint_algorithm: x509.ObjectIdentifier = ID_SHA256
    nonce: Callable[[int | None], int | None] = lambda nonce: nonce
    key: ec.EllipticCurvePrivateKey = HONEST_KEY
    certificate: x509.Certificate = HONEST
    named: x509.Certificate | None = None
    """The certificate that the signed attributes name, if another."""
    attributes_of: bytes | None = None
    """The content that the signed attributes are of, if another."""
    attributes: bytes | None = None
    made_attributes: Callable[[bytes], bytes] | None = None
    """Makes the signed attributes of the content's digest, if others than usual."""
    chain: tuple[x509.Certificate, ...] = (HONEST, AUTHORITY.certificate)
    status: int = 0
    spoil: Callable[[bytes], bytes] = lambda response: response
    asked: list[bytes] = field(default_factory=list)

    def __call__(self, request: bytes) -> bytes:
        """Give the TimeStampResp."""
        self.asked.append(request)
        asked = decode(TimeStampRequest, request, "request")
        imprint = MessageImprint(
            hash_algorithm=raw(encode(AlgorithmIdentifier(algorithm=self.imprint_algorithm))),
            hashed_message=self.imprint or asked.message_imprint.hashed_message,
        )
        content = encode(
            TimeStampInfo(
                version=self.version,
                policy=x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"),
                message_imprint=imprint,
                serial_number=1,
                generated=asn1.GeneralizedTime(self.time),
                accuracy=None,
                ordering=False,
                nonce=self.nonce(asked.nonce),
                authority=None,
                extensions=None,
            )
        )
        digest = hashlib.sha256(self.attributes_of or content).digest()
        attributes = self.attributes or attribute_set(self.content_type, digest, self.named or self.certificate)
        if self.made_attributes is not None:
            attributes = self.made_attributes(digest)
        signature = self.key.sign(attributes, ec.ECDSA(hashes.SHA256()))
        outer = EncapsulatedContentInfo(content_type=self.content_type, content=content)
        token = build_signed_data(outer, attributes, signature, self.certificate, self.chain)
        status = StatusInfo(status=self.status, text=None, failure=None)
        return self.spoil(encode(Grant(status=status, token=raw(token))))

    def but(self, **changes: Any) -> Stamper:
        """The same authority with other members."""
        return replace(self, **changes)


@dataclass
class Behaviour:
    """How a server answers over HTTP."""

    answer: Callable[[bytes], bytes]
    status: int = 200
    content_type: str = "application/timestamp-reply"
    headers: dict[str, str] = field(default_factory=dict)
    hold: threading.Event | None = None
    """Sends the first half, then waits for this before it goes on."""


@contextlib.contextmanager
def dribbling() -> Iterator[tuple[str, threading.Event]]:
    """A server that begins a header and sends a further byte of it now and then: its URL, and whether that was cut."""
    stopped, cut = threading.Event(), threading.Event()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 16)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nX-Patience: ")
            try:
                for _ in range(200):
                    self.request.sendall(b"a")
                    stopped.wait(0.02)
            except OSError:
                cut.set()

    server = ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr", cut
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def served(behaviour: Behaviour) -> Iterator[str]:
    """Serve ``behaviour`` on this machine and give its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            body = behaviour.answer(request)
            self.send_response(behaviour.status)
            self.send_header("Content-Type", behaviour.content_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in behaviour.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(OSError):
                if behaviour.hold is not None:
                    self.wfile.write(body[: len(body) // 2])
                    self.wfile.flush()
                    behaviour.hold.wait(30)
                    body = body[len(body) // 2 :]
                self.wfile.write(body)

        def log_message(self, format: str, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsr"
    finally:
        if behaviour.hold is not None:
            behaviour.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()
