"""Verifying what a stranger sent: in a child process with limits on memory, time and the answer; nothing is kept.

    result = verify_apart(Submission(data, "evidence.zip", (trust_json,), at=now, profile="agreement"))
    result.verdict, result.page

The file goes to the child through a pipe and is written nowhere; the child limits itself before it reads a byte.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import signing_service
from signing_service.errors import FormatError, InputError, LimitError, SigningServiceError, UsageError

if TYPE_CHECKING:
    from signing_service.verify.report import Report
    from signing_service.verify.speech import Words

MAX_MEMORY = 768 * 1024 * 1024  # bytes of address space, of which the libraries take some 200 MB
MAX_SECONDS = 20  # of processor time; the clock on the wall gets twice as long
MAX_FILES = 32  # open at once
MAX_ANSWER = 16 * 1024 * 1024  # bytes; an agreement of a thousand signatures has a report of 2 MB
MAX_TRUST_BYTES = 1024 * 1024  # of each trust file
TOO_MUCH = "this file takes more time or memory to verify than this page allows"

_HEADER_END = b"\n"
_ERRORS = {"limit": LimitError, "format": FormatError, "usage": UsageError}


@dataclass(frozen=True, slots=True)
class Submission:
    """What is to be verified."""

    data: bytes
    """A PDF or an evidence bundle."""
    name: str
    """As the report calls it."""
    trust: tuple[bytes, ...]
    """Trust file and PEM anchors, as ``--trust`` takes them."""
    at: datetime
    """The aware moment of validation."""
    profile: str = "agreement"
    language: str = "en"
    """Of the report."""
    catalogue: bytes = b""
    """The language's ``.mo`` file; none for English."""


@dataclass(frozen=True, slots=True)
class Result:
    """What the child found."""

    verdict: str
    """``PASSED``, ``FAILED`` or ``INDETERMINATE``."""
    trust_fingerprint: str
    body: str
    """The report as HTML, to stand in another page."""
    page: str
    """The report as a page of its own."""
    reason: str
    """In a word, why it is not PASSED: the state of an agreement that is not finished (``open``, ``complete``),
    ``foreign`` (to the trust file), ``alone`` (a PDF without its bundle), or what the step is called that found the
    worst; empty for PASSED."""
    problem: str
    """The worst that was found, as the report says it."""
    problem_language: str = "en"
    """Of ``problem``: English where it is told in no other."""


def verify_apart(submission: Submission, *, seconds: float = MAX_SECONDS, memory: int = MAX_MEMORY) -> Result:
    """Verify in a child process.

    Raises LimitError where the file takes too long or too much memory, InputError where a trust file cannot be read;
    whatever else is wrong with the file is in the report.
    """
    header = {
        "task": "verify",
        "name": submission.name,
        "at": submission.at.isoformat(),
        "profile": submission.profile,
        "language": submission.language,
        "sizes": [len(submission.data), len(submission.catalogue), *map(len, submission.trust)],
        "seconds": seconds,
        "memory": memory,
    }
    parts = (json.dumps(header).encode() + _HEADER_END, submission.data, submission.catalogue, *submission.trust)
    answer = ask_child(parts, 2 * seconds)
    if "error" in answer:
        raise _ERRORS.get(answer["error"], InputError)(answer["message"], hint=answer["hint"])
    return Result(answer["verdict"], answer["trust_fingerprint"], answer["body"], answer["page"], **answer["why"])


def ask_child(parts: tuple[bytes, ...], seconds: float) -> dict[str, Any]:
    """Give a child its header (a line of JSON) and files, and give its answer; raises LimitError without one."""
    root = Path(signing_service.__file__).resolve().parent.parent
    command = [sys.executable, "-P", "-s", "-m", "signing_service.verify.sandbox"]
    environment = {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8"}
    pipe, silent = subprocess.PIPE, subprocess.DEVNULL
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=silent, env=environment, cwd="/") as child:
        end = threading.Timer(seconds, child.kill)
        feeder = threading.Thread(target=_feed, args=(child, parts), daemon=True)
        end.start()
        feeder.start()
        try:
            assert child.stdout is not None
            answer = child.stdout.read(MAX_ANSWER + 1)
        finally:
            end.cancel()
            child.kill()
            feeder.join()
    if len(answer) > MAX_ANSWER or not answer.endswith(_HEADER_END):
        raise LimitError(TOO_MUCH, hint="verify it on your own computer: signing-service verify")
    parsed: dict[str, Any] = json.loads(answer)
    return parsed


def _feed(child: subprocess.Popen[bytes], parts: tuple[bytes, ...]) -> None:
    """Write everything into the child; one that has ended early needs no more."""
    assert child.stdin is not None
    try:
        for part in parts:
            child.stdin.write(part)
        child.stdin.close()
    except BrokenPipeError:
        return


def main() -> None:
    """Be the child: read a header and the files, answer with one line of JSON."""
    header = json.loads(sys.stdin.buffer.readline())
    _limit(header["memory"], header["seconds"])
    sys.stdout.buffer.write(json.dumps(_answer(header)).encode() + _HEADER_END)
    sys.stdout.buffer.flush()
    os._exit(0)  # at once, whatever a library would still like to do


def _limit(memory: int, seconds: float) -> None:
    """Take away what verifying does not need: more memory and time, files to write, other processes."""
    limits = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: max(1, int(seconds)),
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: MAX_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        resource.setrlimit(kind, (most, most))


def _answer(header: dict[str, Any]) -> dict[str, Any]:
    try:
        if header["task"] == "own-upload":
            from signing_service.verify.own_sandbox import answer

            return answer(header, [sys.stdin.buffer.read(size) for size in header["sizes"]])
        return _verify(header)
    except MemoryError:
        return {"error": "limit", "message": TOO_MUCH, "hint": "verify it on your own computer"}
    except LimitError as error:
        return {"error": "limit", "message": error.message, "hint": error.hint}
    except SigningServiceError as error:
        kind = "usage" if isinstance(error, UsageError) else "format"
        return {"error": kind, "message": error.message, "hint": error.hint}


def _verify(header: dict[str, Any]) -> dict[str, Any]:
    from signing_service.verify.html import report_to_html, report_to_section
    from signing_service.verify.speech import Words
    from signing_service.verify.trust import read_trust
    from signing_service.verify.verifier import verify_file

    data, catalogue, *trust_files = (sys.stdin.buffer.read(size) for size in header["sizes"])
    trust = read_trust(trust_files)
    at, name = datetime.fromisoformat(str(header["at"])), str(header["name"])
    words = Words(str(header["language"]), catalogue)
    report = verify_file(data, trust, at, str(header["profile"]), name)
    return {
        "verdict": report.verdict.value,
        "trust_fingerprint": report.trust_fingerprint,
        "body": report_to_section(report, words),
        "page": report_to_html(report, words),
        "why": _why(report, words),
    }


def _why(report: Report, words: Words) -> dict[str, str]:
    from signing_service.verify.text import STEPS, clean
    from signing_service.verify.verdict import ADD_BUNDLE, Verdict

    worst = report.problems[0] if report.problems else None
    alone = report.verdict is Verdict.INDETERMINATE and ADD_BUNDLE in report.hints
    special = report.unfinished or (report.foreign_to and "foreign") or ("alone" if alone else "")
    reason = special or (STEPS[worst.step] if worst else "")
    told = words.told(worst.message) if worst else None
    problem = clean(told or worst.message) if worst else ""
    return {"reason": reason, "problem": problem, "problem_language": words.language if told else "en"}


if __name__ == "__main__":
    main()
