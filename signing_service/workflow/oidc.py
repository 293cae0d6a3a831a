"""Asking a university who somebody is: the relying party's side of OpenID Connect, over HTTP, without any session.

::

    party = RelyingParty(provider, "https://sign.example.org/sign-in/university/njupt/return")
    address = party.authorization_url(state, nonce, verifier)      # the browser goes there and comes back with a code
    account = party.account(code, verifier, nonce, now)            # raises ForeignAnswerError

Steps of ``account`` (OpenID Connect Core 1.0, 3.1.3):

1. The code is exchanged at the token endpoint, with client authentication and the PKCE verifier.
2. The ID token's signature is checked with a key of the issuer's JWKS, by an asymmetric algorithm; the JWKS is read
   again where it lacks the key, at most once a minute.
3. Issuer, audience, authorized party, expiry (two minutes of clock skew), nonce and access-token hash are checked.
4. Where the ID token names no e-mail address, the userinfo endpoint is asked, and must speak of the same subject.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from signing_service.errors import UnavailableError, VerificationError
from signing_service.workflow.providers import Provider, is_safe

SCOPE = "openid email profile"
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Asymmetric ones only: never ``none``, and never our client secret as a key."""
LEEWAY = 120  # seconds that clocks may differ
TIMEOUT = 10  # seconds for one answer
MAX_ANSWER = 512 * 1024  # bytes of a discovery document or JWKS
AT_ONCE = 2  # threads that may wait for one provider: strangers can begin as many sign-ins as they like
PATIENCE = 2.0  # seconds until who comes while that many wait is told to try later
METADATA_LIFETIME = timedelta(hours=1)
KEYS_PAUSE = timedelta(minutes=1)  # between two readings of the JWKS that strangers' tokens cause
MAX_CLAIM = 255  # characters


class ForeignAnswerError(VerificationError):
    """What came from the university, or from who pretends to be it, is not the answer to our question; for the log."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who the university says has signed in."""

    issuer: str
    subject: str
    email: str | None
    """Lower case."""
    email_verified: bool
    name: str


