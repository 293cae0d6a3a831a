"""A party's monitor: follow log and feed, open every entry of one's agreements, and say what does not fit.

It reads no network and no file itself; what it remembers is small, and is given back to be kept::

    seen, state = follow(state, fetch, feed, RecordKeys(log_key), {agreement_id}, party="njupt")
    for item in seen:
        print(item.index, item.text)

``fetch(path)`` reads the log as in :mod:`signing_service.record.sources`, ``feed(agreement, start)`` a page of the
feed (docs/formats.md, 12). What is raised as RecordError is an alarm; then the state stays as it was. ForkError is the
gravest: the log signed two histories; RetiredKeyError says that an old key signs on. UnavailableError says nothing
either way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from signing_service.encoding import canonical_json, from_hex, parse_canonical_json
from signing_service.errors import ForkError, FormatError, NotFoundError, RecordError
from signing_service.evidence.event_lines import BundledEvent, parse_event_lines
from signing_service.evidence.record_keys import RecordKeys
from signing_service.evidence.sightings import Sighting, describe
from signing_service.record.checkpoint import Checkpoint
from signing_service.record.entry import Entry, entry_digest, is_integer, parse_entry, verify_opening
from signing_service.record.scopes import is_own_entry
from signing_service.record.tiles import TILE_WIDTH, Fetch, Tile, decode_entries, hash_reader, tiles_at_level
from signing_service.record.tree import Frontier, consistency_proof, leaf_hash, verify_consistency

VERSION = 1
MAX_PAGES = 100_000  # of one feed, in one round
EVIDENCE = frozenset(
    {
        "mandate", "enrolment", "confirmation", "revocation", "issuance", "signature", "countersignature", "paper",
        "publication", "extension",
    }
)  # fmt: skip
"""Types of event that prove signatures: erased before it was seen, one could hide what happened."""

Feed = Callable[[str, int], bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """Where an agreement's chain of entries stands: the next sequence, and the digest of the last entry."""

    sequence: int = 0
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class MonitorState:
    """What a monitor remembers: the last checkpoint that it verified, its tree's frontier, its agreements' chains."""

    checkpoint: bytes = b""
    frontier: Frontier = field(default_factory=Frontier)
    heads: Mapping[str, Head] = field(default_factory=dict)


def format_state(state: MonitorState) -> bytes:
    """Write a state as canonical JSON."""
    heads = {
        name: {"sequence": head.sequence, "digest": None if head.digest is None else head.digest.hex()}
        for name, head in state.heads.items()
    }
    frontier = [value.hex() for value in state.frontier.hashes]
    checkpoint = state.checkpoint.decode()
    return canonical_json({"v": VERSION, "checkpoint": checkpoint, "frontier": frontier, "agreements": heads}) + b"\n"


def parse_state(data: bytes, keys: RecordKeys) -> MonitorState:
    """Read a state; raises FormatError or RecordError unless it is one of this log, whole and unchanged."""
    members = parse_canonical_json(data.removesuffix(b"\n"))
    if not isinstance(members, dict) or set(members) != {"v", "checkpoint", "frontier", "agreements"}:
        raise FormatError("monitor's state does not have exactly the members of version 1")
    if not is_integer(members["v"], VERSION) or not isinstance(members["checkpoint"], str):
        raise FormatError("monitor's state has another version, or no checkpoint")
    checkpoint = members["checkpoint"].encode()
    seen = keys.verify(checkpoint)
    if not isinstance(members["frontier"], list) or not isinstance(members["agreements"], dict):
        raise FormatError("monitor's state has no frontier, or no agreements")
    frontier = Frontier(seen.size, tuple(from_hex(value, 32) for value in members["frontier"]))
    if frontier.root() != seen.root:
        raise FormatError("monitor's state does not fit together")
    heads = {name: _parse_head(name, head) for name, head in members["agreements"].items()}
    return MonitorState(checkpoint, frontier, heads)


def _parse_head(name: str, head: object) -> Head:
    if not isinstance(head, dict) or set(head) != {"sequence", "digest"} or not is_integer(head["sequence"]):
        raise FormatError(f"monitor's state has no sequence and digest of {name[:30]}")
    return Head(head["sequence"], None if head["digest"] is None else from_hex(head["digest"], 32))


