"""The fuzzing targets accept their seeds and whatever else comes, without any error of their own."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.attacks.fuzz import TARGETS, write_seeds
from tests.attacks.mutate import MUTATIONS


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=200))
def test_a_target_takes_anything(target, data):
    TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_takes_its_seeds_and_their_mutants(target, tmp_path):
    write_seeds(tmp_path)
    rng = random.Random(1)
    for path in sorted(tmp_path.iterdir()):
        data = path.read_bytes()
        TARGETS[target](data)
        for change in MUTATIONS if len(data) > 2000 else ():
            TARGETS[target](change(rng, data))
