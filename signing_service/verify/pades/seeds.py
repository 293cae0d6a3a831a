"""Step 3, profile ``pades``: what a field's author demanded of the signature in it (seed values), where it is a must.

    check_seed(opened, snapshot)        # raises CheckError SIG_CONSTRAINTS_FAILURE (INDETERMINATE)

Seed values bind who signs; the standard gives verifiers no rule. A signature that breaks a required constraint was made
against the author's will, so nobody is told that all is well; nothing was forged either, so it is not FAILED. A
constraint that its flag leaves open is a preference. Requirements are numbered as in the code:

1. ``/MDP``: an approval, or a certification of that level;
2. ``/TimeStamp`` with flag 1: a time that is proven;
3. ``/Filter``, ``/SubFilter``, ``/DigestMethod``: one of those named;
4. ``/Reasons``: one of those, and none at all where none is named;
5. ``/LockDocument``: whether the document is closed to all changes;
6. ``/AddRevInfo``: revocation data among the signed attributes (only ``adbe`` containers have a place for them);
7. ``/Cert``: see :mod:`.seed_certificates`.

``/LegalAttestation`` cannot be judged, which is said; ``/AppearanceFilter`` and ``/V`` leave nothing to judge.

Clauses: ISO 32000-2 12.7.5.5, table 237.
"""

from __future__ import annotations

from typing import Any

from signing_service.verify.algorithms import hash_algorithm
from signing_service.verify.objects import text_string
from signing_service.verify.pades.document import Snapshot
from signing_service.verify.pades.opening import Opened
from signing_service.verify.pades.policy import NOTHING, docmdp_level
from signing_service.verify.pades.seed_certificates import check_seed_certificate
from signing_service.verify.verdict import CheckError, SubIndication, unproven

_FILTER, _SUBFILTER, _REASONS, _LEGAL, _REVOCATION, _DIGEST, _LOCK = 1, 2, 8, 16, 32, 64, 128
_REVOCATION_INFO = "1.2.840.113583.1.1.8"  # adbe-revocationInfoArchival


def check_seed(opened: Opened, snapshot: Snapshot) -> None:
    """Raise CheckError unless an intact signature keeps to the required seed values of its field."""
    seed = opened.found.seed
    flags = snapshot.resolve(seed.get("Ff"))
    flags = flags if isinstance(flags, int) else 0
    _check_kind(opened, snapshot)  # (1)
    stamp = snapshot.dictionary(seed.get("TimeStamp"))
    if snapshot.resolve(stamp.get("Ff")) == 1 and opened.report.time is None:  # (2)
        raise refused("a timestamp")
    _check_methods(opened, snapshot, flags)  # (3)
    if flags & _REASONS:
        _check_reason(opened, snapshot)  # (4)
    lock, closed = snapshot.resolve(seed.get("LockDocument")), docmdp_level(opened.found, snapshot) == NOTHING
    if flags & _LOCK and lock in ("true", "false") and closed != (lock == "true"):  # (5)
        raise refused("a document closed to changes" if lock == "true" else "a document open to changes")
    if flags & _REVOCATION:
        _check_revocation_info(opened, snapshot.resolve(seed.get("AddRevInfo")))  # (6)
    if flags & _LEGAL and snapshot.array(seed.get("LegalAttestation")):
        raise refused("legal attestations, which are not supported here")
    check_seed_certificate(opened, snapshot)  # (7)


def refused(wanted: str) -> CheckError:
    """The error for a requirement that is not met."""
    return unproven(SubIndication.SIG_CONSTRAINTS_FAILURE, f"the field's author demanded {wanted} (seed value)")


def _check_kind(opened: Opened, snapshot: Snapshot) -> None:
    wanted = snapshot.resolve(snapshot.dictionary(opened.found.seed.get("MDP")).get("P"))
    if not isinstance(wanted, int):
        return
    certified = opened.found.kind == "certification"
    if certified != (wanted != 0) or (wanted and docmdp_level(opened.found, snapshot) != wanted):
        raise refused(f"a certification of level {wanted}" if wanted else "an approval, no certification")


def _check_methods(opened: Opened, snapshot: Snapshot, flags: int) -> None:
    seed, dictionary = opened.found.seed, opened.found.dictionary
    handler = snapshot.resolve(seed.get("Filter"))
    if flags & _FILTER and handler is not None and handler != snapshot.resolve(dictionary.get("Filter")):
        raise refused(f"the filter {handler}")
    if flags & _SUBFILTER and "SubFilter" in seed:
        _check_among("the sub-filter", opened.found.subfilter, snapshot, seed["SubFilter"])
    if flags & _DIGEST and "DigestMethod" in seed and opened.container is not None:
        used = hash_algorithm(opened.container.digest_algorithm)
        _check_among("the digest method", used.name, snapshot, seed["DigestMethod"])


def _check_among(what: str, used: str, snapshot: Snapshot, allowed: Any) -> None:
    """Digest methods are written ``SHA256``, and not by everybody so."""
    names = [_text(snapshot.resolve(item)) for item in snapshot.array(allowed)]
    if _plain(used) not in map(_plain, names):
        raise refused(f"{what} {' or '.join(names[:5]) or 'of another handler'}")


def _check_reason(opened: Opened, snapshot: Snapshot) -> None:
    """A single full stop, and no list at all, forbid any reason."""
    allowed = [_text(snapshot.resolve(item)) for item in snapshot.array(opened.found.seed.get("Reasons"))]
    given = snapshot.resolve(opened.found.dictionary.get("Reason"))
    if allowed in ([], ["."]):
        if given is not None:
            raise refused("that no reason is given")
    elif given is None or _text(given) not in allowed:
        raise refused("one of certain reasons for signing")


def _check_revocation_info(opened: Opened, wanted: Any) -> None:
    container = opened.container
    if not isinstance(wanted, bool) or container is None:
        return
    found = _REVOCATION_INFO in container.signed_attributes
    if found != wanted or (wanted and not opened.found.subfilter.startswith("adbe.")):
        raise refused(f"{'' if wanted else 'no '}revocation data among the signed attributes")


def _plain(name: str) -> str:
    return name.casefold().translate({ord("-"): None, ord("_"): None})


def _text(value: Any) -> str:
    return text_string(value) if isinstance(value, bytes) else str(value)
