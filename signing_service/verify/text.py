"""The report for people: one page of text, the verdict in its first line.

print(report_to_text(report, colour=True, width=80))
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from signing_service.verify.report import AgreementReport, Report, SignatureReport, grouped
from signing_service.verify.speech import marked as _l
from signing_service.verify.verdict import Verdict
from signing_service.verify.wrapping import CONTROL, counted, kept, wrapped

_COLOURS = {Verdict.PASSED: "32", Verdict.INDETERMINATE: "33", Verdict.FAILED: "31"}
STEPS = (
    _l("limits"), _l("structure"), _l("changes"), _l("signature"), _l("certificates"), _l("time"), _l("approval"),
    _l("rules"), _l("record"),
)  # fmt: skip
"""What the steps of the verification are called, by their numbers."""
MEANINGS = {
    Verdict.PASSED: _l("Everything was checked and is as it must be."),
    Verdict.INDETERMINATE: _l("Nothing is wrong, but something could not be decided; it is named below."),
    Verdict.FAILED: _l("Something is wrong; it is named below. Do not rely on this file."),
}
UNFINISHED = {
    "open": _l(
        "The agreement is still open for signature. All signatures that are there are good and nothing was "
        "changed; only those that are named below are still to be given."
    ),
    "complete": _l(
        "The parties have signed, and all their signatures are good. Only the countersignature of the "
        "secretariat is still to come."
    ),
}
"""What is said of an agreement whose verdict is INDETERMINATE for no other reason."""
FOREIGN = _l(
    "This file does not come from %(origin)s, whose trust file was given. If it belongs to another alliance, "
    "nothing can be said about it with this trust file. If it claims to come from %(origin)s, do not rely on it."
)
HEADLINES = {
    Verdict.PASSED: _l("Genuine and complete"),
    Verdict.INDETERMINATE: _l("Not fully proven"),
    Verdict.FAILED: _l("Not valid"),
}
UNFINISHED_HEADLINE = _l("Good so far, and not finished")
NOT_UNDER_THIS = _l("intact, but not under this trust file")
_VERDICT_COLUMNS = len("INDETERMINATE") + 2


def report_to_text(report: Report, *, colour: bool = False, width: int = 0) -> str:
    """Give the page, ending in a line feed. Control and bidirectional characters from the file are replaced.

    ``width``: columns after which lines are continued below, indented; 0: never.
    """
    first, *lines = _lines(report, colour)  # the first is one line always: the verdict, and a path to copy
    return "\n".join([first, *(row for line in lines for row in wrapped(line, width))]) + "\n"


def one_line(report: Report, *, colour: bool = False, width: int = 0) -> str:
    """Give the line for one file among many: verdict, name, the worst problem; continued below as report_to_text."""
    problem = f" ({clean(report.problems[0].message)})" if report.problems else ""
    return file_line(report.verdict, f"{kept(clean(report.name))}{problem}", colour=colour, width=width)


def file_line(verdict: Verdict, text: str, *, colour: bool = False, width: int = 0) -> str:
    """A verdict and what it is of, one under the other in a column of their own."""
    line = f"{verdict.value:<{_VERDICT_COLUMNS}}{text}"
    rows = list(wrapped(line, width, _VERDICT_COLUMNS))
    rows[0] = rows[0].replace(verdict.value, _painted(verdict, colour), 1)
    return "\n".join(rows)


def hint_text(hint: str, width: int = 0) -> str:
    """``hint: …`` as it stands under a report, continued below."""
    return "\n".join(wrapped(f"hint: {clean(hint)}", width))


def painted_count(count: int, verdict: Verdict, colour: bool) -> str:
    """``3 FAILED``."""
    return f"{count} {_painted(verdict, colour)}"


def clean(text: str) -> str:
    """Replace characters that could move or hide other text on a terminal."""
    return text.translate(CONTROL)


def meaning(report: Report) -> str:
    """What the verdict means, in a sentence or a few."""
    if not report.foreign_to:
        return UNFINISHED.get(report.unfinished) or MEANINGS[report.verdict]
    return FOREIGN % {"origin": clean(report.foreign_to)}


def problems_heading(report: Report) -> str:
    """What stands above the problems."""
    if report.unfinished:
        return _l("What is still to come")
    if report.foreign_to:
        return _l("What does not fit the trust file that was given")
    return _l("What is wrong or missing")


def summary(report: Report) -> str:
    """How many signatures there are and what came of them: ``14: 13 good, 1 not proven``."""
    if report.foreign_to and all(signature.intact for signature in report.signatures):
        return f"{len(report.signatures)}: {NOT_UNDER_THIS}"
    counts = Counter(signature.verdict for signature in report.signatures)
    words = {Verdict.PASSED: "good", Verdict.INDETERMINATE: "not proven", Verdict.FAILED: "bad"}
    return f"{len(report.signatures)}: " + ", ".join(f"{counts[item]} {words[item]}" for item in words if counts[item])


def _lines(report: Report, colour: bool) -> Iterator[str]:
    indication = f" ({report.indication.value})" if report.indication else ""
    yield f"{_painted(report.verdict, colour)}{indication}: {clean(report.name)}"
    yield meaning(report)
    yield ""
    yield from _about(report)
    if report.signatures:
        yield ""
        for signature in report.signatures:
            yield from _signature(signature, colour, bool(report.foreign_to))
    if report.problems:
        yield ""
        yield from _problems(report, colour)
    for hint in report.hints:
        yield f"hint: {clean(hint)}"


def _about(report: Report) -> Iterator[str]:
    agreement, record = report.agreement, report.record
    if agreement is not None:
        yield f"Agreement   {clean(agreement.title)}, {clean(agreement.reference)}, version {agreement.version}"
        if agreement.state:
            yield f"State       {state_text(agreement)}"
        for label, signers in waiting_facts(report):
            yield f"{label:<11} {clean(signers)}"
        for paper in agreement.papers:
            counts = "counts" if paper.counts else "counts for nothing"
            yield f"On paper    {clean(paper.signer)}: {clean(paper.name)} by hand on {paper.signed_on}, {counts};"
            yield f"            no digital signature; attested by {clean(paper.officer)} at {_moment(paper.attested)}"
        for later in agreement.extensions:
            yield f"Extended    from {_moment(later.closes)} to {_moment(later.until)}"
            yield f"            by {clean(later.officer)} at {_moment(later.time)}: {clean(later.reason)}"
    if report.signatures:
        yield f"Signatures  {summary(report)}"
    yield f"SHA-256     {report.sha256} ({report.size} bytes)"
    yield f"Verified    as of {_moment(report.at)}, profile {report.profile}"
    for number, trusted in enumerate(trust_lines(report)):
        yield f"{'' if number else 'Trust':<12}{clean(trusted)}"
    if record is not None and record.origin:
        witnesses = f"cosigned by {', '.join(record.witnesses)}" if record.witnesses else "not witnessed"
        entries, unique = counted(record.size, "entry", "entries"), f"uniqueness {record.uniqueness}"
        yield f"Record      {clean(record.origin)}, {entries}, {clean(witnesses)}, {unique}"
    if record is not None and record.event:
        yield f"Event       {clean(record.event)}"
    if report.provable_until is not None:
        yield f"Provable    until {_moment(report.provable_until)}"


def state_text(agreement: AgreementReport) -> str:
    """``in force since 2025-05-11 04:00:00 UTC``; other states by their name, with the day that is known."""
    state = agreement.state.replace("-", " ")
    if agreement.entry_into_force is None:
        return state
    words = " since" if state == "in force" else ", in force from"
    return f"{state}{words} {_moment(agreement.entry_into_force)}"


def waiting_facts(report: Report) -> Iterator[tuple[str, str]]:
    """Whose signatures are not there, and whose are there but do not count as they stand.

    Where enough have signed, or nobody can sign any more, nobody is waited for.
    """
    agreement = report.agreement
    absent, uncounted = absent_and_uncounted(report, {})
    if absent and agreement is not None and agreement.state in ("complete", "in-force"):
        words = "not signed yet" if agreement.entry_into_force is None else "did not sign"
        yield "Others", f"{absent}: {words} (not required)"
    elif absent:
        yield "Not signed" if over(report) else "Waiting for", absent
    if uncounted:
        yield "Not counted", uncounted


def over(report: Report) -> bool:
    """Whether nobody can sign any more."""
    return report.agreement is not None and report.agreement.state in ("expired", "withdrawn", "superseded")


def absent_and_uncounted(report: Report, names: Mapping[str, str]) -> tuple[str, str]:
    """Who is waited for, without a signature and with one; ``names``: by ids, which stand for those without."""
    waiting = report.agreement.waiting_for if report.agreement else ()
    there = {signature.field for signature in report.signatures}
    absent = ", ".join(names.get(signer, signer) for signer in waiting if signer not in there)
    return absent, ", ".join(names.get(signer, signer) for signer in waiting if signer in there)


def trust_lines(report: Report) -> Iterator[str]:
    """What was trusted: the trust file's fingerprint, the certificates that were given; or that nothing was."""
    if report.trust_fingerprint:
        yield f"trust file {report.trust_fingerprint}"
    elif report.trust_anchors:
        yield "no trust file, only:"
    else:
        yield "nothing: neither trust file nor certificate was given"
    for name, sha256 in report.trust_anchors:
        yield f"certificate {name}, SHA-256 {sha256}"