def follow(
    state: MonitorState,
    fetch: Fetch,
    feed: Feed,
    keys: RecordKeys,
    agreements: Collection[str],
    *,
    party: str,
    accepted: Collection[int] = (),
) -> tuple[list[Sighting], MonitorState]:
    """One round: what is new and concerns the party, and the state to keep.

    1. The log's checkpoint is signed by the key that it had at this size, and is neither smaller than the saved one
       nor another of its size.
    2. The new entries, appended to what was verified before, make exactly the checkpoint's root.
    3. Each agreement's entries follow each other: no sequence twice, none left out.
    4. The feed opens every new entry of each agreement; only an ``erased`` event excuses a gap, and for what proves
       signatures not even that, unless its index is among ``accepted``.
    """
    # (1)
    note = fetch("checkpoint")
    checkpoint = keys.verify(note)
    _check_earlier(state, checkpoint, keys)
    # (2)
    known = state
    if not set(agreements) <= set(state.heads):  # a new agreement: from the beginning, but of no other log
        known = MonitorState()
        _check_growth(state, checkpoint, fetch)
    entries, frontier = _read_entries(known, state, checkpoint, fetch, agreements)
    # (3)
    heads = {name: _follow_chain(name, known.heads.get(name, Head()), entries[name]) for name in agreements}
    # (4)
    seen: list[Sighting] = []
    for name in agreements:
        fresh = entries[name] if name not in state.heads else _from(entries[name], state.frontier.size)
        seen += _open(name, fresh, feed, party, accepted)
    return sorted(seen, key=lambda item: item.index), MonitorState(note, frontier, heads)


def _from(entries: Mapping[int, bytes], start: int) -> dict[int, bytes]:
    return {index: entry for index, entry in entries.items() if index >= start}


def _check_earlier(state: MonitorState, checkpoint: Checkpoint, keys: RecordKeys) -> None:
    if not state.checkpoint:
        return
    earlier = keys.verify(state.checkpoint)
    if checkpoint.size < earlier.size:
        raise ForkError(
            f"the log was rolled back: its checkpoint has size {checkpoint.size}, an earlier one had {earlier.size}",
            hint="both are signed by the log: keep them, and tell the other parties",
        )
    if checkpoint.size == earlier.size and checkpoint.root != earlier.root:
        raise ForkError(
            f"the log was forked: it signed two roots for size {checkpoint.size}",
            hint="both checkpoints are proof of it: keep them, and tell the other parties",
        )


def _read_entries(
    known: MonitorState, state: MonitorState, checkpoint: Checkpoint, fetch: Fetch, agreements: Collection[str]
) -> tuple[dict[str, dict[int, bytes]], Frontier]:
    """The agreements' entries from the known tree on, by index, and the frontier, which is the checkpoint's."""
    wanted = {b'"scope":"%s"' % name.encode(): name for name in agreements}
    found: dict[str, dict[int, bytes]] = {name: {} for name in agreements}
    frontier = known.frontier
    for start, entries in _bundles(fetch, known.frontier.size, checkpoint.size):
        for index, entry in enumerate(entries, start):
            if not is_own_entry(entry):
                raise RecordError(f"entry {index} of the log is not an entry of this service")
            name = next((name for scope, name in wanted.items() if scope in entry), None)
            if name is not None:
                found[name][index] = entry
        frontier = frontier.extend([leaf_hash(entry) for entry in entries])
    if frontier.root() != checkpoint.root:
        _check_growth(state, checkpoint, fetch)
        raise RecordError(f"the log's entries do not make the root of its checkpoint of size {checkpoint.size}")
    return found, frontier


