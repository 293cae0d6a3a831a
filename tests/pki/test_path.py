"""Paths from a certificate to an anchor: each rule of RFC 5280 that bears on them, broken once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from signing_service.errors import VerificationError
from signing_service.pki import profiles
from signing_service.pki.authority import sign_with
from signing_service.pki.path import MAX_PATH_LENGTH, build_path
from tests.cast import NOON

MADE = NOON - timedelta(days=10)


class Maker:
    """A certificate with its key, able to issue the next."""

    def __init__(
        self, name: str, profile: profiles.Profile, issuer: Maker | None = None, extra=None, **options
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        builder = profiles.certificate_builder(
            profile,
            profiles.distinguished_name(name, organisation="Makers"),
            self.key.public_key(),
            issuer=issuer.certificate if issuer else None,
            **{"now": MADE} | options,
        )
        if extra is not None:
            builder = builder.add_extension(*extra)
        self.certificate: x509.Certificate = sign_with((issuer or self).key, builder)


ROOT = Maker("Root", profiles.ROOT)
MIDDLE = Maker("Middle", profiles.ISSUING_CA, ROOT)
LEAF = Maker("Leaf", profiles.SEAL, MIDDLE)
POOL = [LEAF.certificate, MIDDLE.certificate]


def path(leaf: Maker = LEAF, *pool: Maker, anchors: Maker = ROOT, at: datetime = NOON) -> list[x509.Certificate]:
    return build_path(leaf.certificate, [one.certificate for one in pool] or POOL, [anchors.certificate], at)


def refusal(*words, **options) -> str:
    with pytest.raises(VerificationError) as caught:
        path(*words, **options)
    return caught.value.message


def test_a_path_ends_below_its_anchor() -> None:
    assert path() == [LEAF.certificate, MIDDLE.certificate]


def test_an_authority_in_the_middle_may_be_the_anchor() -> None:
    assert path(anchors=MIDDLE) == [LEAF.certificate]


def test_the_certificate_itself_may_be_the_anchor() -> None:
    assert path(anchors=LEAF) == [LEAF.certificate]


def test_a_missing_authority_is_named() -> None:
    assert "Middle" in refusal(LEAF, LEAF)


def test_another_key_under_the_same_name_is_not_the_issuer() -> None:
    assert "leads to none of the anchors" in refusal(LEAF, Maker("Middle", profiles.ISSUING_CA, ROOT))


def test_an_expired_leaf_is_refused() -> None:
    assert "'CN=Leaf,O=Makers' is expired since" in refusal(at=MADE + timedelta(days=3651))


def test_a_leaf_from_the_future_is_refused() -> None:
    assert "is not valid before" in refusal(at=MADE - timedelta(seconds=1))


def test_an_expired_authority_is_refused() -> None:
    middle = Maker("Middle", profiles.ISSUING_CA, ROOT, not_after=NOON - timedelta(days=1))
    leaf = Maker("Leaf", profiles.SEAL, middle)
    assert "is expired since" in refusal(leaf, middle)


def test_an_expired_anchor_is_refused() -> None:
    short = Maker("Short", profiles.ROOT, not_after=NOON - timedelta(days=1))
    leaf = Maker("Leaf", profiles.SEAL, short)
    assert "is expired since" in refusal(leaf, leaf, anchors=short)


def test_a_certificate_that_is_no_authority_issues_nothing() -> None:
    impostor = Maker("Impostor", profiles.SEAL, MIDDLE)
    key = x509.SubjectKeyIdentifier.from_public_key(impostor.key.public_key())
    impostor = Maker("Impostor", profiles.SEAL, MIDDLE, extra=(key, False))
    leaf = Maker("Leaf", profiles.SEAL, impostor)
    assert "'CN=Impostor,O=Makers' may not issue others" in refusal(leaf, impostor, MIDDLE)


def test_more_authorities_than_the_path_length_permits_are_refused() -> None:
    below = Maker("Below", profiles.ISSUING_CA, MIDDLE)
    leaf = Maker("Leaf", profiles.SEAL, below)
    assert "more authorities below it than it permits" in refusal(leaf, below, MIDDLE)


def test_a_key_that_may_not_sign_certificates_is_refused() -> None:
    silent = replace(profiles.ISSUING_CA, key_usage=frozenset({"digital_signature"}))
    middle = Maker("Middle", silent, ROOT)
    leaf = Maker("Leaf", profiles.SEAL, middle)
    assert "a key that may not sign certificates" in refusal(leaf, middle)


def test_a_critical_extension_that_nobody_understands_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
    leaf = Maker("Leaf", profiles.SEAL, MIDDLE, extra=(unknown, True))
    assert "critical extension 1.2.3.4, which is not understood" in refusal(leaf, MIDDLE)


def test_a_path_that_is_too_long_is_refused() -> None:
    open_ended = replace(profiles.ISSUING_CA, path_length=MAX_PATH_LENGTH)
    root = Maker("Root", replace(profiles.ROOT, path_length=MAX_PATH_LENGTH + 2))
    makers = [Maker("Authority 0", open_ended, root)]
    for number in range(1, MAX_PATH_LENGTH + 1):
        makers.append(Maker(f"Authority {number}", open_ended, makers[-1]))
    leaf = Maker("Leaf", profiles.SEAL, makers[-1])
    assert "longer than 6 certificates" in refusal(leaf, *makers, anchors=root)


def test_two_authorities_that_issue_each_other_make_no_endless_path() -> None:
    first = Maker("Circle", profiles.ISSUING_CA)
    leaf = Maker("Leaf", profiles.SEAL, first)
    assert "leads to none of the anchors" in refusal(leaf, first)