class RelyingParty:
    """One provider's client; keeps the discovery document and keys, and may be shared by threads."""

    def __init__(self, provider: Provider, redirect_uri: str, transport: httpx.BaseTransport | None = None) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._transport = transport
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._metadata: dict[str, Any] = {}
        self._metadata_read: datetime | None = None
        self._keys: dict[str, Any] = {}
        self._keys_read: datetime | None = None

    def authorization_url(self, state: str, nonce: str, verifier: str, now: datetime) -> str:
        """Where the browser is to go; raises UnavailableError where the provider does not answer."""
        with self._place():
            endpoint = self.metadata(now)["authorization_endpoint"]
        url, _ = self._client(None).create_authorization_url(endpoint, state=state, code_verifier=verifier, nonce=nonce)
        return str(url)

    def check_issuer(self, issuer: str | None, now: datetime) -> None:
        """RFC 9207: who answers must be whom we asked; raises ForeignAnswerError."""
        with self._place():
            promised = self.metadata(now).get("authorization_response_iss_parameter_supported") is True
        if issuer != self.provider.issuer and (promised or issuer is not None):
            raise ForeignAnswerError("the answer names another issuer, or none")

    def account(self, code: str, verifier: str, nonce: str, now: datetime) -> Account:
        """Exchange the code and check what comes for it; raises ForeignAnswerError, UnavailableError."""
        with self._place(), self._http() as session:
            metadata = self.metadata(now)
            token = self._exchange(session, metadata["token_endpoint"], code, verifier)  # (1)
            claims = self._checked(token, nonce, now)  # (2) (3)
            if "email" not in claims and "userinfo_endpoint" in metadata:
                claims |= self._userinfo(session, metadata["userinfo_endpoint"], token, claims["sub"])  # (4)
        email = claims.get("email")
        return Account(
            self.provider.issuer,
            claims["sub"],
            email.lower() if isinstance(email, str) and len(email) < MAX_CLAIM else None,
            claims.get("email_verified") is True,
            str(claims.get("name") or "")[:MAX_CLAIM],
        )

    @contextmanager
    def _place(self) -> Iterator[None]:
        """One of the few that may wait for this provider: where it hangs, all other pages go on."""
        if not self._places.acquire(timeout=PATIENCE):
            raise _no_answer()
        try:
            yield
        finally:
            self._places.release()

    def metadata(self, now: datetime) -> dict[str, Any]:
        """The issuer's discovery document, read once an hour; raises UnavailableError, ForeignAnswerError."""
        with self._lock:
            if self._metadata_read is None or now >= self._metadata_read + METADATA_LIFETIME:
                found = self._read(self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
                self._check_metadata(found)
                self._metadata, self._metadata_read = found, now
            return self._metadata

    def _check_metadata(self, found: dict[str, Any]) -> None:
        if found.get("issuer") != self.provider.issuer:
            raise ForeignAnswerError("the discovery document names another issuer")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not is_safe(found.get(name)):
                raise ForeignAnswerError(f"the discovery document's {name} is no https URL")
        if "userinfo_endpoint" in found and not is_safe(found["userinfo_endpoint"]):
            raise ForeignAnswerError("the discovery document's userinfo_endpoint is no https URL")

    def _exchange(self, session: httpx.Client, endpoint: str, code: str, verifier: str) -> dict[str, Any]:
        provider = self.provider
        auth = None
        if provider.client_secret is not None:  # RFC 6749 section 2.3.1: encoded before they are joined
            auth = httpx.BasicAuth(quote_plus(provider.client_id), quote_plus(provider.client_secret))
        public = {} if auth else {"client_id": provider.client_id}
        try:
            token = self._client(session).fetch_token(
                endpoint,
                grant_type="authorization_code",
                code=code,
                code_verifier=verifier,
                auth=auth or httpx.Auth(),
                **public,
            )
        except httpx.HTTPError as error:
            raise _no_answer() from error
        except (AuthlibBaseError, ValueError) as error:
            raise ForeignAnswerError("the code was refused") from error
        return dict(token)

    def _checked(self, token: dict[str, Any], nonce: str, now: datetime) -> dict[str, Any]:
        provider = self.provider
        text = token.get("id_token")
        if not isinstance(text, str):
            raise ForeignAnswerError("there is no ID token")
        try:
            decoded = self._decoded(text, now)
            options: Any = {
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "sub": {"essential": True},
            }
            params = {"nonce": nonce, "client_id": provider.client_id, "access_token": token.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, options, params)
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            raise ForeignAnswerError(f"the ID token: {error}") from error
        if not isinstance(claims["sub"], str) or not 1 <= len(claims["sub"]) <= MAX_CLAIM:
            raise ForeignAnswerError("the ID token's subject is no text of 1 to 255 characters")
        return dict(claims)

    def _decoded(self, text: str, now: datetime) -> jwt.Token:
        registry = JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False)
        try:
            return jwt.decode(text, self._key_set(now, again=False), registry=registry)
        except InvalidKeyIdError:
            return jwt.decode(text, self._key_set(now, again=True), registry=registry)

    def _key_set(self, now: datetime, *, again: bool) -> KeySet:
        uri = self.metadata(now)["jwks_uri"]
        with self._lock:
            old = self._keys_read is None or now >= self._keys_read + METADATA_LIFETIME
            if old or (again and self._keys_read is not None and now >= self._keys_read + KEYS_PAUSE):
                self._keys, self._keys_read = self._read(uri), now
            return KeySet.import_key_set(self._keys)  # type: ignore[arg-type]

    def _userinfo(self, session: httpx.Client, endpoint: str, token: dict[str, Any], subject: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token.get('access_token')}"}
        try:
            answer = session.get(endpoint, headers=headers)
            answer.raise_for_status()
            found = answer.json()
        except httpx.HTTPError as error:
            raise _no_answer() from error
        except ValueError as error:
            raise ForeignAnswerError("the userinfo is not JSON") from error
        if not isinstance(found, dict) or found.get("sub") != subject:
            raise ForeignAnswerError("the userinfo is about another subject")
        return {name: found[name] for name in ("email", "email_verified", "name") if name in found}

    def _read(self, url: str) -> dict[str, Any]:
        try:
            with self._http() as session, session.stream("GET", url, headers={"Accept": "application/json"}) as answer:
                answer.raise_for_status()
                data = b""
                for part in answer.iter_bytes():
                    data += part
                    if len(data) > MAX_ANSWER:
                        raise ForeignAnswerError(f"{url} is larger than {MAX_ANSWER} bytes")
                found = httpx.Response(200, content=data).json()
        except httpx.HTTPError as error:
            raise _no_answer() from error
        except ValueError as error:
            raise ForeignAnswerError(f"{url} is not JSON") from error
        if not isinstance(found, dict):
            raise ForeignAnswerError(f"{url} is not a JSON object")
        return found

    def _client(self, session: httpx.Client | None) -> OAuth2Client:
        return OAuth2Client(
            session,
            self.provider.client_id,
            scope=SCOPE,
            redirect_uri=self._redirect_uri,
            code_challenge_method="S256",
        )

    def _http(self) -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT, follow_redirects=False, transport=self._transport)


def foreign(reason: str) -> ForeignAnswerError:
    """The same error for who asks the questions; its words are for the log and not translated."""
    return ForeignAnswerError(reason)


def _no_answer() -> UnavailableError:
    return UnavailableError("the provider does not answer")
