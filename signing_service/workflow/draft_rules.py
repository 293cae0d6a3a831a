"""A draft's rules, chosen by an officer on a page instead of in the file; they end in the file all the same."""

from __future__ import annotations

from signing_service.agreement.rules import Rules
from signing_service.agreement.rules_file import with_rules
from signing_service.agreement.source import TOML, parse_source
from signing_service.errors import ConflictError
from signing_service.store import agreements
from signing_service.workflow.drafts import store_source
from signing_service.workflow.permissions import require
from signing_service.workflow.service import Service


def set_rules(service: Service, officer_id: str, agreement_id: str, rules: Rules) -> None:
    """Write the rules into the draft's source; its text, parties and mandates stay.

    Raises FormatError on rules that cannot be met, ConflictError once the agreement is published.
    """
    with service.database.begin() as session:
        require(session, officer_id, "secretariat")
        if agreements.lock(session, agreement_id).state != "draft":
            raise ConflictError("the agreement is published; its bytes are frozen", hint="publish a corrected version")
        files = agreements.source_files(session, agreement_id)
        source = parse_source({**files, TOML: with_rules(files[TOML], rules)})
        store_source(session, agreement_id, source, service.clock())
