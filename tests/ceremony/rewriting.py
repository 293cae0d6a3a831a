"""A forger's tools: an evidence bundle with another PDF in it, and everything else made to fit."""

from __future__ import annotations

from dataclasses import replace

from signing_service.evidence.bundle import read_bundle, write_bundle


def rewrite_bundle(bundle: bytes, pdf: bytes) -> bytes:
    """The bundle with ``pdf`` in place of its own, with a manifest that says so."""
    return write_bundle(replace(read_bundle(bundle), pdf=pdf))
