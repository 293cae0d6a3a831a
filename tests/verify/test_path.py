"""Path validation (RFC 5280) at a moment: what is valid, and which of the rules each bad path breaks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from signing_service.verify.certificate import Certificate
from signing_service.verify.path import PathBuilder, Purpose
from signing_service.verify.verdict import CheckError, SubIndication
from tests.verify.foreign import SIGNED_AT, Credential, issue

YEAR = timedelta(days=365)


def wrapped(credential: Credential) -> Certificate:
    return Certificate.of(credential.certificate)


@pytest.fixture(scope="module")
def root() -> Credential:
    return issue("Root", None, "ecdsa")


def authority(name: str, issuer: Credential, **options) -> Credential:
    return issue(name, issuer, "ecdsa", authority=True, **options)


def accepted(leaf: Credential, root: Credential, *between: Credential, purpose=Purpose.SIGNING, at=SIGNED_AT) -> bool:
    path = PathBuilder([wrapped(root)], map(wrapped, between)).validate(wrapped(leaf), purpose, at)
    return path.end == wrapped(leaf)


def refused(
    leaf: Credential, root: Credential, *between: Credential, purpose=Purpose.SIGNING, at=SIGNED_AT
) -> CheckError:
    with pytest.raises(CheckError) as caught:
        PathBuilder([wrapped(root)], map(wrapped, between)).validate(wrapped(leaf), purpose, at)
    return caught.value


def test_a_path_through_two_authorities_is_found_and_valid_until_the_first_expiry(root):
    upper = authority("Upper", root)
    lower = authority("Lower", upper, until=SIGNED_AT + timedelta(days=10))
    leaf = issue("Leaf", lower, "ecdsa")

    path = PathBuilder([wrapped(root)], [wrapped(lower), wrapped(upper)]).validate(
        wrapped(leaf), Purpose.SIGNING, SIGNED_AT
    )

    assert [item.subject_text for item in path.certificates] == ["Leaf", "Lower", "Upper", "Root"]
    assert path.until == SIGNED_AT + timedelta(days=10)


def test_an_anchor_may_be_the_signers_own_certificate(root):
    leaf = issue("Leaf", root, "ecdsa")

    path = PathBuilder([wrapped(leaf)]).validate(wrapped(leaf), Purpose.SIGNING, SIGNED_AT)

    assert path.anchor == wrapped(leaf)


def test_an_anchors_own_validity_does_not_count(root):
    old = issue("Old Root", None, "ecdsa", until=SIGNED_AT - YEAR / 4)
    leaf = issue("Leaf", old, "ecdsa")

    assert accepted(leaf, old)


def test_of_two_paths_the_valid_one_is_taken(root):
    expired = authority("Twin", root, until=SIGNED_AT - timedelta(days=1))
    fresh = Credential(expired.key, _reissued(expired, root))
    leaf = issue("Leaf", expired, "ecdsa")

    path = PathBuilder([wrapped(root)], [wrapped(expired), wrapped(fresh)]).validate(
        wrapped(leaf), Purpose.SIGNING, SIGNED_AT
    )

    assert path.certificates[1] == wrapped(fresh)


def _reissued(authority: Credential, root: Credential) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    old = authority.certificate
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(SIGNED_AT + YEAR)
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(root.key, hashes.SHA256())


@pytest.mark.parametrize(
    ("since", "until", "indication"),
    [
        (SIGNED_AT + timedelta(seconds=1), SIGNED_AT + YEAR, SubIndication.NOT_YET_VALID),
        (SIGNED_AT - YEAR, SIGNED_AT - timedelta(seconds=1), SubIndication.OUT_OF_BOUNDS_NO_POE),
    ],
)
def test_a_moment_outside_the_validity_is_out_of_bounds(root, since, until, indication):
    leaf = issue("Leaf", root, "ecdsa", since=since, until=until)

    assert refused(leaf, root).indication is indication


@pytest.mark.parametrize("at", [SIGNED_AT - YEAR / 4, SIGNED_AT + YEAR / 4])
def test_the_first_and_the_last_second_belong_to_the_validity(root, at):
    leaf = issue("Leaf", root, "ecdsa", since=SIGNED_AT - YEAR / 4, until=SIGNED_AT + YEAR / 4)

    assert accepted(leaf, root, at=at)


def test_without_a_way_to_an_anchor_there_is_no_chain(root):
    stranger = issue("Stranger Root", None, "ecdsa")

    assert refused(issue("Leaf", stranger, "ecdsa"), root).indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_an_issuer_of_the_same_name_with_another_key_is_not_the_issuer(root):
    namesake = issue("Root", None, "ecdsa")

    assert refused(issue("Leaf", namesake, "ecdsa"), root).indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND


def test_a_signer_cannot_issue(root):
    signer = issue("Signer", root, "ecdsa")

    error = refused(issue("Leaf", signer, "ecdsa"), root, signer)

    assert error.indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE
    assert "is not an authority's" in error.message


def test_a_path_length_is_kept(root):
    upper = issue("Upper", root, "ecdsa", authority=True)
    limited = Credential(upper.key, _with_path_length(upper, root, 0))
    lower = authority("Lower", limited)

    assert "allows only 0 authorities" in refused(issue("Leaf", lower, "ecdsa"), root, limited, lower).message
    assert accepted(issue("Leaf", limited, "ecdsa"), root, limited)


def _with_path_length(authority: Credential, root: Credential, length: int) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    old = authority.certificate
    builder = x509.CertificateBuilder(old.issuer, old.subject, old.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=length), critical=True)
    return builder.sign(root.key, hashes.SHA256())


def test_an_unknown_critical_extension_is_not_passed_over(root):
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")

    assert (
        "unknown critical extension 1.2.3.4"
        in refused(issue("Leaf", root, "ecdsa", extensions=((unknown, True),)), root).message
    )
    assert accepted(issue("Leaf", root, "ecdsa", extensions=((unknown, False),)), root)


@pytest.mark.parametrize(
    ("permitted", "excluded", "name", "fine"),
    [
        ("example.org", None, "sign.example.org", True),
        ("example.org", None, "example.com", False),
        ("example.org", None, "notexample.org", False),
        (None, "example.org", "sign.example.org", False),
        (None, "example.org", "example.com", True),
    ],
)
def test_name_constraints_hold_for_everything_below_them(root, permitted, excluded, name, fine):
    constraints = x509.NameConstraints(
        [x509.DNSName(permitted)] if permitted else None, [x509.DNSName(excluded)] if excluded else None
    )
    limited = authority("Limited", root, extensions=((constraints, True),))
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    leaf = issue("Leaf", limited, "ecdsa", extensions=((names, False),))

    if fine:
        assert accepted(leaf, root, limited)
    else:
        assert "may not issue for" in refused(leaf, root, limited).message


@pytest.mark.parametrize(
    ("constraint", "name", "fine"),
    [
        (x509.RFC822Name("example.org"), x509.RFC822Name("lin@example.org"), True),
        (x509.RFC822Name("example.org"), x509.RFC822Name("lin@mail.example.org"), False),
        (x509.RFC822Name(".example.org"), x509.RFC822Name("lin@mail.example.org"), True),
        (x509.UniformResourceIdentifier("example.org"), x509.UniformResourceIdentifier("https://example.org/x"), True),
        (x509.UniformResourceIdentifier("example.org"), x509.UniformResourceIdentifier("https://evil.org/x"), False),
    ],
)
def test_name_constraints_know_mail_addresses_and_uris(root, constraint, name, fine):
    limited = authority("Limited", root, extensions=((x509.NameConstraints([constraint], None), True),))
    leaf = issue("Leaf", limited, "ecdsa", extensions=((x509.SubjectAlternativeName([name]), False),))

    if fine:
        assert accepted(leaf, root, limited)
    else:
        assert refused(leaf, root, limited).indication is SubIndication.CHAIN_CONSTRAINTS_FAILURE


def test_a_timestamp_authority_is_for_timestamps_alone(root):
    clock, signer = issue("Clock", root, timestamping=True), issue("Signer", root, "ecdsa")

    assert accepted(clock, root, purpose=Purpose.TIMESTAMPING)
    assert "not for signing documents" in refused(clock, root).message
    assert "timestamping alone" in refused(signer, root, purpose=Purpose.TIMESTAMPING).message


def test_authorities_that_certify_each_other_do_not_send_it_round_in_circles(root):
    first = authority("First", root)
    second = authority("Second", first)
    crossed = Credential(first.key, _crossed(first, second))
    leaf = issue("Leaf", second, "ecdsa")

    builder = PathBuilder([], [wrapped(item) for item in (first, second, crossed)])

    with pytest.raises(CheckError, match="no trusted certificate"):
        builder.validate(wrapped(leaf), Purpose.SIGNING, SIGNED_AT)


def _crossed(authority: Credential, issuer: Credential) -> x509.Certificate:
    from cryptography.hazmat.primitives import hashes

    old = authority.certificate
    builder = x509.CertificateBuilder(
        issuer.certificate.subject, old.subject, old.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(issuer.key, hashes.SHA256())


def test_names_are_compared_without_regard_to_string_types(root):
    from cryptography.hazmat.primitives import hashes

    key_holder = issue("Leaf", root, "ecdsa")
    printable = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ROOT", x509.name._ASN1Type.PrintableString)])
    builder = x509.CertificateBuilder(
        printable, key_holder.certificate.subject, key_holder.key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(SIGNED_AT - YEAR / 4).not_valid_after(SIGNED_AT + YEAR / 4)
    leaf = Certificate.of(builder.sign(root.key, hashes.SHA256()))

    assert PathBuilder([wrapped(root)]).validate(leaf, Purpose.SIGNING, SIGNED_AT).anchor == wrapped(root)