def _bundles(fetch: Fetch, start: int, size: int) -> Iterator[tuple[int, list[bytes]]]:
    """The entries from ``start`` on, a bundle at a time, each with the index of its first."""
    if start == size:
        return
    for tile in tiles_at_level(None, size, start // TILE_WIDTH):
        first = tile.index * TILE_WIDTH
        entries = decode_entries(*_fetch_bundle(fetch, tile))[: tile.width]
        skipped = max(start - first, 0)
        yield first + skipped, entries[skipped:]


def _fetch_bundle(fetch: Fetch, tile: Tile) -> tuple[bytes, int]:
    """A bundle's bytes and width; the full one where a partial one is gone, as tlog-tiles allows."""
    try:
        return fetch(tile.path), tile.width
    except NotFoundError:
        full = replace(tile, width=TILE_WIDTH)
        try:
            return fetch(full.path), TILE_WIDTH
        except NotFoundError as error:
            raise RecordError(f"the log does not serve {tile.path}, which its checkpoint promises") from error


def _check_growth(state: MonitorState, checkpoint: Checkpoint, fetch: Fetch) -> None:
    """Raise ForkError unless the log's own tiles prove that it grew from the saved checkpoint."""
    size = state.frontier.size
    if not size:
        return
    try:
        proof = consistency_proof(size, checkpoint.size, hash_reader(checkpoint.size, fetch))
        verify_consistency(size, checkpoint.size, state.frontier.root(), checkpoint.root, proof)
    except (RecordError, FormatError, NotFoundError) as error:
        raise ForkError(
            f"the log was forked: its checkpoint of size {checkpoint.size} does not grow from the one of size {size}",
            hint="both checkpoints are signed by the log: keep them, and tell the other parties",
        ) from error


def _follow_chain(name: str, head: Head, entries: Mapping[int, bytes]) -> Head:
    for index, data in entries.items():
        entry = parse_entry(data)
        if entry.sequence < head.sequence:
            raise RecordError(
                f"entry {index}: sequence {entry.sequence} of {name} appears twice: two histories of one agreement",
                hint="keep what the feed shows, and tell the other parties",
            )
        if entry.sequence > head.sequence:
            raise RecordError(f"entry {index}: sequence {entry.sequence} of {name} follows a gap")
        if entry.previous != head.digest:
            raise RecordError(f"entry {index}: sequence {entry.sequence} of {name} does not name its predecessor")
        head = Head(head.sequence + 1, entry_digest(data))
    return head


def _open(
    name: str, entries: Mapping[int, bytes], feed: Feed, party: str, accepted: Collection[int]
) -> list[Sighting]:
    """Open an agreement's new entries by its feed; what concerns the party, described."""
    if not entries:
        return []
    lines = _read_feed(name, entries, feed)
    for index, entry in entries.items():
        if index not in lines or lines[index].entry != entry:
            raise RecordError(f"the feed of {name} withholds entry {index}, or shows another than the log holds")
    erased = _erased(lines.values())
    seen: list[Sighting] = []
    for index, data in entries.items():
        line = lines[index]
        if line.event is not None and line.salt is not None:
            verify_opening(data, line.event, line.salt)
            seen += describe(index, parse_canonical_json(line.event), party)
        else:
            seen.append(_excused(index, parse_entry(data), erased, accepted))
    return seen


def _excused(index: int, entry: Entry, erased: Collection[int], accepted: Collection[int]) -> Sighting:
    """An entry that is not opened, if it may be so."""
    what = f"entry {index} ({entry.type}, sequence {entry.sequence} of {entry.scope})"
    if entry.sequence not in erased:
        raise RecordError(f"the opening of {what} is withheld", hint="ask the secretariat what it holds, and why")
    if entry.type in EVIDENCE and index not in accepted:
        raise RecordError(
            f"{what} was erased before it was seen here",
            hint=f"such events are kept while anybody has signed; once you know why: --accept-erased {index}",
        )
    return Sighting(index, entry.time, entry.type, False, "erased, and not seen here before")


def _erased(lines: Collection[BundledEvent]) -> set[int]:
    events = (parse_canonical_json(line.event) for line in lines if line.event is not None)
    return {event["erased"] for event in events if event["type"] == "erased"}


def _read_feed(name: str, entries: Mapping[int, bytes], feed: Feed) -> dict[int, BundledEvent]:
    """The feed's lines from the first of ``entries`` to the last; raises RecordError where it is closed to us."""
    start, last = min(entries), max(entries)
    lines: dict[int, BundledEvent] = {}
    for _ in range(MAX_PAGES):
        try:
            data = feed(name, start)
        except NotFoundError as error:
            raise RecordError(
                f"the feed of {name} does not open to this token, while the log has {len(entries)} new entries of it",
                hint="the token was revoked, or openings are withheld: ask the secretariat",
            ) from error
        page = parse_event_lines(data, f"feed of {name}") if data else ()
        if not page or min(line.index for line in page) < start:
            break
        lines |= {line.index: line for line in page if line.index <= last}
        start = max(line.index for line in page) + 1
        if start > last:
            break
    return lines
