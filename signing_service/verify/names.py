"""Name constraints (RFC 5280 4.2.1.10): whether the names of a path lie where its authorities may issue.

Directory names, DNS names, mail addresses, URIs and IP addresses are understood. A constraint on any other kind of
name is held against every name of that kind.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence
from typing import Any

from cryptography import x509

from signing_service.verify.certificate import Certificate
from signing_service.verify.verdict import SubIndication, unproven


def check_name_constraints(chain: Sequence[Certificate]) -> None:
    """Raise CheckError unless every name in ``chain`` (end certificate first) lies within the constraints above it.

    Self-issued certificates that are not the end certificate are exempt (RFC 5280 6.1.3 b).
    """
    for position, authority in enumerate(chain):
        constraints = authority.extension(x509.NameConstraints) if position else None
        if constraints is None:
            continue
        for index, below in enumerate(chain[:position]):
            if index and below.is_self_issued:
                continue
            for name in _names(below):
                _check_name(name, constraints, below)


def _names(certificate: Certificate) -> list[x509.GeneralName]:
    names: list[x509.GeneralName] = []
    if len(certificate.parsed.subject.rdns):
        names.append(x509.DirectoryName(certificate.parsed.subject))
    alternative = certificate.extension(x509.SubjectAlternativeName)
    if alternative is not None:
        names += list(alternative)
    else:
        mails = certificate.parsed.subject.get_attributes_for_oid(x509.NameOID.EMAIL_ADDRESS)
        names += [x509.RFC822Name(str(mail.value)) for mail in mails if str(mail.value).isascii()]
    return names


def _check_name(name: x509.GeneralName, constraints: x509.NameConstraints, certificate: Certificate) -> None:
    permitted = [tree for tree in constraints.permitted_subtrees or () if type(tree) is type(name)]
    excluded = [tree for tree in constraints.excluded_subtrees or () if type(tree) is type(name)]
    if any(_within(name, tree, unknown=True) for tree in excluded) or (
        permitted and not any(_within(name, tree, unknown=False) for tree in permitted)
    ):
        raise unproven(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            f"the certificate of {certificate.subject_text!r} names what its authority may not issue for",
        )


def _within(name: x509.GeneralName, tree: x509.GeneralName, *, unknown: bool) -> bool:
    match = _MATCHERS.get(type(name))
    return unknown if match is None else match(name.value, tree.value)


def _directory(name: x509.Name, tree: x509.Name) -> bool:
    return name.rdns[: len(tree.rdns)] == tree.rdns


def _domain(name: str, tree: str) -> bool:
    host, base = name.lower(), tree.lower().removeprefix(".")
    return not base or host == base or host.endswith("." + base)


def _mail(name: str, tree: str) -> bool:
    local, _, host = name.rpartition("@")
    if "@" in tree:
        tree_local, _, tree_host = tree.rpartition("@")
        return local == tree_local and host.lower() == tree_host.lower()
    return _host(host, tree)


def _host(host: str, tree: str) -> bool:
    """A leading dot means subdomains only; no dot means this very host (RFC 5280 4.2.1.10)."""
    if tree.startswith("."):
        return host.lower().endswith(tree.lower())
    return host.lower() == tree.lower()


def _uri(name: str, tree: str) -> bool:
    authority = name.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return bool(authority) and _host(authority, tree)


def _address(name: Any, tree: Any) -> bool:
    networks = ipaddress.IPv4Network | ipaddress.IPv6Network
    return isinstance(tree, networks) and not isinstance(name, networks) and name in tree


_MATCHERS: dict[type, Callable[[Any, Any], bool]] = {
    x509.DirectoryName: _directory,
    x509.DNSName: _domain,
    x509.RFC822Name: _mail,
    x509.UniformResourceIdentifier: _uri,
    x509.IPAddress: _address,
}
