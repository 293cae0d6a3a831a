"""The evidence bundle: one file with all that an auditor needs beside the trust file (docs/formats.md, 10). ::

    data = write_bundle(bundle)              # deterministic: the same bundle, the same bytes
    bundle = read_bundle(data)               # every member is what the manifest says
    opened = open_bundle(data)               # the same with what its events and proofs say, each parsed once

Reading checks that the members agree with each other; what they prove is ``verify``'s to say.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from signing_service.encoding import canonical_json, parse_canonical_json, sha256_hex
from signing_service.errors import FormatError, VerificationError
from signing_service.evidence.archive import pack, unpack
from signing_service.evidence.event_lines import BundledEvent as BundledEvent
from signing_service.evidence.event_lines import EventLine, format_event_lines, read_event_lines
from signing_service.evidence.readme import readme
from signing_service.record.checkpoint import Checkpoint, parse_checkpoint
from signing_service.record.entry import is_integer
from signing_service.record.note import parse_note
from signing_service.record.proof import Proof, parse_proof

VERSION = 1
README, MANIFEST, PDF, EVENTS, CERTIFICATES = (
    "README.txt", "manifest.json", "agreement.pdf", "events.jsonl", "certificates.pem",
)  # fmt: skip

_AGREEMENT = re.compile(r"[a-z2-7]{26}\Z")
_PROOF = re.compile(r"proofs/(0|[1-9][0-9]{0,18})\.tlog-proof\Z")
_PAPER = re.compile(r"papers/([0-9a-f]{64})\.(?:pdf|png|jpg)\Z")
_MANDATE = re.compile(r"mandates/([0-9a-f]{64})\.pdf\Z")
_MANIFEST_MEMBERS = {"v", "agreement", "checkpoint_size", "complete", "members"}


@dataclass(frozen=True, slots=True)
class Bundle:
    """What an evidence bundle holds.

    ``events`` ascend by index; ``proofs`` are tlog-proofs by index, all with the same signed
    checkpoint; ``certificates`` is PEM text; ``mandates`` are documents by their SHA-256 in
    hexadecimal; ``complete`` says that ``events`` has every entry up to the checkpoint.
    """

    agreement: str
    pdf: bytes
    events: tuple[BundledEvent, ...]
    proofs: Mapping[int, bytes]
    certificates: bytes
    mandates: Mapping[str, bytes]
    complete: bool = False
    papers: Mapping[str, bytes] = field(default_factory=dict)
    """Scans of signatures on paper, by their member's name ``papers/<SHA-256>.pdf``, ``.png`` or ``.jpg``."""

    @property
    def signed_checkpoint(self) -> bytes:
        """The signed checkpoint (a note, with its cosignatures) that all proofs share; not verified here."""
        return self.parsed_proof(next(iter(self.proofs))).checkpoint

    @property
    def checkpoint(self) -> Checkpoint:
        """The content of the signed checkpoint; believed only after verify_checkpoint."""
        return parse_checkpoint(parse_note(self.signed_checkpoint).text)

    @property
    def file_name(self) -> str:
        """``evidence-<agreement id>-<checkpoint size>.zip``."""
        return _file_name(self, self.checkpoint)

    def parsed_proof(self, index: int) -> Proof:
        """The proof of the entry at ``index``; raises FormatError if there is none."""
        if index not in self.proofs:
            raise _no_proof(index)
        return parse_proof(self.proofs[index])


@dataclass(frozen=True, slots=True)
class OpenBundle:
    """A bundle that was read, with what its members say; nothing of it is verified yet."""

    bundle: Bundle
    lines: tuple[EventLine, ...]
    """Of ``bundle.events``."""
    pdf_sha256: str
    """Of ``bundle.pdf``, in hexadecimal."""
    proofs: Mapping[int, Proof]
    """By index; all with this signed checkpoint:"""
    signed_checkpoint: bytes
    checkpoint: Checkpoint
    """Its content; believed only after verify_checkpoint."""

    def proof(self, index: int) -> Proof:
        """The proof of the entry at ``index``; raises FormatError if there is none."""
        if index not in self.proofs:
            raise _no_proof(index)
        return self.proofs[index]