def _signature(signature: SignatureReport, colour: bool, foreign: bool) -> Iterator[str]:
    names = dict.fromkeys((signature.party, signature.party_native))  # once, where both are the same
    who = " / ".join(name for name in names if name) or signature.kind
    yield f"{_painted(signature.verdict, colour, _word(signature, foreign))}: {clean(who)} [{clean(signature.field)}]"
    if signature.signer:
        role = f", {signature.role}" if signature.role else ""
        role += " (guest: counts for no quorum)" if signature.guest else ""
        yield f"    {clean(signature.signer)}{clean(role)}; certificate {signature.certificate_sha256[:16]}…"
    if signature.time is not None:
        clock = {True: "independent", False: "time not independent", None: ""}[signature.time_independent]
        yield f"    at {_moment(signature.time)} by {clean(signature.time_authority)}{f' ({clock})' if clock else ''}"
    elif signature.claimed_time is not None:
        yield f"    claims {_moment(signature.claimed_time)}; no time is proven"
    approval = f"approved by {signature.approval}" if signature.approval else ""
    details = [approval, f"mandate {signature.mandate}" if signature.mandate else ""]
    details.append(f"record entry {signature.entry}" if signature.entry is not None else "")
    if any(details):
        yield f"    {clean('; '.join(detail for detail in details if detail))}"
    if signature.identity:
        yield f"    identity: {clean(signature.identity)}"
    if signature.consent:
        yield f"    approved ({clean(signature.consent_language)}): {clean(signature.consent)}"
    if signature.changes:
        few = "; ".join(signature.changes[:3])
        more = f"; and {len(signature.changes) - 3} more permitted changes" if len(signature.changes) > 3 else ""
        yield f"    later: {clean(few + more)}"


def _word(signature: SignatureReport, foreign: bool) -> str:
    if foreign and signature.intact:
        return "intact signature, not under this trust file"
    if signature.verdict is Verdict.FAILED:
        return "BAD signature"
    if not signature.intact:
        return "signature that cannot be checked"
    return "good signature" if signature.verdict is Verdict.PASSED else "good signature, but not proven"


def _problems(report: Report, colour: bool) -> Iterator[str]:
    yield f"{problems_heading(report)}:"
    for one in grouped(report.problems):
        step = f"{STEPS[one.step]} ({int(one.step)})"
        indication = f" [{one.indication.value}]" if one.indication else ""
        yield f"  {_painted(one.verdict, colour)} {step}, {clean(one.named)}: {clean(one.message)}{indication}"


def _painted(verdict: Verdict, colour: bool, word: str = "") -> str:
    text = word or verdict.value
    return f"\x1b[{_COLOURS[verdict]}m{text}\x1b[0m" if colour else text


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
