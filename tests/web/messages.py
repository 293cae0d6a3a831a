"""The interface's messages and their translations: ``python -m tests.web.messages`` brings every catalogue up to date.

It gathers the messages of pages, mails and code, adds new ones to each ``.po`` (empty, to be translated), drops those
that are gone, and compiles the ``.mo`` that the service reads. What is left to translate is printed. A draft keeps only
what is translated; how much that is, is printed.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from signing_service import resources
from signing_service.workflow.mails import DEFAULT, FINISHED

LANGUAGES = tuple(language for language in FINISHED if language != DEFAULT)
PACKAGE = Path(__file__).parent.parent.parent / "signing_service"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "lazy_gettext": None, "ngettext": (1, 2)}
SPEAKING = (
    *("agreement/" + name for name in ("acts", "addresses", "mandates", "names", "roster", "source")),
    *("agreement/" + name for name in ("roster_columns", "roster_file", "rules_file", "sheet_check", "equal_texts")),
    *("agreement/" + name for name in ("markdown", "markdown_marks", "markdown_reader", "markdown_runs")),
    *("agreement/" + name for name in ("doubled_people", "rules_met")),
    *("pdf/" + name for name in ("fonts", "marks", "seal_image")),
    *("store/" + name for name in ("agreements", "database", "feeds", "mandates", "outbox", "passkeys", "people")),
    *("store/wall_clock", "record/witness_client"),
    *("verify/own_" + name for name in ("certificate", "container", "sandbox", "update", "upload")),
    "verify/path",
    *("web/*", "workflow/*"),
)  # modules whose errors and phrases people meet on pages and in mails
SILENT = (
    *("workflow/" + name for name in ("bounces", "clock_check", "delivery", "demo", "erasure", "material")),
    *("workflow/" + name for name in ("messages", "oidc", "personal_export", "proofs", "providers", "public_record")),
    *("workflow/" + name for name in ("prefixes", "readiness", "recorded", "renewal", "rotation", "service")),
    *("workflow/" + name for name in ("succession", "transports", "trust", "witnesses", "witnessing")),
    *("web/bodies", "web/record", "workflow/initialisation"),
)  # what only operators and programs read
SPEAKERS = (
    "Error",
    "Phrase",
    "_refused",
    "failure",
    "unproven",
    "complain",
    "_matching",
    "_of_address",
    "answer",
    "_show",
    "refuse",
)  # calls that such texts are given to
HOLDERS = (
    "message",
    "hint",
    "phrase",
    "_HINT",
    "_DER_HINT",
    "_ONCE",
    "_CLASSIC",
    "problem",
)  # names of variables that hold such a text
NO_DATE = datetime(2025, 1, 1, tzinfo=UTC)  # so that catalogues change only where their messages do
WIDTH = 110  # columns of a catalogue


def extract() -> Catalog:
    """Every message of the interface."""
    catalog = Catalog(project="signing-service", charset="utf-8")
    for folder, methods in (
        (PACKAGE, [("**.py", "python")]),
        (resources.templates(), [("**.html", "jinja2"), ("**.txt", "jinja2")]),
    ):
        for _, _, message, _, context in extract_from_dir(folder, methods, keywords=KEYWORDS):
            catalog.add(message, context=context)
    for path in speaking_modules():
        for text in phrases(path):
            catalog.add(text)
    return catalog


def speaking_modules() -> list[Path]:
    """The modules of SPEAKING that are not SILENT."""
    found = [path for pattern in SPEAKING for path in sorted(PACKAGE.glob(f"{pattern}.py"))]
    return [path for path in found if str(path.relative_to(PACKAGE).with_suffix("")) not in SILENT]


def phrases(path: Path) -> list[str]:
    """The texts of a module's errors (message, hint) and phrases, given as they are or by a name that holds them."""
    texts: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and _name(node).endswith(SPEAKERS):
            hints = [keyword.value for keyword in node.keywords if keyword.arg == "hint"]
            texts.update(text for part in [*node.args[:3], *hints] for text in _constants(part) if " " in text)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id in HOLDERS:
            texts.update(_constants(node.value))
    return sorted(texts - {""})


def pieces(path: Path) -> list[str]:
    """Errors and phrases of a module whose text is an f-string or a sum, which no catalogue can have."""
    calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
    told = ((call, [*call.args[:1], *(one.value for one in call.keywords if one.arg == "hint")]) for call in calls)
    return [
        f"{path.name}:{call.lineno}"
        for call, parts in told
        if _name(call).endswith(("Error", "Phrase"))
        and any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in parts)
    ]


def _name(call: ast.Call) -> str:
    """What is called; nothing for the errors that end a start, which only operators read."""
    name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
    return "" if name in ("ConfigurationError", "KeyStoreError") else str(name)


def _constants(node: ast.expr) -> list[str]:
    """A text, or both of a choice between two."""
    if isinstance(node, ast.IfExp):
        return [*_constants(node.body), *_constants(node.orelse)]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def folder_of(language: str) -> Path:
    """Where a language's catalogue is."""
    return resources.translations() / language / "LC_MESSAGES"


def read(language: str) -> Catalog:
    """A language's catalogue; an empty one for a new language."""
    path = folder_of(language) / "messages.po"
    if not path.exists():
        return Catalog(locale=language, project="signing-service", charset="utf-8")
    with path.open("rb") as file:
        return read_po(file, locale=language)


def compiled(catalog: Catalog) -> bytes:
    """The catalogue as gettext reads it; the same bytes whenever it is compiled."""
    catalog.creation_date = catalog.revision_date = NO_DATE
    buffer = io.BytesIO()
    write_mo(buffer, catalog)
    return buffer.getvalue()


def spelled(catalog: Catalog) -> bytes:
    """The catalogue as translators read it, without dates or places that change by themselves."""
    buffer = io.BytesIO()
    write_po(buffer, catalog, no_location=True, omit_header=False, sort_output=True, ignore_obsolete=True, width=WIDTH)
    lines = [line for line in buffer.getvalue().splitlines(keepends=True) if b"-Date: " not in line]
    return b"".join(lines)


def update(language: str) -> list[str]:
    """Bring a language's files up to date; return the messages that lack a translation."""
    catalog = read(language)
    catalog.update(extract(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    if language not in LANGUAGES:
        for message in [message for message in catalog if message.id and not _is_complete(message.string)]:
            catalog.delete(message.id)
    catalog.header_comment = f"# {catalog.locale.english_name if catalog.locale else language}"
    folder = folder_of(language)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "messages.po").write_bytes(spelled(catalog))
    catalog = read(language)
    (folder / "messages.mo").write_bytes(compiled(catalog))
    return [str(message.id) for message in catalog if message.id and not _is_complete(message.string)]


def _is_complete(string: str | Iterable[str] | None) -> bool:
    return bool(string) if string is None or isinstance(string, str) else all(string)


def drafts() -> list[str]:
    """The languages whose catalogue is a draft."""
    return sorted(path.name for path in resources.translations().iterdir() if path.name not in LANGUAGES)


if __name__ == "__main__":
    for language in LANGUAGES:
        for missing in update(language):
            print(f"{language}: {missing}")
    total = len([message for message in extract() if message.id])
    for language in drafts():
        update(language)
        print(f"{language}: {len(read(language))} of {total}, a draft")
