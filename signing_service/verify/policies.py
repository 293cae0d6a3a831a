"""Step 4: certificate policies along a path, where a certificate asks for an explicit one (RFC 5280 6.1.3 d-f).

    check_policies(chain)        # from the end certificate to the one below the anchor; raises CheckError

The verifier accepts any policy. What is left to check is that where an authority requires an explicit policy, the
certificates below it share one, under the mappings that they declare.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1

from signing_service.errors import FormatError
from signing_service.verify.certificate import Certificate
from signing_service.verify.der import decode, encoded, items
from signing_service.verify.verdict import SubIndication, unproven

_ANY, _MAPPINGS = "2.5.29.32.0", "2.5.29.33"
_NEVER = 1_000  # longer than any path


@dataclass(slots=True)
class _State:
    """The state variables of 6.1.2; ``valid``: the policies that the path has so far, None for any."""

    explicit: int = _NEVER
    mapping: int = _NEVER
    inhibit_any: int = _NEVER
    valid: set[str] | None = None


def check_policies(checked: Sequence[Certificate]) -> None:
    """Raise CheckError where a certificate of the path requires an explicit policy and the path has none."""
    if all(certificate.extension(x509.PolicyConstraints) is None for certificate in checked):
        return
    state = _State()
    for certificate in reversed(checked[1:]):
        _narrow(state, certificate, is_end=False)
        _check(state, certificate)
        _prepare(state, certificate)
    end = checked[0]
    _narrow(state, end, is_end=True)
    _check(state, end)
    state.explicit = min(max(0, state.explicit - 1), 0 if _required(end) == 0 else _NEVER)  # 6.1.5 (a), (b)
    _check(state, end)


def _check(state: _State, certificate: Certificate) -> None:
    """6.1.3 (f), 6.1.5 (g)."""
    if state.explicit == 0 and state.valid is not None and not state.valid:
        raise unproven(
            SubIndication.CHAIN_CONSTRAINTS_FAILURE,
            f"the certificate of {certificate.subject_text!r} requires an explicit policy, and its path has none",
        )


def _narrow(state: _State, certificate: Certificate, *, is_end: bool) -> None:
    """6.1.3 (d), (e): what the certificate asserts of what was valid above it."""
    extension = certificate.extension(x509.CertificatePolicies)
    asserted = {item.policy_identifier.dotted_string for item in extension} if extension is not None else set()
    if _ANY in asserted and (state.inhibit_any > 0 or (not is_end and certificate.is_self_issued)):
        return
    asserted.discard(_ANY)
    state.valid = asserted if state.valid is None else state.valid & asserted


def _prepare(state: _State, certificate: Certificate) -> None:
    """6.1.4 (a), (b), (h) to (j): mappings and counters, for the certificate below."""
    pairs = _mappings(certificate)
    if state.valid is not None and pairs:
        kept = state.valid - {issuer for issuer, _ in pairs}
        mapped = {subject for issuer, subject in pairs if issuer in state.valid} if state.mapping > 0 else set()
        state.valid = kept | mapped
    if not certificate.is_self_issued:
        state.explicit, state.mapping = max(0, state.explicit - 1), max(0, state.mapping - 1)
        state.inhibit_any = max(0, state.inhibit_any - 1)
    constraints, inhibited = certificate.extension(x509.PolicyConstraints), certificate.extension(x509.InhibitAnyPolicy)
    state.explicit = min(state.explicit, _required(certificate))
    if constraints is not None and constraints.inhibit_policy_mapping is not None:
        state.mapping = min(state.mapping, constraints.inhibit_policy_mapping)
    if inhibited is not None:
        state.inhibit_any = min(state.inhibit_any, inhibited.skip_certs)


def _mappings(certificate: Certificate) -> list[tuple[str, str]]:
    """PolicyMappings (RFC 5280 4.2.1.5): the issuer's policy and the subject's that it equals."""
    for extension in certificate.extensions:
        if extension.oid.dotted_string == _MAPPINGS:
            listed = items(extension.value.public_bytes(), "policy mappings")
            pairs = [items(encoded(pair), "policy mapping") for pair in listed]
            if any(len(pair) != 2 for pair in pairs):
                raise FormatError("a policy mapping is not a pair")
            return [(_oid(issuer), _oid(subject)) for issuer, subject in pairs]
    return []


def _oid(value: asn1.TLV) -> str:
    return decode(x509.ObjectIdentifier, encoded(value), "policy").dotted_string


def _required(certificate: Certificate) -> int:
    constraints = certificate.extension(x509.PolicyConstraints)
    required = constraints.require_explicit_policy if constraints is not None else None
    return _NEVER if required is None else required
