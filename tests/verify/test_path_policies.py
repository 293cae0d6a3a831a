"""Certificate policies along a path (RFC 5280 6.1.3 d-f, 6.1.4): any will do; where one is required, one is needed."""

from __future__ import annotations

import pytest
from cryptography import x509

from tests.verify.foreign import Credential, issue
from tests.verify.test_path import accepted, authority, refused

OURS, THEIRS, ANY = "1.2.3.1", "1.2.3.2", "2.5.29.32.0"
REQUIRED = (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None), True)
REQUIRED_BELOW = (x509.PolicyConstraints(require_explicit_policy=1, inhibit_policy_mapping=None), True)
UNMAPPED = (x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=0), True)
NOT_ANY = (x509.InhibitAnyPolicy(0), True)


@pytest.fixture(scope="module")
def root() -> Credential:
    return issue("Root", None, "ecdsa")


def policies(*oids: str) -> tuple[x509.ExtensionType, bool]:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in oids]), False


def mapping(issuer: str, subject: str) -> tuple[x509.ExtensionType, bool]:
    pair = b"".join(b"\x06\x03" + bytes([42, *map(int, oid.split(".")[2:])]) for oid in (issuer, subject))
    value = b"\x30" + bytes([len(pair) + 2]) + b"\x30" + bytes([len(pair)]) + pair
    return x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.33"), value), False


CASES = {
    "no policy where one is required": ((REQUIRED, policies(OURS)), (), False),
    "the same policy": ((REQUIRED, policies(OURS)), (policies(OURS),), True),
    "one of several": ((REQUIRED, policies(OURS, THEIRS)), (policies(THEIRS),), True),
    "another policy": ((REQUIRED, policies(OURS)), (policies(THEIRS),), False),
    "any policy above": ((REQUIRED, policies(ANY)), (policies(THEIRS),), True),
    "any policy below": ((REQUIRED, policies(OURS)), (policies(ANY),), True),
    "any policy below, inhibited": ((REQUIRED, NOT_ANY, policies(OURS)), (policies(ANY),), False),
    "no policy above": ((REQUIRED,), (policies(OURS),), False),
    "mapped": ((REQUIRED, policies(OURS), mapping(OURS, THEIRS)), (policies(THEIRS),), True),
    "mapped away": ((REQUIRED, policies(OURS), mapping(OURS, THEIRS)), (policies(OURS),), False),
    "required only further down": ((REQUIRED_BELOW,), (), False),
    "required by the end itself": ((policies(OURS),), (REQUIRED,), False),
    "not required": ((policies(OURS),), (policies(THEIRS),), True),
}


@pytest.mark.parametrize("case", CASES)
def test_an_explicit_policy_is_needed_where_it_is_required(root, case):
    above, below, fine = CASES[case]
    between = authority("Between", root, extensions=above)
    leaf = issue("Leaf", between, "ecdsa", extensions=below)

    if fine:
        assert accepted(leaf, root, between)
    else:
        assert "explicit policy" in refused(leaf, root, between).message


def test_a_mapping_counts_only_where_no_authority_above_inhibits_it(root):
    for constraint, fine in ((REQUIRED, True), (UNMAPPED, False)):
        first = authority("First", root, extensions=(constraint, policies(OURS)))
        second = authority("Second", first, extensions=(policies(OURS), mapping(OURS, THEIRS)))
        leaf = issue("Leaf", second, "ecdsa", extensions=(policies(THEIRS),))

        if fine:
            assert accepted(leaf, root, first, second)
        else:
            assert "explicit policy" in refused(leaf, root, first, second).message
