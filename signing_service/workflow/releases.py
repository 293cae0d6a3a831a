"""Releases: which version of the service, with which browser code, served from when on — an event for each change.

A server that hands out altered JavaScript has either recorded its hash, or serves what the record does not know.
"""

from __future__ import annotations

from pathlib import Path

from signing_service import __version__, resources
from signing_service.encoding import parse_canonical_json, sha256_hex
from signing_service.record.entry import SERVICE_SCOPE
from signing_service.store import ledger, openings
from signing_service.workflow.service import Service


def asset_digests(folder: Path | None = None) -> dict[str, str]:
    """SHA-256 of every file that pages load, by its path below ``static/``."""
    folder = folder or resources.static()
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_hex(path.read_bytes()) for path in sorted(files)}


def record_release(service: Service, assets: dict[str, str]) -> bool:
    """Record version and assets unless the newest release event says the same; return whether it was recorded."""
    members = {"version": __version__, "assets": assets}
    with service.database.begin() as session:
        known = openings.of_type(session, SERVICE_SCOPE, "release")
        if known and known[-1].event is not None:
            newest = parse_canonical_json(known[-1].event)
            if {name: newest[name] for name in members} == members:
                return False
        ledger.append(session, SERVICE_SCOPE, "release", members, service.clock())
    service.publish()
    return True
