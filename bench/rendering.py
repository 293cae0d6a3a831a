"""How long rendering takes, and how large the result is."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from bench.table import Row, best_of
from signing_service.agreement.source import parse_source
from signing_service.ceremony.parties import source_with_parties
from signing_service.pdf.rendering import render_base
from signing_service.store.identifiers import new_id


def measure(_folder: Path, *, full: bool) -> list[Row]:
    """Render the specimen with 12 and 40 parties, warm."""
    rows = []
    for parties, goal in ((12, 0.3), (40, 0.6)):
        source = parse_source(source_with_parties(parties))
        terms = source.terms(new_id())
        size = len(render_base(source, terms))
        seconds = best_of(5 if full else 3, partial(render_base, source, terms))
        rows.append(Row("rendering", f"{parties} parties, warm", seconds, "s", f"<= {goal} s"))
        if parties == 12:
            rows.append(Row("rendering", "12 parties, two languages, unsigned PDF", size / 1024, "KB", "<= 400 KB"))
    return rows
