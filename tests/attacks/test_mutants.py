"""A fixed sample of the mutants; ``python -m tests.attacks.mutate`` runs them by the thousand."""

from __future__ import annotations

import random

import pytest

from signing_service.verify.trust import Trust
from tests.attacks.documents import CONTROLS, OURS, office, world
from tests.attacks.mutate import MUTATIONS, Mutant, every_byte, judge, judge_bundle, judge_pdf, mutants
from tests.verify.foreign import SIGNED_AT

SEED = 20250411


def test_400_mutants_of_a_ceremonys_pdf_are_refused():
    verify = judge_pdf(world().trust())
    failures = [judge(mutant, verify)[0] for mutant in mutants(world().pdf, 400, SEED, structural=True)]

    assert [failure for failure in failures if failure] == []


def test_100_mutants_of_its_bundle_are_refused():
    verify = judge_bundle(world().trust())
    failures = [judge(mutant, verify)[0] for mutant in mutants(world().bundle(), 100, SEED, structural=False)]

    assert [failure for failure in failures if failure] == []


@pytest.mark.parametrize("with_trust", [True, False])
def test_bytes_of_the_last_container_are_refused_with_and_without_trust(with_trust):
    verify = judge_pdf(world().trust() if with_trust else Trust())
    sample = every_byte(world().pdf, sample=0.003, seed=SEED)

    assert [failure for failure in (judge(mutant, verify)[0] for mutant in sample) if failure] == []


def test_mutants_of_foreign_documents_never_raise():
    from signing_service.verify.verifier import verify_pdf

    rng = random.Random(SEED)
    for name in (control for control in CONTROLS if control not in OURS):
        for change in MUTATIONS:
            mutant = Mutant(change(rng, CONTROLS[name]()), change.__name__)
            failure, _ = judge(mutant, lambda data: verify_pdf(data, office().trust(), SIGNED_AT, profile="pades"))

            assert not failure.startswith(("raised", "took")), f"{name}: {failure}"
