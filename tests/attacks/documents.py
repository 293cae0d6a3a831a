"""The documents that are attacked, each of which is good: the controls of all attacks.

- ``sealed``: revision 0 of our ceremony; ``signed``: with one signature; ``archived``: closed;
- ``approval``: a page signed by pyHanko; ``certified``: certified with P=2; ``annotatable``: with P=3;
- ``form``: a form with two text fields, signed; ``prepared``: signed by somebody who prepared a shadow.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from tests.cast import LIN
from tests.pdf.sealed_document import Ceremony
from tests.verify.foreign import Office, plain_pdf
from tests.verify.world import World


@cache
def ceremony() -> Ceremony:
    """Lin signs, the officer countersigns, the archive closes."""
    return Ceremony.held(people=(LIN,))


@cache
def world() -> World:
    """The same with its record."""
    return World(ceremony())


@cache
def office() -> Office:
    """Whoever signed the foreign documents."""
    return Office.opened("ecdsa")


@cache
def approval() -> bytes:
    """A page with an ordinary signature."""
    return office().sign(plain_pdf(), timestamp=True)


@cache
def certified() -> bytes:
    """A page certified with P=2 and one visible field still empty."""
    return office().sign(plain_pdf(fields=True), certify=2)


@cache
def annotatable() -> bytes:
    """A page certified with P=3."""
    return office().sign(plain_pdf(), certify=3)


@cache
def form() -> bytes:
    """A form with two text fields, signed."""
    return office().sign(plain_pdf(fields=True))


CONTROLS: dict[str, Callable[[], bytes]] = {
    "sealed": lambda: ceremony().revisions[0],
    "signed": lambda: ceremony().revisions[1],
    "archived": lambda: ceremony().pdf,
    "approval": approval,
    "certified": certified,
    "annotatable": annotatable,
    "form": form,
}
OURS = ("sealed", "signed", "archived")
