"""People who stand twice among the representatives of one agreement.

One person may act for two universities, as a deputy does, and two people may have one name: both are lawful and rare,
and more often somebody chose the wrong row. So it is told, and nothing is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from signing_service.errors import Phrase


def doubled(named: Iterable[tuple[str, str, str]]) -> Iterator[Phrase]:
    """What there is to tell of representatives: each a party's name, a person's name, and the person's address."""
    parties: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    addresses: dict[str, list[str]] = {}
    for party, name, email in named:
        address = email.casefold()
        if address not in parties:
            parties[address], names[address] = [], name
            addresses.setdefault(name.casefold(), []).append(address)
        if party not in parties[address]:
            parties[address].append(party)
    for address, of in parties.items():
        if len(of) > 1:
            message = "%(name)s (%(email)s) signs for several parties: %(parties)s"
            yield Phrase(message, name=names[address], email=address, parties=", ".join(of))
    for same in addresses.values():
        if len(same) > 1:
            message = "several people are called %(name)s: %(addresses)s"
            yield Phrase(message, name=names[same[0]], addresses=", ".join(same))
