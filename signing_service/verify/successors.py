"""``signing-service verify --trust OLD NEW…``: whether trust files lead from the one that is trusted to each other one.

1. The files are put in the order in which each names its predecessor's SHA-256, whatever order they were given in.
2. From the trusted one on, each must be signed by an officer of the one before it, or by the record's key where
   docs/formats.md 11 lets it (evidence.succession).
3. What is before the trusted file, beside the chain or behind a wrong link is FAILED; behind a missing file, or where
   nothing is trusted, INDETERMINATE.

    chain = verify_successors(trusted, {"trust-2.json": data, …})
    chain.verdict, [(link.name, link.message) for link in chain.links]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from signing_service.errors import SigningServiceError
from signing_service.evidence.succession import Succession, verify_succession
from signing_service.evidence.trust import TrustFile, fingerprint, fingerprint_text, parse_trust_file
from signing_service.verify.verdict import Verdict

GIVE_FIRST = "give the file whose fingerprint you have on paper with --trust"


@dataclass(frozen=True, slots=True)
class Link:
    """One trust file of the chain."""

    name: str
    fingerprint: str
    """As printed."""
    verdict: Verdict
    message: str
    """By whom it is signed and what it changes, or what is wrong."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The trusted file and its successors in order, then what does not belong to them."""

    links: tuple[Link, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all files."""
        verdicts = {link.verdict for link in self.links}
        return next(one for one in (Verdict.FAILED, Verdict.INDETERMINATE, Verdict.PASSED) if one in verdicts)


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    data: bytes
    trust: TrustFile | None
    problem: str = ""

    @property
    def digest(self) -> bytes:
        return sha256(self.data).digest()

    @property
    def before(self) -> bytes | None:
        return self.trust.predecessor.sha256 if self.trust and self.trust.predecessor else None

    def link(self, verdict: Verdict, message: str) -> Link:
        return Link(self.name, fingerprint_text(fingerprint(self.data)), verdict, message)


def verify_successors(trusted: tuple[str, bytes] | None, files: Mapping[str, bytes]) -> Chain:
    """Follow the chain from ``trusted`` (its name and bytes) through ``files``, by name; never raises on their bytes.

    Without a trusted file it begins with the one whose predecessor is not there, and nothing passes.
    """
    different = {data: name for name, data in files.items() if trusted is None or data != trusted[1]}
    rest = [_read(name, data) for data, name in different.items()]
    if trusted is not None:
        present = _read(*trusted)
        links = [present.link(Verdict.PASSED, "is the one that you trust")]
    else:
        digests = {file.digest for file in rest}
        present = next((file for file in rest if file.trust and file.before not in digests), rest[0])
        rest.remove(present)
        links = [present.link(Verdict.INDETERMINATE, f"nothing says that it is the alliance's: {GIVE_FIRST}")]
    first = present
    while present.trust and (found := [file for file in rest if file.before == present.digest]):  # (1)
        rest = [file for file in rest if file not in found]
        refused = {file.name: link for file in found if (link := _refused(present, file))}
        signed = [file for file in found if file.name not in refused]
        links += refused.values()
        links += [_succeeds(present, file, signed) for file in signed]
        if len(signed) != 1:
            break
        present = signed[0]
    links += _others(first, present, rest)
    return Chain(tuple(links))


def _read(name: str, data: bytes) -> _File:
    try:
        return _File(name, data, parse_trust_file(data))
    except SigningServiceError as error:
        return _File(name, data, None, error.message)


def _refused(before: _File, file: _File) -> Link | None:
    """(2) What is wrong with a file that names the one before it as its predecessor; None where it is signed."""
    try:
        verify_succession(before.data, file.data)
    except SigningServiceError as error:
        return file.link(Verdict.FAILED, error.message)
    return None


def _succeeds(before: _File, file: _File, signed: list[_File]) -> Link:
    """(2) Of the files that are signed only one may succeed; what anybody can forge beside it takes nothing away."""
    if len(signed) > 1:
        others = ", ".join(one.name for one in signed if one is not file)
        return file.link(Verdict.FAILED, f"is not the only successor of {before.name}: so is {others}")
    assert before.trust is not None, "only what could be read has successors"
    assert file.trust is not None, "only what could be read succeeds"
    changes = _changes(before.trust, file.trust)
    return file.link(Verdict.PASSED, "; ".join((_signed_by(before.trust, file.trust), *changes)))


def _others(first: _File, last: _File, rest: list[_File]) -> Iterator[Link]:
    """(3) The files that the chain did not reach."""
    known, earlier = {file.digest: file for file in rest}, set()
    before = first.before
    while before in known and before not in earlier:
        earlier.add(before)
        before = known[before].before
    for file in rest:
        if file.trust is None:
            yield file.link(Verdict.FAILED, file.problem)
        elif file.digest in earlier:
            yield file.link(Verdict.FAILED, f"comes before {first.name}, and is no successor of it")
        elif file.before is None:
            yield file.link(Verdict.FAILED, f"names no predecessor, so that it does not come from {first.name}")
        elif file.before in known:
            yield file.link(Verdict.INDETERMINATE, f"succeeds {known[file.before].name}, which is not reached")
        else:
            missing = fingerprint_text(file.before)
            message = f"succeeds a file that is missing here, with the fingerprint {missing}; add that one"
            yield file.link(Verdict.INDETERMINATE, message)


def _signed_by(before: TrustFile, after: TrustFile) -> str:
    assert after.predecessor is not None, "it was verified"
    proof = Succession.from_der(after.predecessor.signature).proof
    if isinstance(proof, bytes):
        return "signed by the record's key"
    return "signed by " + next(one.name for one in before.officers if proof.public_key in one.keys)


def _changes(before: TrustFile, after: TrustFile) -> Iterator[str]:
    known: dict[str, Any] = {officer.id: officer for officer in before.officers}
    for officer in after.officers:
        earlier = known.pop(officer.id, None)
        if earlier is None or len(officer.keys) > len(earlier.keys):
            yield f"adds a passkey of {officer.name}"
        elif officer.until != earlier.until:
            yield f"{officer.name} leaves"
        elif officer != earlier:
            yield f"changes {officer.name}"
    yield from (f"drops {officer.name}" for officer in known.values())
    if before.record_key != after.record_key:
        yield "names the record's next key"
    if (before.quorum, before.witnesses) != (after.quorum, after.witnesses):
        yield "changes the log witnesses"
    if (before.timestamp_anchors, before.party_anchors) != (after.timestamp_anchors, after.party_anchors):
        yield "changes authorities"


def chain_to_text(chain: Chain, width: int = 0) -> str:
    """The verdict, and a paragraph for each file; lines are continued below after ``width`` columns, 0: never."""
    from signing_service.verify.text import clean
    from signing_service.verify.wrapping import counted, wrapped

    lines = [f"{chain.verdict.value}: {counted(len(chain.links), 'trust file')}", ""]
    indent = len(str(len(chain.links))) + 2
    for number, link in enumerate(chain.links, 1):
        lines += [f"{number:<{indent}}{link.fingerprint}", " " * indent + clean(link.name)]
        told = f"{' ' * indent}{link.verdict.value}: {clean(link.message)}"
        lines += wrapped(told, width, indent)
    return "\n".join(lines)


def chain_to_json(chain: Chain) -> dict[str, Any]:
    """The same for programs."""
    files = [
        {"file": link.name, "fingerprint": link.fingerprint, "verdict": link.verdict.value, "message": link.message}
        for link in chain.links
    ]
    return {"verdict": chain.verdict.value, "trust_files": files}
