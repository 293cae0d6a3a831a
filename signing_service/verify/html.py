"""The report as one self-contained page that can be printed and filed: no script, no image, nothing fetched.

    Path("report.html").write_text(report_to_html(report), encoding="utf-8")
    report_to_section(report, Words("zh", catalogue))  # the same, to stand in a page with its own heading and style

It is in one language, English by default; verdicts are the same words in all. What a step said and no catalogue holds
stands in English, marked as such, behind a sentence of the step.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from signing_service.agreement.terms import ID
from signing_service.errors import Phrase
from signing_service.verify.html_facts import facts, headline, meaning
from signing_service.verify.html_signatures import KINDS, signature_table
from signing_service.verify.html_style import STYLE
from signing_service.verify.html_text import in_language, told_text
from signing_service.verify.report import Problem, Report, grouped
from signing_service.verify.speech import ENGLISH, Words
from signing_service.verify.speech import marked as _l
from signing_service.verify.text import STEPS, problems_heading
from signing_service.verify.verdict import Verdict

_CHANGED = _l("Bytes of this file were changed, added or lost: it is not the file that was signed.")
REASONS = {
    "limits": _l("The file is larger or more intricate than any agreement, or it is damaged."),
    "structure": _CHANGED,
    "changes": _l("Something was changed in it after it was signed."),
    "signature": _l("A signature does not fit the document: one of the two was changed afterwards."),
    "certificates": _l("A signature was not made with a certificate that the trust file vouches for."),
    "time": _l("When a signature was made is not proven."),
    "approval": _l("That the person approved a signature, and who the person is, is not proven."),
    "rules": _l("What was signed does not satisfy the agreement's own rules."),
    "record": _l("The public record does not confirm it."),
}
"""In a sentence, what it means that a step found something wrong or missing."""
_SUBJECTS = {
    "file": _l("the file"),
    "record": _l("the record"),
    "agreement": _l("the agreement"),
    "bundle": _l("the bundle"),
    "approvals": _l("the approvals"),
    "papers": _l("the signatures on paper"),
    "extension": _l("the later end of signing"),
}
_SIGNER = re.compile(rf"\b{ID.pattern}:{ID.pattern}\b")
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; font-src data:"
_PLAIN = Words()


def report_to_html(report: Report, words: Words = _PLAIN) -> str:
    """Give the page. Every text from the file is escaped, control and bidirectional characters replaced."""
    return "\n".join(_page(report, words)) + "\n"


def report_to_section(report: Report, words: Words = _PLAIN) -> str:
    """Give what stands under the verdict, without the page around it."""
    note = [f"<p>{_own(meaning(report, words), words)}</p>"] if report.foreign_to else []
    return "\n".join([*note, *_section(report, words)]) + "\n"


def _page(report: Report, words: Words) -> Iterator[str]:
    _, verdict = words.say, report.verdict.value
    yield "<!DOCTYPE html>"
    yield f'<html lang="{words.language}"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield f"<title>{verdict}: {_own(report.name, words)}</title><style>{STYLE}</style></head><body>"
    yield f'<h1 class="{verdict}">{headline(report, words)}</h1>'
    yield f"<p>{_own(meaning(report, words), words)}</p>"
    yield f'<p>{_("Verdict:")} <strong class="{verdict}">{verdict}</strong></p>'
    yield from _section(report, words)
    yield "</body></html>"


def _section(report: Report, words: Words) -> Iterator[str]:
    _ = words.say
    yield "<table>"
    for name, value in facts(report, words):
        yield f'<tr><th scope="row">{name}</th><td>{_own(value, words)}</td></tr>'
    yield "</table>"
    if report.problems:
        yield f"<h2>{_(problems_heading(report))}</h2><ul>"
        names = report.agreement.names if report.agreement else {}
        yield from (_problem(one, names, words) for one in grouped(report.problems))
        yield "</ul>"
    for hint in report.hints:
        yield f"<p>{_sentence(hint, words)}</p>"
    yield from signature_table(report, words)
    good = sum(check.verdict is Verdict.PASSED for check in report.checks)
    details = _("Details: %(good)s of %(all)s checks passed", good=good, all=len(report.checks))
    yield f"<details><summary>{details}</summary>"
    yield from _steps(report, words)
    yield from _codes(report, words)
    yield "</details>"


def _steps(report: Report, words: Words) -> Iterator[str]:
    """How many checks each step made, and how many of them passed."""
    _ = words.say
    made = Counter(check.step for check in report.checks)
    passed = Counter(check.step for check in report.checks if check.verdict is Verdict.PASSED)
    heads = "".join(f'<th scope="col">{head}</th>' for head in (_("Step"), _("Passed")))
    yield f'<table class="steps"><thead><tr>{heads}</tr></thead><tbody>'
    for step in sorted(made):
        counted = _("%(good)s of %(all)s", good=passed[step], all=made[step])
        yield f'<tr><th scope="row">{int(step)} {_(STEPS[step])}</th><td>{counted}</td></tr>'
    yield "</tbody></table>"


def _codes(report: Report, words: Words) -> Iterator[str]:
    """The sub-indications of EN 319 102-1, for those who know them."""
    _ = words.say
    coded = [(_(STEPS[one.step]), one.indication.value) for one in report.problems if one.indication]
    found = dict.fromkeys(f"{step}: {indication}" for step, indication in coded)
    if found:
        codes = _("Sub-indications (ETSI EN 319 102-1):")
        yield f"<p>{codes} <code>{'; '.join(found)}</code></p>"


def _problem(one: Problem, names: Mapping[str, str], words: Words) -> str:
    """A problem in the page's language; behind its step's own sentence where it is told in English alone."""
    _, step, verdict = words.say, STEPS[one.step], f'<strong class="{one.verdict.value}">{one.verdict.value}</strong>'
    said = told_text(_in_names(one.message, names), words)
    if words.told(one.message) is None:
        said = f"{words.say(REASONS[step])} {said}"
    about = _own(words.comma.join(_subject(each, names, words) for each in one.subjects[:3]), words)
    if len(one.subjects) > 3:
        about = _("%(some)s and %(count)s more", some=about, count=len(one.subjects) - 3)
    return f"<li>{verdict} {_(step)}{words.comma}{about}{words.colon}{said}</li>"


def _subject(subject: str, names: Mapping[str, str], words: Words) -> str:
    """What a check is of, in words that a reader knows."""
    _ = words.say
    if subject in _SUBJECTS:
        return _(_SUBJECTS[subject])
    kind, _space, name = subject.partition(" ")
    if kind == "field":
        return names.get(name) or (_(KINDS[name]) if name in KINDS else _("field %(name)s", name=name))
    if subject.startswith("paper of "):
        return _("signature on paper of %(signer)s", signer=_in_names(subject.removeprefix("paper of "), names))
    if subject.startswith("refusal of "):
        return _("refusal of %(signer)s", signer=_in_names(subject.removeprefix("refusal of "), names))
    return _in_names(subject, names)


def _in_names(message: str, names: Mapping[str, str]) -> str:
    """The message with the signers' names for their ids; a phrase stays one."""
    if isinstance(message, Phrase):
        told = message.values.items()
        named = {key: _in_names(value, names) if isinstance(value, str) else value for key, value in told}
        return Phrase(message.template, **named)
    return _SIGNER.sub(lambda found: names.get(found[0], found[0]), message)


def _sentence(text: str, words: Words) -> str:
    """A hint as a sentence of its own."""
    told = words.told(text)
    plain = text if told is None else told
    language = ENGLISH if told is None else words.language
    stop = {"zh": "。", "th": ""}.get(language, ".")
    return in_language(plain[:1].upper() + plain[1:] + stop, language, words)


def _own(text: str, words: Words) -> str:
    return in_language(text, words.language, words)
