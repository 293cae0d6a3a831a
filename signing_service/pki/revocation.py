"""Asking certification authorities whether a certificate was revoked: OCSP (RFC 6960) first, else its CRL (RFC 5280).

    asker = RevocationAsker(("http://ocsp.ca.example/",))
    asker.ask(certificate, issuer)          # Answer(kind="ocsp", der=…), or None where nobody may be asked

Only under the beginnings of URLs that the operator listed, since the addresses stand in a file that somebody uploaded:
no redirects, no other host, no private address unless it is listed as such, few bytes, few seconds. The answer is not
judged here. Raises UnavailableError where whoever may be asked does not answer.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID

from signing_service.errors import UnavailableError
from signing_service.pki.deadline import Deadline

MAX_RESPONSE_BYTES = {"ocsp": 64 * 1024, "crl": 2 * 1024 * 1024}
TIMEOUT = 5.0  # seconds for each of connecting, sending and waiting for the next bytes
DEADLINE = 10.0  # seconds for one answer
_UNFIT = "its answer is too large or too slow"
MAX_ASKED = 4  # addresses that are tried for one certificate

Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What an authority sent."""

    kind: str
    """``ocsp`` or ``crl``."""
    der: bytes


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host; none where it has none."""
    try:
        return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


class RevocationAsker:
    """Asks where it may. Safe to share between threads."""

    def __init__(self, allowed: Sequence[str], *, resolver: Resolve = resolve, deadline: float = DEADLINE) -> None:
        """``allowed``: beginnings of URLs, scheme, host and path; ``deadline`` in seconds, for each answer."""
        self._deadline = deadline
        self._allowed = tuple(allowed)
        self._resolve = resolver

    def ask(self, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer | None:
        """Ask about one certificate; None if it names no address that is listed."""
        places = [(kind, url) for kind, url in _addresses(certificate) if self._may_ask(url)][:MAX_ASKED]
        problem = ""
        for kind, url in places:
            with Deadline(self._deadline) as deadline:
                try:
                    return Answer(kind, self._fetch(kind, url, certificate, issuer, deadline))
                except (httpx.HTTPError, httpx.InvalidURL, _Refused) as error:
                    problem = f"{url}: {_UNFIT if deadline.is_over else error}"
        if problem:
            raise UnavailableError(
                f"whether the certificate was revoked cannot be asked just now ({problem})",
                hint="try again in a minute; nothing was stored",
            )
        return None

    def _may_ask(self, url: str) -> bool:
        parts = urlsplit(url)
        try:
            _ = parts.port
        except ValueError:  # beyond 65535, or no number
            return False
        if parts.username or parts.password or ".." in parts.path or "\\" in url:
            return False
        return any(_is_under(parts, urlsplit(beginning)) for beginning in self._allowed)

    def _fetch(
        self, kind: str, url: str, certificate: x509.Certificate, issuer: x509.Certificate, deadline: Deadline
    ) -> bytes:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
        target = httpx.URL(url).copy_with(host=self._address(host, port))
        body, headers = None, {"Host": parts.netloc}
        if kind == "ocsp":
            builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
            body = builder.build().public_bytes(Encoding.DER)
            headers["Content-Type"] = "application/ocsp-request"
        data = b""
        with (
            httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(
                "POST" if body else "GET",
                target,
                content=body,
                headers=headers,
                extensions={"sni_hostname": host, "trace": deadline.trace},
            ) as response,
        ):
            if response.status_code != 200:
                raise _Refused(f"it answered with HTTP status {response.status_code}")
            for chunk in response.iter_bytes():
                data += chunk
                if len(data) > MAX_RESPONSE_BYTES[kind] or deadline.is_over:
                    raise _Refused(_UNFIT)
        if deadline.is_over:  # what was cut off may look whole
            raise _Refused(_UNFIT)
        return data

    def _address(self, host: str, port: int) -> str:
        """The address to connect to: what was looked at is what is used, so that no name can change meanwhile."""
        literal = _ip(host)
        if literal is not None:
            return host  # it is listed as such
        found = [address for address in self._resolve(host, port) if (ip := _ip(address)) is not None and ip.is_global]
        if not found:
            raise _Refused("its name leads to no public address")
        return found[0]


class _Refused(Exception):
    """An address that is not asked, or an answer that is not taken."""


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _is_under(parts, beginning) -> bool:  # type: ignore[no-untyped-def]  # two SplitResults
    same = (parts.scheme, parts.hostname, parts.port) == (beginning.scheme, beginning.hostname, beginning.port)
    return same and (parts.path or "/").startswith(beginning.path)


def _addresses(certificate: x509.Certificate) -> Iterator[tuple[str, str]]:
    """OCSP responders, then distribution points of revocation lists."""
    for name in _urls_of(certificate, x509.AuthorityInformationAccess):
        yield "ocsp", name
    for name in _urls_of(certificate, x509.CRLDistributionPoints):
        yield "crl", name


def _urls_of(certificate: x509.Certificate, kind: type[x509.ExtensionType]) -> list[str]:
    try:
        value = certificate.extensions.get_extension_for_class(kind).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names: list[x509.GeneralName] = []
    if isinstance(value, x509.AuthorityInformationAccess):
        names = [one.access_location for one in value if one.access_method == AuthorityInformationAccessOID.OCSP]
    elif isinstance(value, x509.CRLDistributionPoints):
        names = [name for point in value for name in point.full_name or ()]
    return [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
