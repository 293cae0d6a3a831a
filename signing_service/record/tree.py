"""The Merkle tree of RFC 6962 section 2.1 over plain bytes: roots, frontiers, proofs.

Nothing here stores or fetches anything. A caller that has the hashes of complete subtrees gives them
through ``read_hash(level, index)``: the hash over leaves ``index * 2**level`` up to, not including,
``(index + 1) * 2**level``. ::

    >>> leaves = [leaf_hash(name) for name in (b"Nanjing", b"Minsk", b"Vientiane")]
    >>> frontier = Frontier().extend(leaves)
    >>> frontier.root() == root_of(leaves)
    True
    >>> proof = inclusion_proof(2, 3, lambda level, index: root_of(leaves[index << level : index + 1 << level]))
    >>> verify_inclusion(2, 3, leaves[2], proof, frontier.root())

``verify_*`` raise :class:`RecordError` and return nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from signing_service.errors import RecordError

HASH_SIZE = 32  # bytes, SHA-256
MAX_TREE_SIZE = 2**63 - 1  # leaves; what a signed 64-bit integer of any database holds
MAX_PROOF_HASHES = 64  # a consistency proof in a tree of 2^63 leaves has no more

LEAF_PREFIX = b"\x00"  # RFC 6962 section 2.1
NODE_PREFIX = b"\x01"
EMPTY_ROOT = sha256(b"").digest()

ReadHash = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Subtree:
    """A complete subtree of 2^level leaves, the index-th of its level, and its hash."""

    level: int
    index: int
    hash: bytes


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf that holds ``data``: SHA-256(00 ‖ data)."""
    return sha256(LEAF_PREFIX + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(01 ‖ left ‖ right)."""
    return sha256(NODE_PREFIX + left + right).digest()


def root_of(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root (MTH) of the tree over ``leaf_hashes``; EMPTY_ROOT if there are none."""
    if not leaf_hashes:
        return EMPTY_ROOT
    level = list(leaf_hashes)
    while len(level) > 1:
        level = next_level(level)
    return level[0]


def next_level(hashes: list[bytes]) -> list[bytes]:
    """Hash neighbours together; an odd last one moves up unchanged, as RFC 6962's split has it."""
    pairs = iter(hashes)
    parents = [sha256(NODE_PREFIX + left + right).digest() for left, right in zip(pairs, pairs, strict=False)]
    if len(hashes) & 1:
        parents.append(hashes[-1])
    return parents


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that appending needs: the tree's size and the hashes of its complete subtrees.

    ``hashes`` runs from the largest, leftmost subtree to the smallest: one for each 1 in the binary
    spelling of ``size``.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_TREE_SIZE or len(self.hashes) != self.size.bit_count():
            raise RecordError(f"a frontier of size {self.size} cannot have {len(self.hashes)} hashes")
        if any(len(value) != HASH_SIZE for value in self.hashes):
            raise RecordError("a frontier's hash does not have 32 bytes")

    @classmethod
    def read(cls, size: int, read_hash: ReadHash) -> Frontier:
        """The frontier of the tree of ``size`` leaves whose complete subtrees ``read_hash`` gives."""
        levels = [level for level in reversed(range(size.bit_length())) if size >> level & 1]
        return cls(size, tuple(read_hash(level, (size >> level) - 1) for level in levels))

    def append(self, leaf: bytes) -> Frontier:
        """The frontier with one more leaf, given by its leaf hash."""
        return self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes]) -> Frontier:
        """The frontier with more leaves, given by their leaf hashes in order."""
        size, hashes = self.size, list(self.hashes)
        for leaf in leaves:
            node, remaining = leaf, size
            while remaining & 1:
                node = sha256(NODE_PREFIX + hashes.pop() + node).digest()
                remaining >>= 1
            hashes.append(node)
            size += 1
        return Frontier(size, tuple(hashes))

    def completed_by(self, leaf: bytes) -> tuple[Subtree, ...]:
        """The complete subtrees, smallest first, that appending ``leaf`` makes; what a store keeps."""
        completed = [Subtree(0, self.size, leaf)]
        stack = list(self.hashes)
        while self.size >> completed[-1].level & 1:
            right = completed[-1]
            completed.append(Subtree(right.level + 1, right.index >> 1, node_hash(stack.pop(), right.hash)))
        return tuple(completed)

    def root(self) -> bytes:
        """The root of the tree."""
        if not self.hashes:
            return EMPTY_ROOT
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node


