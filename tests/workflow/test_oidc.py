"""What a university, or who pretends to be it, answers: taken when right, refused when wrong in one way.

The answers are made here with keys of our own, so that each can be wrong in exactly one way; tests/oidc asks a real
provider.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event, Semaphore
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from signing_service.errors import UnavailableError
from signing_service.workflow import oidc
from signing_service.workflow.oidc import Account, ForeignAnswerError, RelyingParty
from signing_service.workflow.providers import Provider
from tests.cast import LIN, NOON

ISSUER = "https://login.njupt.example"
RETURN = "https://sign.example.org/sign-in/university/njupt/return"
PROVIDER = Provider("njupt", "Nanjing", ISSUER, "signing-service", "s3cret & more", None)
NONCE, VERIFIER = "a nonce of ours", "v" * 43
RSA = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "second", "use": "sig"})
NOW = int(NOON.timestamp())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "sub": "lin-7f3a", "aud": "signing-service", "exp": NOW + 300, "iat": NOW, "nonce": NONCE,
    "email": LIN.email.upper(), "email_verified": True, "name": LIN.name,
}  # fmt: skip


def unsigned(claims: dict[str, Any], alg: str = "none") -> str:
    parts = [{"alg": alg, "kid": "first"}, claims]
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts]
    return f"{encoded[0]}.{encoded[1]}."


@dataclass
class Provision:
    """A provider that answers as the test says."""

    claims: dict[str, Any] = field(default_factory=lambda: dict(CLAIMS))
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    key: RSAKey = field(default_factory=lambda: RSA)
    published: list[RSAKey] = field(default_factory=lambda: [RSA])
    token: str | None = None
    status: int = 200
    asked: list[str] = field(default_factory=list)
    form: dict[str, list[str]] = field(default_factory=dict)
    authorization: str = ""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        answers = {
            "/.well-known/openid-configuration": self._discovery,
            "/keys": lambda _: {"keys": [key.as_dict(private=False) for key in self.published]},
            "/token": self._token,
            "/me": lambda _: self.userinfo,
        }
        return httpx.Response(self.status, json=answers[request.url.path](request))

    def _discovery(self, _: httpx.Request) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/auth",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            "userinfo_endpoint": f"{ISSUER}/me",
        } | self.metadata

    def _token(self, request: httpx.Request) -> dict[str, Any]:
        self.form, self.authorization = parse_qs(request.content.decode()), request.headers.get("Authorization", "")
        signed = self.token or jwt.encode({"alg": "RS256", "kid": self.key.kid}, self.claims, self.key)
        return {"access_token": "access", "token_type": "Bearer", "id_token": signed}

    def party(self, provider: Provider = PROVIDER) -> RelyingParty:
        return RelyingParty(provider, RETURN, httpx.MockTransport(self))


def account(provision: Provision) -> Account:
    return provision.party().account("a code", VERIFIER, NONCE, NOON)


def test_a_right_answer_names_the_account():
    provision = Provision()
    assert account(provision) == Account(ISSUER, "lin-7f3a", LIN.email, True, LIN.name)
    assert provision.form["code_verifier"] == [VERIFIER]
    assert provision.form["redirect_uri"] == [RETURN]
    assert base64.b64decode(provision.authorization.removeprefix("Basic ")) == b"signing-service:s3cret+%26+more"


def test_the_question_carries_state_nonce_and_a_challenge_for_the_verifier():
    url = urlsplit(Provision().party().authorization_url("a state", NONCE, VERIFIER, NOON))
    asked = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{ISSUER}/auth"
    assert (asked["state"], asked["nonce"]) == ("a state", NONCE)
    assert asked["code_challenge_method"] == "S256"
    assert VERIFIER not in url.query
    assert asked["scope"].split() == ["openid", "email", "profile"]


WRONG: dict[str, Any] = {
    "another issuer": {"iss": "https://login.evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another-client"},
    "two audiences, for the other": {"aud": ["signing-service", "another-client"], "azp": "another-client"},
    "another nonce": {"nonce": "somebody else's"},
    "no nonce": {"nonce": None},
    "expired": {"exp": NOW - 121},
    "no expiry": {"exp": None},
    "from the future": {"iat": NOW + 121, "exp": NOW + 600},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a long subject": {"sub": "x" * 256},
    "a subject that is a number": {"sub": 7},
    "another access token": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_a_token_that_is_wrong_in_one_way_is_refused(change: dict[str, Any]):
    claims = {name: value for name, value in (CLAIMS | change).items() if value is not None}
    with pytest.raises(ForeignAnswerError):
        account(Provision(claims=claims))


@pytest.mark.parametrize("change", [{"exp": NOW - 60}, {"iat": NOW + 60}], ids=["slow", "fast"])
def test_clocks_may_differ_by_a_minute(change: dict[str, Any]):
    assert account(Provision(claims=CLAIMS | change)).subject == "lin-7f3a"


def hmac_with_the_public_key() -> str:
    signed = unsigned(CLAIMS, "HS256").rstrip(".")
    digest = hmac.new(RSA.as_pem(private=False), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


FORGED = {
    "alg none": lambda: unsigned(CLAIMS),
    "alg None": lambda: unsigned(CLAIMS, "None"),
    "another's key under the same name": lambda: jwt.encode(
        {"alg": "RS256", "kid": "first"}, CLAIMS, RSAKey.generate_key(2048, {"kid": "first"})
    ),
    "HMAC under the public key": hmac_with_the_public_key,
    "no token": lambda: "",
    "three dots": lambda: "..",
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED.keys())
def test_a_forged_signature_is_refused(forge: Any):
    with pytest.raises(ForeignAnswerError):
        account(Provision(token=forge() or "not a token"))


def test_a_new_key_is_fetched_once_and_not_again_for_every_stranger():
    provision = Provision()
    party = provision.party()
    party.account("a code", VERIFIER, NONCE, NOON)
    provision.key, provision.published = OTHER, [RSA, OTHER]
    later = NOON + timedelta(minutes=2)
    provision.claims["exp"] = NOW + 600
    assert party.account("a code", VERIFIER, NONCE, later).subject == "lin-7f3a"
    assert provision.asked.count("/keys") == 2
    provision.key = RSAKey.generate_key(2048, {"kid": "never published"})
    for _ in range(3):
        with pytest.raises(ForeignAnswerError):
            party.account("a code", VERIFIER, NONCE, later)
    assert provision.asked.count("/keys") == 2


METADATA = {
    "another issuer": {"issuer": "https://login.evil.example"},
    "keys without TLS": {"jwks_uri": "http://login.njupt.example/keys"},
    "a token endpoint without TLS": {"token_endpoint": "http://login.njupt.example/token"},
    "an endpoint with a password": {"authorization_endpoint": "https://user:pass@login.njupt.example/auth"},
    "userinfo without TLS": {"userinfo_endpoint": "http://login.njupt.example/me"},
    "no token endpoint": {"token_endpoint": None},
}


@pytest.mark.parametrize("change", METADATA.values(), ids=METADATA.keys())
def test_a_discovery_document_that_leads_elsewhere_is_refused(change: dict[str, Any]):
    with pytest.raises(ForeignAnswerError):
        account(Provision(metadata=change))


@pytest.mark.parametrize(("given", "promised"), [("https://login.evil.example", False), (None, True), ("", True)])
def test_an_answer_of_another_issuer_is_refused_before_its_code_is_sent_anywhere(given: str | None, promised: bool):
    provision = Provision(metadata={"authorization_response_iss_parameter_supported": promised})
    with pytest.raises(ForeignAnswerError, match="issuer"):
        provision.party().check_issuer(given, NOON)
    assert "/token" not in provision.asked


@pytest.mark.parametrize(("given", "promised"), [(ISSUER, True), (ISSUER, False), (None, False)])
def test_an_answer_of_the_issuer_is_taken(given: str | None, promised: bool):
    Provision(metadata={"authorization_response_iss_parameter_supported": promised}).party().check_issuer(given, NOON)


def test_an_address_from_userinfo_counts_for_the_same_subject_only():
    bare = {name: value for name, value in CLAIMS.items() if not name.startswith("email")}
    mine = {"sub": "lin-7f3a", "email": LIN.email, "email_verified": True}
    assert account(Provision(claims=dict(bare), userinfo=mine)).email == LIN.email
    with pytest.raises(ForeignAnswerError, match="another subject"):
        account(Provision(claims=dict(bare), userinfo=mine | {"sub": "somebody"}))


@pytest.mark.parametrize("verified", ["true", 1, None, False])
def test_only_true_means_that_an_address_is_verified(verified: object):
    assert not account(Provision(claims=CLAIMS | {"email_verified": verified})).email_verified


def test_a_provider_that_does_not_answer_is_told_so():
    with pytest.raises(UnavailableError):
        account(Provision(status=503))
    with pytest.raises(UnavailableError):
        account(Provision(status=302))


def test_an_endless_document_is_not_read_to_its_end():
    with pytest.raises(ForeignAnswerError, match="larger than"):
        account(Provision(metadata={"more": "x" * 600_000}))


def test_a_provider_that_hangs_holds_few_threads_and_all_others_are_told_at_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(oidc, "PATIENCE", 0.05)
    asked, answer = Semaphore(0), Event()

    def hang(request: httpx.Request) -> httpx.Response:
        asked.release()
        assert answer.wait(60)
        return Provision()(request)

    party = RelyingParty(PROVIDER, RETURN, httpx.MockTransport(hang))
    with ThreadPoolExecutor(oidc.AT_ONCE) as held:
        waiting = [held.submit(party.authorization_url, "a state", NONCE, VERIFIER, NOON) for _ in range(oidc.AT_ONCE)]
        assert asked.acquire(timeout=60)
        try:
            with pytest.raises(UnavailableError):
                for _ in range(1000):  # until the second has come to wait, too
                    party.account("a code", VERIFIER, NONCE, NOON)
        finally:
            answer.set()
    assert all(one.result().startswith(f"{ISSUER}/auth") for one in waiting)
    assert party.authorization_url("a state", NONCE, VERIFIER, NOON)
