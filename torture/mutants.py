"""Mutants in batches: PDFs and bundles changed at random, of which the verifier may pass none and trip over none.

The changes and their judges are those of tests/attacks/mutate.py; a batch is what one process does at once. The seed
and the batch's number make its mutants, so that a run that was interrupted goes on with the next batch::

    found = verify_mutants("seed", 7)
"""

from __future__ import annotations

import resource

from tests.attacks.documents import world
from tests.attacks.mutate import MAX_MEGABYTES, judge, judge_bundle, judge_pdf, mutants
from torture.findings import Findings

PDFS, BUNDLES = 100, 50  # a batch


def verify_mutants(seed: str, number: int) -> Findings:
    """Verify the batch of that number; each mutant that is not refused as one is a complaint."""
    held, found, own, before = world(), Findings(), f"{seed} {number}", _peak()
    runs = {
        "PDF": (mutants(held.pdf, PDFS, own, structural=True), judge_pdf(held.trust())),
        "bundle": (mutants(held.bundle(), BUNDLES, own, structural=False), judge_bundle(held.trust())),
    }
    for name, (made, verify) in runs.items():
        for mutant in made:
            failure, _ = judge(mutant, verify)
            found.mutants += 1
            if failure:
                found.let_through += 1
                found.complaints.append(f"a mutated {name} of batch {own}: {failure}")
    peak = _peak()
    if peak > max(MAX_MEGABYTES, before):  # what the process did before is not the verifier's
        found.complaints.append(f"verifying mutants took {peak:.0f} MB, which is more than {MAX_MEGABYTES}")
    return found


def _peak() -> float:
    """The most memory that this process has held so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
