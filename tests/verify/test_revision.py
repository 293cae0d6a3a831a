"""The service's own check of a fresh revision on its known-good prefix."""

from __future__ import annotations

from dataclasses import replace

import pytest

from signing_service.errors import VerificationError
from signing_service.verify.revision import verify_last_revision
from tests.cast import ALES, HOA, LIN, NOON, SOMCHAI, Person
from tests.pdf.sealed_document import Ceremony, keystore_in_memory
from tests.verify.world import LATER, World


@pytest.fixture(scope="module")
def world() -> World:
    return World(Ceremony.held(people=(LIN, SOMCHAI)))


def test_each_revision_of_a_ceremony_is_accepted_on_the_one_before_it(world):
    previous, kinds = b"", []
    for revision in world.ceremony.revisions:
        kinds.append(verify_last_revision(previous, revision, trust=world.trust_file(), at=LATER).kind)
        previous = revision

    assert kinds == ["seal", "signature", "signature", "countersignature", "archive"]


@pytest.mark.parametrize("number", range(5))
def test_a_changed_byte_in_the_new_revision_is_refused(world, number):
    previous = world.ceremony.revisions[number - 1] if number else b""
    current = bytearray(world.ceremony.revisions[number])
    for back in (5, 60, 500, 9000):
        changed = current.copy()
        changed[-back] ^= 1

        with pytest.raises(VerificationError):
            verify_last_revision(previous, bytes(changed), trust=world.trust_file(), at=LATER)


def test_a_revision_on_another_prefix_is_refused(world):
    other = World(Ceremony.published(people=(LIN, SOMCHAI)))

    with pytest.raises(VerificationError, match="does not begin with the newest stored one"):
        verify_last_revision(other.pdf, world.ceremony.revisions[1], trust=world.trust_file(), at=LATER)


def test_two_revisions_at_once_are_refused(world):
    revisions = world.ceremony.revisions

    with pytest.raises(VerificationError):
        verify_last_revision(revisions[0], revisions[2], trust=world.trust_file(), at=LATER)
    with pytest.raises(VerificationError):
        verify_last_revision(b"", revisions[1], trust=world.trust_file(), at=LATER)


def test_nothing_new_is_refused(world):
    with pytest.raises(VerificationError):
        verify_last_revision(world.pdf, world.pdf, trust=world.trust_file(), at=LATER)


def test_a_field_that_is_filled_already_is_refused():
    ceremony = Ceremony.published(people=(LIN, SOMCHAI))
    ceremony.sign(LIN)
    previous = ceremony.pdf
    ceremony.sign(LIN)

    with pytest.raises(VerificationError, match="a second time"):
        verify_last_revision(previous, ceremony.pdf, trust=World(ceremony).trust_file(), at=LATER)


def sign_checked(ceremony: Ceremony, *people: Person) -> Ceremony:
    """Each signature is checked on what stood before it, as the service does."""
    for person in people:
        previous = ceremony.pdf
        ceremony.sign(person)
        verify_last_revision(previous, ceremony.pdf, trust=World(ceremony).trust_file(), at=LATER)
    return ceremony


def branch(ceremony: Ceremony) -> Ceremony:
    """Another history of the same agreement, from here on."""
    return replace(ceremony, revisions=list(ceremony.revisions), acts=list(ceremony.acts))


def test_a_field_that_was_filled_before_others_were_looked_through_is_refused():
    ceremony = sign_checked(Ceremony.published(people=(LIN, SOMCHAI, ALES)), LIN, SOMCHAI, ALES)

    with pytest.raises(VerificationError, match="a second time"):
        sign_checked(ceremony, LIN)


def test_what_was_looked_through_says_nothing_of_another_history_of_the_agreement():
    published = Ceremony.published(people=(HOA, SOMCHAI, ALES))  # whom no other test signs with here
    another = branch(published)
    sign_checked(published, ALES, SOMCHAI)
    another.sign(HOA)  # checked in another process

    with pytest.raises(VerificationError, match="a second time"):
        sign_checked(branch(another), HOA)
    sign_checked(another, SOMCHAI, ALES)


def test_a_revision_by_keys_of_another_alliance_is_refused(world):
    stranger = World(Ceremony.published(people=(ALES,), keystore=keystore_in_memory("Another Alliance")))

    with pytest.raises(VerificationError, match="leads to no trusted certificate"):
        verify_last_revision(b"", stranger.pdf, trust=world.trust_file(), at=LATER)


def test_a_timestamp_from_the_future_is_refused(world):
    with pytest.raises(VerificationError, match="after the time of validation"):
        verify_last_revision(b"", world.ceremony.revisions[0], trust=world.trust_file(), at=NOON.replace(year=2024))
