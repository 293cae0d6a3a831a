"""Passwords at rest."""

from __future__ import annotations

import pytest

from signing_service.workflow.passwords import hash_password, password_matches
from tests.cast import PASSWORD


@pytest.mark.usefixtures("passwords_at_full_cost")
def test_a_password_is_hashed_with_64_mib_and_3_passes():
    hashed = hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert password_matches(PASSWORD, hashed)
    assert not password_matches(PASSWORD + " ", hashed)