def inclusion_proof(index: int, size: int, read_hash: ReadHash) -> list[bytes]:
    """The audit path (RFC 6962 section 2.1.1) of leaf ``index`` in the tree of ``size`` leaves.

    Requires 0 <= index < size, else RecordError.
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise RecordError(f"there is no leaf {index} in a tree of {size}")
    return _path(0, index, size, read_hash)


def consistency_proof(old_size: int, new_size: int, read_hash: ReadHash) -> list[bytes]:
    """The proof (RFC 6962 section 2.1.2) that the tree of ``old_size`` is a prefix of that of ``new_size``.

    Requires 1 <= old_size <= new_size, else RecordError; empty when the sizes are equal.
    """
    if not 1 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise RecordError(f"there is no consistency proof from size {old_size} to size {new_size}")
    if old_size == new_size:
        return []
    # The smallest complete subtree at the right edge of the old tree is a node of both trees.
    level = _trailing_zeros(old_size)
    index = (old_size >> level) - 1
    seed = [] if index == 0 else [read_hash(level, index)]
    return seed + _path(level, index, new_size, read_hash)


def _path(level: int, index: int, size: int, read_hash: ReadHash) -> list[bytes]:
    """The siblings from a complete subtree that ends before ``size`` (or is its last leaf) to the root."""
    path = []
    last = size - 1 >> level
    while last:
        sibling = index ^ 1
        if sibling < last:
            path.append(read_hash(level, sibling))
        elif sibling == last:
            path.append(_ragged_root(level, sibling, size, read_hash))
        level, index, last = level + 1, index >> 1, last >> 1
    return path


def _ragged_root(level: int, index: int, size: int, read_hash: ReadHash) -> bytes:
    """The hash over the leaves from ``index * 2**level`` to the end of the tree, at most 2^level of them."""
    if (index + 1) << level <= size:
        return read_hash(level, index)
    start = index << level
    rest = Frontier.read(size - start, lambda depth, position: read_hash(depth, (start >> depth) + position))
    return rest.root()


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> None:
    """Raise RecordError unless ``proof`` shows the leaf hash ``leaf`` at ``index`` under ``root``.

    ``size`` must come from the very checkpoint that ``root`` comes from (RFC 9162 section 2.1.3.2).
    """
    if not 0 <= index < size <= MAX_TREE_SIZE:
        raise RecordError(f"there is no leaf {index} in a tree of {size}")
    _require_hashes(leaf, root, *proof)
    inner = (index ^ (size - 1)).bit_length()
    expected = inner + (index >> inner).bit_count()
    if len(proof) != expected:
        raise RecordError(f"inclusion proof has {len(proof)} hashes where {expected} are needed")
    if _climb(leaf, index, inner, proof) != root:
        raise RecordError(f"inclusion proof of leaf {index} does not lead to the root of size {size}")


def _climb(node: bytes, index: int, inner: int, proof: Sequence[bytes]) -> bytes:
    """Fold ``proof`` onto ``node``: left or right by the index for ``inner`` levels, then left siblings only."""
    for level, sibling in enumerate(proof):
        if level >= inner or index >> level & 1:
            node = sha256(NODE_PREFIX + sibling + node).digest()
        else:
            node = sha256(NODE_PREFIX + node + sibling).digest()
    return node


def verify_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise RecordError unless ``proof`` shows that the new tree begins with the old one.

    Requires 1 <= old_size <= new_size: every tree begins with the empty one, so that a proof from
    size 0 proves nothing and is refused (RFC 9162 section 2.1.4.2).
    """
    if not 1 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise RecordError(f"there is no consistency proof from size {old_size} to size {new_size}")
    _require_hashes(old_root, new_root, *proof)
    if old_size == new_size:
        if proof:
            raise RecordError("consistency proof between equal sizes is not empty")
        if old_root != new_root:
            raise RecordError(f"two different roots for size {old_size}", hint="the history was forked; keep both")
        return
    _verify_growth(old_size, new_size, old_root, new_root, list(proof))


def _verify_growth(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: list[bytes]) -> None:
    level = _trailing_zeros(old_size)
    index = (old_size >> level) - 1
    if index == 0:  # the old tree is itself one complete subtree of the new one
        proof.insert(0, old_root)
    inner = (index ^ (new_size - 1 >> level)).bit_length()
    expected = 1 + inner + (index >> inner).bit_count()
    if len(proof) != expected:
        raise RecordError(f"consistency proof from size {old_size} to size {new_size} has the wrong length")
    seed, path = proof[0], proof[1:]
    left = [sibling for depth, sibling in enumerate(path) if depth >= inner or index >> depth & 1]
    if _climb(seed, 0, 0, left) != old_root:
        raise RecordError(f"consistency proof does not lead to the old root of size {old_size}")
    if _climb(seed, index, inner, path) != new_root:
        raise RecordError(f"consistency proof does not lead to the new root of size {new_size}")


def _require_hashes(*hashes: bytes) -> None:
    if len(hashes) > MAX_PROOF_HASHES + 2 or any(len(value) != HASH_SIZE for value in hashes):
        raise RecordError("a root or proof hash does not have 32 bytes, or the proof has too many")


def _trailing_zeros(number: int) -> int:
    return (number & -number).bit_length() - 1
