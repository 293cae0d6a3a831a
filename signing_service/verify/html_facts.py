"""What the report's page says at its head and in its table of facts, in its reader's language.

    for label, value in facts(report, words): ...
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from signing_service.verify.report import AgreementReport, Report
from signing_service.verify.speech import Words
from signing_service.verify.speech import marked as _l
from signing_service.verify.text import (
    FOREIGN,
    HEADLINES,
    MEANINGS,
    NOT_UNDER_THIS,
    UNFINISHED,
    UNFINISHED_HEADLINE,
    absent_and_uncounted,
    clean,
    over,
)
from signing_service.verify.verdict import Verdict

_STATES = (_l("open"), _l("complete"), _l("in force"), _l("withdrawn"), _l("expired"), _l("superseded"))
_COUNTED = {
    Verdict.PASSED: _l("%(count)s good"),
    Verdict.INDETERMINATE: _l("%(count)s not proven"),
    Verdict.FAILED: _l("%(count)s bad"),
}


def meaning(report: Report, words: Words) -> str:
    """What the verdict means, in a sentence or a few."""
    if report.foreign_to:
        return words.say(FOREIGN, origin=clean(report.foreign_to))
    return words.say(UNFINISHED.get(report.unfinished) or MEANINGS[report.verdict])


def headline(report: Report, words: Words) -> str:
    """The verdict in plain words."""
    return words.say(UNFINISHED_HEADLINE if report.unfinished else HEADLINES[report.verdict])


def summary(report: Report, words: Words) -> str:
    """How many signatures there are and what came of them: ``14: 13 good, 1 not proven``."""
    count = len(report.signatures)
    if report.foreign_to and all(signature.intact for signature in report.signatures):
        return f"{count}{words.colon}{words.say(NOT_UNDER_THIS)}"
    counts = Counter(signature.verdict for signature in report.signatures)
    told = [words.say(text, count=counts[one]) for one, text in _COUNTED.items() if counts[one]]
    return f"{count}{words.colon}{words.comma.join(told)}"


def facts(report: Report, words: Words) -> Iterator[tuple[str, str]]:
    """Labels and values, one under the other."""
    _, agreement = words.say, report.agreement
    yield _("File"), report.name
    if agreement is not None:
        version = _("version %(version)s", version=agreement.version)
        yield _("Agreement"), words.comma.join((agreement.title, agreement.reference, version))
        if agreement.state:
            yield _("State"), _state(agreement, words)
        yield from _waiting(report, agreement, words)
        yield from _on_paper(agreement, words)
        yield from _extended(agreement, words)
    if report.signatures:
        yield _("Signatures"), summary(report, words)
    size = _("%(count)s bytes", count=report.size)
    yield "SHA-256", f"{report.sha256} ({size})"
    yield _("Verified as of"), moment(report.at)
    yield _("Trust"), "; ".join(_trust(report, words))
    yield from _record(report, words)
    if report.provable_until is not None:
        yield _("Provable until"), moment(report.provable_until)


def _record(report: Report, words: Words) -> Iterator[tuple[str, str]]:
    _, record = words.say, report.record
    if record is None:
        return
    if record.origin:
        told = [record.origin, _("%(count)s entries", count=record.size)]
        seen = ", ".join(record.witnesses)
        told.append(_("cosigned by %(witnesses)s", witnesses=seen) if seen else _("not witnessed"))
        told.append(_("uniqueness checked") if record.uniqueness == "checked" else _("uniqueness not checked"))
        yield _("Record"), words.comma.join(told)
    if record.event:
        yield _("Event"), record.event


def _state(agreement: AgreementReport, words: Words) -> str:
    _, name = words.say, agreement.state.replace("-", " ")
    if agreement.entry_into_force is None:
        return _(name)
    since = moment(agreement.entry_into_force)
    if name == "in force":
        return _("in force since %(time)s", time=since)
    return _("%(state)s, in force from %(time)s", state=_(name), time=since)


def _waiting(report: Report, agreement: AgreementReport, words: Words) -> Iterator[tuple[str, str]]:
    """Whose signatures are not there, and whose are there but do not count as they stand."""
    _ = words.say
    absent, uncounted = absent_and_uncounted(report, agreement.names)
    if absent and agreement.state in ("complete", "in-force"):
        if agreement.entry_into_force is None:
            yield _("Others"), _("%(signers)s: not signed yet (not required)", signers=absent)
        else:
            yield _("Others"), _("%(signers)s: did not sign (not required)", signers=absent)
    elif absent:
        yield _("Did not sign") if over(report) else _("Waiting for"), absent
    if uncounted:
        yield _("Not counted"), uncounted


def _on_paper(agreement: AgreementReport, words: Words) -> Iterator[tuple[str, str]]:
    _ = words.say
    for paper in agreement.papers:
        signer = f"{agreement.names.get(paper.signer, paper.signer)}: {paper.name}"
        told = [
            _("%(signer)s, signed by hand on %(day)s", signer=signer, day=paper.signed_on),
            _("attested by officer %(officer)s at %(time)s", officer=paper.officer, time=moment(paper.attested)),
            _("counts by the sealed rules") if paper.counts else _("counts for nothing"),
        ]
        yield _("On paper"), "; ".join(told)


def _extended(agreement: AgreementReport, words: Words) -> Iterator[tuple[str, str]]:
    _ = words.say
    for later in agreement.extensions:
        told = _(
            "from %(closes)s to %(until)s, by officer %(officer)s at %(time)s: %(reason)s",
            closes=moment(later.closes),
            until=moment(later.until),
            officer=later.officer,
            time=moment(later.time),
            reason=later.reason,
        )
        yield _("Extended"), told


def _trust(report: Report, words: Words) -> Iterator[str]:
    """What was trusted: the trust file's fingerprint, the certificates that were given; or that nothing was."""
    _ = words.say
    if report.trust_fingerprint:
        yield _("trust file %(fingerprint)s", fingerprint=report.trust_fingerprint)
    elif report.trust_anchors:
        yield _("no trust file, only:")
    else:
        yield _("nothing: neither trust file nor certificate was given")
    for name, sha256 in report.trust_anchors:
        yield _("certificate %(name)s, SHA-256 %(sha256)s", name=name, sha256=sha256)


def moment(time: datetime) -> str:
    """The same in every language, and in every decade."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
