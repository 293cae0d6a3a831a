"""The report as one self-contained page that can be printed and filed: no script, no image, nothing fetched.

Path("report.html").write_text(report_to_html(report), encoding="utf-8")
report_to_section(report)  # the same, to stand in a page that has its own heading and style
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from html import escape

from signing_service.agreement.terms import ID
from signing_service.verify.report import Problem, Report, SignatureReport, grouped
from signing_service.verify.text import (
    STEPS,
    clean,
    headline,
    meaning,
    problems_heading,
    state_text,
    summary,
    trust_lines,
    waiting_facts,
)
from signing_service.verify.verdict import Verdict

_STYLE = """
body { font: 11pt/1.45 "Noto Sans", system-ui, "Segoe UI", "Noto Sans Thai", "Leelawadee UI", "Noto Sans Khmer",
  "Khmer OS", "Khmer UI", "Noto Sans Lao", "Lao UI", "Noto Sans Myanmar", "Myanmar Text", sans-serif;
  margin: 2rem auto; max-width: 52rem; padding: 0 1rem;
  color: #1b1f24; background: #fff }
:lang(zh) { font-family: "Noto Sans SC", "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif }
:lang(zh-Hant) { font-family: "Noto Sans TC", "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif }
:lang(km), :lang(lo), :lang(my), :lang(th) { line-height: 1.75 }
h1 { font-size: 1.5rem; border-left: .5rem solid; padding-left: .75rem }
h2 { font-size: 1.1rem; margin-top: 1.75rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #d0d7de; padding: .35rem .5rem; text-align: left; vertical-align: top }
th[scope=row] { white-space: nowrap; width: 9rem }
td { overflow-wrap: anywhere }
dl { margin: 0 } dt, dd { display: inline; margin: 0 } dt { font-weight: 600; font-size: .85em; color: #57606a }
dd::after { content: "\\A"; white-space: pre }
.signatures { table-layout: fixed }
.signatures th:first-child { width: 26% } .signatures th:nth-child(2) { width: 28% }
.signatures code { font-size: .75em }
.signatures td { overflow-wrap: break-word }
.steps td:last-child, .steps th:last-child { text-align: right }
summary { margin-top: 1.75rem; font-weight: 600; cursor: pointer }
.PASSED { color: #1a6b34 } .FAILED { color: #a40e26 } .INDETERMINATE { color: #7d4e00 }
code { font-size: .85em; overflow-wrap: anywhere }
@media screen and (max-width: 45rem) {
  th[scope=row] { white-space: normal; width: auto }
  .signatures, .signatures tbody, .signatures tr, .signatures td { display: block; border: 0 }
  .signatures thead { display: none }
  .signatures tr { border-bottom: 1px solid #d0d7de; padding: .5rem 0 }
}
@page { margin: 15mm }
@media print { body { font-size: 9.5pt; margin: 0; max-width: none; padding: 0 } tr { break-inside: avoid } }
"""

_WHICH_TIME = (
    "The time that counts is the one of the timestamp: it proves when the signature was there. "
    "The time that a signature states itself, and prints in its box, is when its visible mark was made."
)
_SIGNER = re.compile(rf"\b{ID.pattern}:{ID.pattern}\b")
_GUEST = "guest: attests, and counts for no quorum"


def report_to_html(report: Report) -> str:
    """Give the page. Every text from the file is escaped, control and bidirectional characters replaced."""
    return "\n".join(_page(report)) + "\n"


def report_to_section(report: Report) -> str:
    """Give what stands under the verdict, without the page around it."""
    note = [f"<p>{_text(meaning(report))}</p>"] if report.foreign_to else []
    return "\n".join([*note, *_section(report)]) + "\n"


def _page(report: Report) -> Iterator[str]:
    verdict = report.verdict.value
    yield "<!DOCTYPE html>"
    yield '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    yield f"<title>{verdict}: {_text(report.name)}</title><style>{_STYLE}</style></head><body>"
    yield f'<h1 class="{verdict}">{headline(report)}</h1>'
    yield f"<p>{_text(meaning(report))}</p>"
    yield f'<p>Verdict: <strong class="{verdict}">{verdict}</strong></p>'
    yield from _section(report)
    yield "</body></html>"


def _section(report: Report) -> Iterator[str]:
    yield "<table>"
    for name, value in _facts(report):
        yield f'<tr><th scope="row">{name}</th><td>{_text(value)}</td></tr>'
    yield "</table>"
    if report.problems:
        yield f"<h2>{problems_heading(report)}</h2><ul>"
        names = report.agreement.names if report.agreement else {}
        yield from (_problem(one, names) for one in grouped(report.problems))
        yield "</ul>"
    for hint in report.hints:
        yield f"<p>{_text(hint[0].upper() + hint[1:])}.</p>"
    if report.signatures:
        yield f"<h2>Signatures</h2><p>{_WHICH_TIME}</p>"
        yield '<table class="signatures"><thead><tr>'
        yield "".join(f'<th scope="col">{name}</th>' for name in ("For", "By, and when", "Evidence"))
        yield "</tr></thead><tbody>"
        for signature in report.signatures:
            yield _signature(signature)
        yield "</tbody></table>"
    good = sum(check.verdict is Verdict.PASSED for check in report.checks)
    yield f"<details><summary>Details: {good} of {len(report.checks)} checks passed</summary>"
    yield from _steps(report)
    yield from _codes(report)
    yield "</details>"


def _steps(report: Report) -> Iterator[str]:
    """How many checks each step made, and how many of them passed."""
    made = Counter(check.step for check in report.checks)
    passed = Counter(check.step for check in report.checks if check.verdict is Verdict.PASSED)
    yield '<table class="steps"><thead><tr><th scope="col">Step</th><th scope="col">Passed</th></tr></thead><tbody>'
    for step in sorted(made):
        yield f'<tr><th scope="row">{int(step)} {STEPS[step]}</th><td>{passed[step]} of {made[step]}</td></tr>'
    yield "</tbody></table>"


def _codes(report: Report) -> Iterator[str]:
    """The sub-indications of EN 319 102-1, for those who know them."""
    found = dict.fromkeys(f"{STEPS[one.step]}: {one.indication.value}" for one in report.problems if one.indication)
    if found:
        yield f"<p>Sub-indications (ETSI EN 319 102-1): <code>{'; '.join(found)}</code></p>"


def _facts(report: Report) -> Iterator[tuple[str, str]]:
    agreement, record = report.agreement, report.record
    yield "File", report.name
    if agreement is not None:
        yield "Agreement", f"{agreement.title}, {agreement.reference}, version {agreement.version}"
        if agreement.state:
            yield "State", state_text(agreement)
        yield from waiting_facts(report, agreement.names)
        for paper in agreement.papers:
            counts = "counts by the sealed rules" if paper.counts else "counts for nothing"
            by = f"attested by officer {paper.officer} at {_moment(paper.attested)}"
            who = f"{agreement.names.get(paper.signer, paper.signer)}: {paper.name}"
            yield "On paper", f"{who}, signed by hand on {paper.signed_on}; {by}; {counts}"
        for later in agreement.extensions:
            end = f"from {_moment(later.closes)} to {_moment(later.until)}"
            yield "Extended", f"{end}, by officer {later.officer} at {_moment(later.time)}: {later.reason}"
    if report.signatures:
        yield "Signatures", summary(report)
    yield "SHA-256", f"{report.sha256} ({report.size} bytes)"
    yield "Verified as of", _moment(report.at)
    yield "Trust", "; ".join(trust_lines(report))
    if record is not None and record.origin:
        witnesses = f"cosigned by {', '.join(record.witnesses)}" if record.witnesses else "not witnessed"
        yield "Record", f"{record.origin}, {record.size} entries, {witnesses}, uniqueness {record.uniqueness}"
    if record is not None and record.event:
        yield "Event", record.event
    if report.provable_until is not None:
        yield "Provable until", _moment(report.provable_until)


def _signature(item: SignatureReport) -> str:
    names = dict.fromkeys((item.party or item.kind, item.party_native, item.field))  # a seal's field is called so too
    own = {item.party_native: item.party_language}
    party = "<br>".join(_text(part, own.get(part, "")) for part in names if part)
    signer = "<br>".join(_text(part) for part in (item.signer, item.role, _GUEST if item.guest else "") if part)
    signer += f"<br><code>{item.certificate_sha256[:32]}</code>" if item.certificate_sha256 else ""
    time = _moment(item.time) if item.time else "no time is proven"
    stated = item.claimed_time if item.time and item.claimed_time != item.time else None
    clock = {True: "independent", False: "time not independent", None: ""}[item.time_independent]
    consent = _text(f"“{item.consent}” ({item.consent_language})", item.consent_language) if item.consent else ""
    entry = str(item.entry) if item.entry is not None else ""
    parts = {"Approved by": _text(item.approval), "Identity": _text(item.identity), "Approved sentence": consent}
    parts |= {"Mandate": _text(item.mandate), "Record entry": entry, "Changed later": _text("; ".join(item.changes))}
    evidence = "".join(f"<dt>{name}</dt> <dd>{text}</dd>" for name, text in parts.items() if text)
    by = f"{item.time_authority} ({clock})" if clock else item.time_authority
    cells = [
        f'<strong class="{item.verdict.value}">{item.verdict.value}</strong><br>{party}',
        "<br>".join(part for part in (signer, _text(time), _text(by), _stated(stated)) if part),
        f"<dl>{evidence}</dl>" if evidence else "",
    ]
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _stated(time: datetime | None) -> str:
    return f"<small>states itself: {_moment(time)}</small>" if time else ""


def _problem(one: Problem, names: Mapping[str, str]) -> str:
    verdict = f'<strong class="{one.verdict.value}">{one.verdict.value}</strong>'
    return f"<li>{verdict} {STEPS[one.step]}, {_text(one.named)}: {_text(_in_names(one.message, names))}</li>"


def _in_names(message: str, names: Mapping[str, str]) -> str:
    """The message with the signers' names for their ids."""
    return _SIGNER.sub(lambda found: names.get(found[0], found[0]), message)


def _text(text: str, language: str = "") -> str:
    """For the page; in a ``language`` other than its own marked as such, for its letters' forms and for speech."""
    shown = escape(clean(text))
    return f'<span lang="{escape(language)}">{shown}</span>' if language not in ("", "en") else shown


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