def write_bundle(bundle: Bundle) -> bytes:
    """Write the bundle's bytes; raises FormatError where its parts do not belong together."""
    checkpoint = _check_parts(bundle, _parse_proofs(bundle.proofs))
    members = {
        PDF: bundle.pdf,
        EVENTS: format_event_lines(bundle.events),
        **{f"proofs/{index}.tlog-proof": bundle.proofs[index] for index in sorted(bundle.proofs)},
        CERTIFICATES: bundle.certificates,
        **{f"mandates/{digest}.pdf": bundle.mandates[digest] for digest in sorted(bundle.mandates)},
        **{name: bundle.papers[name] for name in sorted(bundle.papers)},
    }
    first = {README: _readme(bundle, checkpoint)}
    digests = {name: sha256_hex(data) for name, data in (first | members).items()}
    manifest = {
        "v": VERSION,
        "agreement": bundle.agreement,
        "checkpoint_size": checkpoint.size,
        "complete": bundle.complete,
        "members": digests,
    }
    return pack(first | {MANIFEST: canonical_json(manifest)} | members)


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle; raises FormatError, or VerificationError if a member is not what the manifest says."""
    return open_bundle(data).bundle


def open_bundle(data: bytes) -> OpenBundle:
    """The same, with what its events and proofs say."""
    if MANIFEST.encode() not in data:
        raise FormatError("it is a ZIP, but no evidence bundle", hint="give evidence-….zip as it was downloaded")
    members = unpack(data)
    missing = [name for name in (README, MANIFEST, PDF, EVENTS, CERTIFICATES) if name not in members]
    if missing:
        raise FormatError(f"bundle has no {missing[0]}")
    manifest = _read_manifest(members)
    proofs, mandates, papers = {}, {}, {}
    for name, content in members.items():
        if match := _PROOF.match(name):
            proofs[int(match[1])] = content
        elif match := _MANDATE.match(name):
            mandates[match[1]] = content
        elif _PAPER.match(name):
            papers[name] = content
        elif name not in (README, MANIFEST, PDF, EVENTS, CERTIFICATES):
            raise FormatError(f"bundle has a member {name[:60]!r} that it cannot have")
    lines = read_event_lines(members[EVENTS], EVENTS)
    bundle = Bundle(
        agreement=manifest["agreement"],
        pdf=members[PDF],
        events=tuple(line.item for line in lines),
        proofs=proofs,
        certificates=members[CERTIFICATES],
        mandates=mandates,
        complete=manifest["complete"],
        papers=papers,
    )
    parsed = _parse_proofs(proofs)
    checkpoint = _check_parts(bundle, parsed)
    if manifest["checkpoint_size"] != checkpoint.size or list(members) != _order(bundle):
        raise FormatError("bundle's manifest names another checkpoint, or its members are out of order")
    if members[README] != _readme(bundle, checkpoint):
        raise VerificationError(
            "README.txt in the bundle is not the text that such a bundle has", hint="do not follow what it says"
        )
    shared = next(iter(parsed.values())).checkpoint
    return OpenBundle(bundle, lines, manifest["members"][PDF], parsed, shared, checkpoint)


def _no_proof(index: int) -> FormatError:
    return FormatError(f"bundle has no proof of entry {index}")


def _parse_proofs(proofs: Mapping[int, bytes]) -> dict[int, Proof]:
    """Read proofs; the checkpoint that they share is read once."""
    parsed: dict[int, Proof] = {}
    known = b""
    for index, proof in proofs.items():
        parsed[index] = parse_proof(proof, known)
        known = parsed[index].checkpoint
    return parsed


def _readme(bundle: Bundle, checkpoint: Checkpoint) -> bytes:
    return readme(bundle.agreement, checkpoint, _file_name(bundle, checkpoint))


def _file_name(bundle: Bundle, checkpoint: Checkpoint) -> str:
    return f"evidence-{bundle.agreement}-{checkpoint.size}.zip"


def _order(bundle: Bundle) -> list[str]:
    proofs = [f"proofs/{index}.tlog-proof" for index in sorted(bundle.proofs)]
    mandates = [f"mandates/{digest}.pdf" for digest in sorted(bundle.mandates)]
    return [README, MANIFEST, PDF, EVENTS, *proofs, CERTIFICATES, *mandates, *sorted(bundle.papers)]


def _read_manifest(members: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = parse_canonical_json(members[MANIFEST])
    if not isinstance(manifest, dict) or set(manifest) != _MANIFEST_MEMBERS or not is_integer(manifest["v"], VERSION):
        raise FormatError("bundle's manifest does not have exactly the members of version 1")
    if not isinstance(manifest["agreement"], str) or not isinstance(manifest["complete"], bool):
        raise FormatError("bundle's manifest has an agreement or a flag of another type")
    digests = {name: sha256_hex(data) for name, data in members.items() if name != MANIFEST}
    for name, digest in digests.items():
        named = manifest["members"].get(name) if isinstance(manifest["members"], dict) else None
        if named != digest:
            raise VerificationError(f"{name} in the bundle is not what the manifest says")
    if manifest["members"] != digests:
        raise VerificationError("bundle lacks a member that its manifest names")
    return manifest


def _check_parts(bundle: Bundle, proofs: Mapping[int, Proof]) -> Checkpoint:
    """Raise an error unless the parts belong together; give the content of the checkpoint that the proofs share."""
    if not _AGREEMENT.match(bundle.agreement):
        raise FormatError(f"bundle's agreement {bundle.agreement[:40]!r} is no agreement's id")
    if not proofs:
        raise FormatError("bundle has no proof")
    shared = next(iter(proofs.values())).checkpoint
    checkpoint = parse_checkpoint(parse_note(shared).text)
    size = checkpoint.size
    indexes = [event.index for event in bundle.events]
    if any(later <= earlier for earlier, later in itertools.pairwise(indexes)):
        raise FormatError("bundle's events do not ascend by index")
    if any(not 0 <= index < size for index in indexes):
        raise FormatError("bundle has an event beyond its checkpoint")
    if bundle.complete and len(indexes) != size:
        raise FormatError("bundle says that it is complete but lacks entries")
    known = set(indexes)
    for index, proof in proofs.items():
        if proof.index != index or proof.checkpoint != shared or index not in known:
            raise FormatError(f"bundle's proof {index} is of another entry or another checkpoint")
    for digest, document in bundle.mandates.items():
        if sha256_hex(document) != digest:
            raise VerificationError(f"mandate {digest[:16]} in the bundle does not have its digest")
    for name, scan in bundle.papers.items():
        match = _PAPER.match(name)
        if match is None or sha256_hex(scan) != match[1]:
            raise VerificationError(f"{name[:30]} in the bundle does not have its digest")
    return checkpoint
