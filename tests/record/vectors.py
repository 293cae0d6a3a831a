"""Merkle probes: ours, made by the slow reference, and those of transparency-dev/merkle where they are at hand.

The public ones are looked for in the folder that SIGNING_SERVICE_VECTORS names, else in
``shared/vectors`` beside the checkout. Ours have the same shape and always run.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

from tests.record import reference

CHECKOUT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("SIGNING_SERVICE_VECTORS") or CHECKOUT.parent / "shared" / "vectors")


SIZES = (1, 2, 3, 5, 7, 8, 13)


def inclusion_probes() -> list[dict[str, Any]]:
    """Each with name, leafIdx, treeSize, leafHash, proof, root, and wantErr: whether it must be refused."""
    return _own_inclusion_probes() + _public("inclusion")


def consistency_probes() -> list[dict[str, Any]]:
    """Each with name, size1, size2, root1, root2, proof, and wantErr: whether it must be refused."""
    return _own_consistency_probes() + _public("consistency")


def decoded(text: str | None) -> bytes:
    """A probe's hash."""
    return base64.b64decode(text or "")


def decoded_proof(proof: list[str] | None) -> list[bytes]:
    """A probe's proof; the public source spells an empty one as null."""
    return [decoded(line) for line in proof or []]


def _public(kind: str) -> list[dict[str, Any]]:
    file = FOLDER / "merkle-probes.json"
    return json.loads(file.read_text())[kind] if file.is_file() else []


def _own_inclusion_probes() -> list[dict[str, Any]]:
    found = []
    for size in SIZES:
        leaves = [f"leaf {number}".encode() for number in range(size)]
        for index in {0, size // 2, size - 1}:
            good: dict[str, Any] = {
                "leafIdx": index,
                "treeSize": size,
                "leafHash": _encoded(reference.tree_hash([leaves[index]])),
                "proof": [_encoded(value) for value in reference.path(index, leaves)],
                "root": _encoded(reference.tree_hash(leaves)),
            }
            other = _encoded(reference.tree_hash([b"of another log"]))
            found += _variants(
                f"own/inclusion/{size}-{index}",
                good,
                {
                    "index-beyond": {"leafIdx": size},
                    "index-far-beyond": {"leafIdx": index + 2**32},
                    "index-negative": {"leafIdx": -1},
                    "size-zero": {"treeSize": 0},
                    "other-leaf": {"leafHash": other},
                    "other-root": {"root": other},
                    "no-root": {"root": ""},
                    "no-leaf": {"leafHash": ""},
                    "hash-appended": {"proof": [*good["proof"], other]},
                    "hash-prepended": {"proof": [other, *good["proof"]]},
                    "hash-truncated": {"proof": [*good["proof"][:-1], _encoded(bytes(31))]},
                },
            )
    return found


def _own_consistency_probes() -> list[dict[str, Any]]:
    found = []
    for new in SIZES:
        for old in {1, (new + 1) // 2, new}:
            leaves = [f"leaf {number}".encode() for number in range(new)]
            good: dict[str, Any] = {
                "size1": old,
                "size2": new,
                "root1": _encoded(reference.tree_hash(leaves[:old])),
                "root2": _encoded(reference.tree_hash(leaves)),
                "proof": [_encoded(value) for value in reference.subproof(old, leaves, True)],
            }
            other = _encoded(reference.tree_hash([b"of another log"]))
            found += _variants(
                f"own/consistency/{old}-{new}",
                good,
                {
                    "from-nothing": {"size1": 0},
                    "backwards": {"size1": new + 1},
                    "other-old-root": {"root1": other},
                    "other-new-root": {"root2": other},
                    "no-roots": {"root1": "", "root2": ""},
                    "hash-appended": {"proof": [*good["proof"], other]},
                    "hash-prepended": {"proof": [other, *good["proof"]]},
                },
            )
    return found


def _variants(name: str, good: dict[str, Any], bad: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    happy = good | {"name": f"{name}/happy-path", "wantErr": False}
    return [happy] + [good | change | {"name": f"{name}/{what}", "wantErr": True} for what, change in bad.items()]


def _encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()
