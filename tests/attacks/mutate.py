"""Mutants: documents and bundles changed at random; none may pass, raise, or cost more than its share.

    python -m tests.attacks.mutate --pdfs 10000 --bundles 5000 --seed 1
    python -m tests.attacks.mutate --every-byte          # each byte of the last container, three changes each

Half of the changes hit one bit or byte; the others swap, repeat, cut out or append blocks, edit objects through
pikepdf, or rewrite numbers. ``make torture`` verifies them in batches
(torture/mutants.py), ``make test`` a sample with a fixed seed.
"""

from __future__ import annotations

import argparse
import io
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pikepdf

from signing_service.errors import SigningServiceError
from signing_service.verify.report import Report
from signing_service.verify.trust import Trust
from signing_service.verify.verdict import Verdict
from signing_service.verify.verifier import verify_bundle, verify_pdf
from tests.attacks.documents import world
from tests.attacks.editing import contents_span
from tests.verify.world import LATER

MAX_SECONDS = 5.0
MAX_MEGABYTES = 512
MUTATIONS: list[Callable[[random.Random, bytes], bytes]] = []


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed file, and how it was changed."""

    data: bytes
    how: str


def mutation(function: Callable[[random.Random, bytes], bytes]) -> Callable[[random.Random, bytes], bytes]:
    """Register a way of changing bytes."""
    MUTATIONS.append(function)
    return function


@mutation
def flip_a_bit(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


@mutation
def set_a_byte(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]


@mutation
def flip_a_bit_near_the_end(rng: random.Random, data: bytes) -> bytes:
    at = len(data) - 1 - rng.randrange(min(len(data), 20_000))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


@mutation
def swap_two_blocks(rng: random.Random, data: bytes) -> bytes:
    size = rng.choice((1, 2, 20, 64, 512))
    first, second = sorted(rng.randrange(len(data) - size) for _ in range(2))
    if first + size > second:
        return flip_a_bit(rng, data)
    return (
        data[:first]
        + data[second : second + size]
        + data[first + size : second]
        + data[first : first + size]
        + data[second + size :]
    )


@mutation
def cut_out_a_block(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 2, 7, 100, 5000))
    return data[:at] + data[at + size :]


@mutation
def repeat_a_block(rng: random.Random, data: bytes) -> bytes:
    at, size = rng.randrange(len(data)), rng.choice((1, 2, 7, 100, 5000))
    return data[: at + size] + data[at : at + size] + data[at + size :]


@mutation
def cut_the_end_off(rng: random.Random, data: bytes) -> bytes:
    kept = data[: rng.randrange(len(data))]
    return kept[:-1] if kept.endswith(b"%%EOF\n") else kept  # one that ends with a revision is an honest earlier file


@mutation
def append_bytes(rng: random.Random, data: bytes) -> bytes:
    tails = (b"\n", b" ", b"\x00", b"%%EOF\n", b"% comment\n", data[-rng.randrange(1, 2000) :], rng.randbytes(50))
    return data + rng.choice(tails)


@mutation
def rewrite_a_number(rng: random.Random, data: bytes) -> bytes:
    digits = [at for at in range(rng.randrange(len(data)), len(data)) if data[at : at + 1].isdigit()][:200]
    if not digits:
        return flip_a_bit(rng, data)
    at = rng.choice(digits)
    return data[:at] + b"%d" % rng.randrange(10) + data[at + 1 :]


def edit_an_object(rng: random.Random, data: bytes) -> bytes:
    """Change one object through pikepdf and save the whole document anew."""
    with pikepdf.open(io.BytesIO(data)) as pdf:
        objects = [item for item in pdf.objects if isinstance(item, pikepdf.Dictionary | pikepdf.Stream)]
        chosen = rng.choice(objects)
        keys = list(chosen.keys())
        if keys and rng.random() < 0.5:
            del chosen[rng.choice(keys)]
        else:
            chosen[pikepdf.Name("/Mutant")] = rng.randrange(1000)
        out = io.BytesIO()
        pdf.save(out, linearize=rng.random() < 0.2)
    return out.getvalue()


def mutants(data: bytes, count: int, seed: int | str, *, structural: bool) -> Iterator[Mutant]:
    """Give ``count`` different changes of ``data``; the same for the same seed."""
    rng = random.Random(seed)
    given = 0
    while given < count:
        change = edit_an_object if structural and rng.random() < 0.1 else rng.choice(MUTATIONS)
        try:
            mutant = change(rng, data)
        except (pikepdf.PdfError, KeyError, ValueError):  # what pikepdf will not write
            continue
        if mutant != data:
            given += 1
            yield Mutant(mutant, change.__name__.replace("_", " "))


def every_byte(data: bytes, sample: float = 1.0, seed: int = 1) -> Iterator[Mutant]:
    """Change each byte of the last container, and of everything after it, in three ways; or a sample of them."""
    start, _ = contents_span(data)
    rng = random.Random(seed)
    for at in range(start, len(data)):
        for changed in sorted({data[at] ^ 1, data[at] ^ 0x20, (data[at] + 1) % 256} - {data[at]}):
            if rng.random() < sample:
                yield Mutant(data[:at] + bytes([changed]) + data[at + 1 :], f"byte {at} set to {changed:02x}")


def judge(mutant: Mutant, verify: Callable[[bytes], Report]) -> tuple[str, float]:
    """Verify a mutant; give what went wrong, or an empty text, and the seconds that it took."""
    started = time.perf_counter()
    try:
        report = verify(mutant.data)
    except SigningServiceError as error:
        return f"raised {type(error).__name__}: {mutant.how}", time.perf_counter() - started
    except Exception as error:  # the very thing that is looked for
        return f"raised {type(error).__name__} ({error}): {mutant.how}", time.perf_counter() - started
    spent = time.perf_counter() - started
    if report.verdict is not Verdict.FAILED:
        return f"{report.verdict.value}: {mutant.how}", spent
    return (f"took {spent:.1f} s: {mutant.how}" if spent > MAX_SECONDS else ""), spent


def judge_pdf(trust: Trust) -> Callable[[bytes], Report]:
    """Verify as a PDF alone; an intact one is INDETERMINATE, so a mutant must be FAILED."""
    return lambda data: verify_pdf(data, trust, LATER)


def judge_bundle(trust: Trust) -> Callable[[bytes], Report]:
    """Verify as a bundle."""
    return lambda data: verify_bundle(data, trust, LATER)


def main() -> int:
    """Run the numbers that the command line asks for; exit code 1 if a single mutant was not refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pdfs", type=int, default=10_000)
    parser.add_argument("--bundles", type=int, default=5_000)
    parser.add_argument("--seed", default="1", help="any text; the same text gives the same mutants")
    parser.add_argument("--every-byte", action="store_true")
    options = parser.parse_args()
    held = world()
    runs: list[tuple[str, Iterator[Mutant], Callable[[bytes], Report]]] = [
        ("PDFs", mutants(held.pdf, options.pdfs, options.seed, structural=True), judge_pdf(held.trust())),
        (
            "bundles",
            mutants(held.bundle(), options.bundles, options.seed, structural=False),
            judge_bundle(held.trust()),
        ),
    ]
    if options.every_byte:
        runs.append(("bytes of the last container", every_byte(held.pdf), judge_pdf(Trust())))
    failures = [failure for name, made, verify in runs for failure in _run(name, made, verify, options.seed)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MB (limit {MAX_MEGABYTES})")
    return 1 if failures or peak > MAX_MEGABYTES else 0


def _run(name: str, made: Iterator[Mutant], verify: Callable[[bytes], Report], seed: str) -> list[str]:
    started, slowest, count, failures = time.perf_counter(), 0.0, 0, []
    for mutant in made:
        failure, spent = judge(mutant, verify)
        slowest, count = max(slowest, spent), count + 1
        failures += [failure] if failure else []
    total = time.perf_counter() - started
    print(f"{count} {name}, seed {seed}: {len(failures)} not refused, {total:.0f} s, slowest {slowest:.2f} s")
    for failure, times in Counter(failures).most_common(20):
        print(f"  {times} × {failure}")
    return failures


if __name__ == "__main__":
    sys.exit(main())
