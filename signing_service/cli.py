"""The command line: ``signing-service COMMAND …``, the same as ``python -m signing_service``.

Each command's module is imported only when it is called: an auditor's ``verify`` needs neither Flask nor a
database. A command's ``main`` takes the words after its name and gives the exit code; what it raises out of the
error tree is printed here, once, as ``error: …`` and ``hint: …``.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from signing_service import __version__
from signing_service.errors import SigningServiceError
from signing_service.verify.terminal import width_of
from signing_service.verify.wrapping import CONTROL, wrapped

COMMANDS = {  # name: module, what it does
    "verify": ("signing_service.verify.command", "check signed PDFs, evidence bundles or folders of them, offline"),
    "init": ("signing_service.commands.init", "make keys and database; print the first officer's link"),
    "serve": ("signing_service.commands.serve", "serve the pages; mails and archiving included"),
    "worker": ("signing_service.commands.worker", "only mails and archiving, as a process of its own"),
    "doctor": ("signing_service.commands.doctor", "check settings, keys, database, clock, fonts; say what to do"),
    "status": ("signing_service.commands.status", "show agreements, signatures, record and waiting mails"),
    "keys": ("signing_service.commands.keys", "list the service's keys, replace one, take the root offline"),
    "renew": ("signing_service.commands.renew", "add an archive timestamp before the last one weakens"),
    "backup": ("signing_service.commands.backup", "write the database into one file while the service runs"),
    "restore": ("signing_service.commands.restore", "bring a backup back once all of it is verified"),
    "upgrade": ("signing_service.commands.upgrade", "bring the database to this version's schema"),
    "record": ("signing_service.commands.record", "audit, witness and export the transparency log"),
    "people": ("signing_service.commands.people", "export all that the service holds about a person"),
    "demo": ("signing_service.commands.demo", "serve the demo alliance with sign-in links"),
    "ceremony": ("signing_service.commands.ceremony", "run a whole signing over HTTP and verify the result"),
    "reproduce": ("signing_service.commands.reproduce", "rebuild a PDF from its attached source and compare"),
    "fonts": ("signing_service.commands.fonts", "install the fonts that agreements are set in"),
}
SERVICE_HINT = "this command is part of the service: pip install '.[service]' in the checkout"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give its exit code (0 done, 1 failed, 2 usage or settings, 3 indeterminate, 130 interrupted)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = _dispatch(words)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the interpreter's last flush is quiet
        return 141  # as a shell tells of SIGPIPE: no verdict
    except OSError as error:  # the last flush: a full disk, for one
        return _complain(f"the output cannot be written: {error.strerror or error}", "", 2)
    return code


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(_help())
        return 0 if words else 2
    if words[0] in ("-V", "--version"):
        print(f"signing-service {__version__}")
        return 0
    if words[0] not in COMMANDS:
        return _complain(f"there is no command {words[0]!r}", "signing-service --help lists the commands", 2)
    return _run(words[0], words[1:])


def _run(command: str, words: list[str]) -> int:
    try:
        module = importlib.import_module(COMMANDS[command][0])
        return int(module.main(words))
    except SigningServiceError as error:
        return _complain(error.message, error.hint, error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "signing_service":
            raise
        return _complain(f"{command} needs {error.name}, which is not installed", SERVICE_HINT, 2)
    except BrokenPipeError:
        raise
    except OSError as error:
        said = error.strerror or str(error)
        return _complain(f"{error.filename}: {said}" if error.filename else said, "", 2)
    except KeyboardInterrupt:
        return 130


def _complain(message: str, hint: str, code: int) -> int:
    """Say it; the name of a file that others sent could move what stands on the terminal."""
    width = width_of(sys.stderr)
    for line in (f"error: {message}", *([f"hint: {hint}"] if hint else [])):
        shown = "\n".join(part.translate(CONTROL) for part in line.split("\n"))
        print("\n".join(wrapped(shown, width)), file=sys.stderr)
    return code


def _help() -> str:
    lines = ["usage: signing-service COMMAND …", "", "commands:"]
    lines += [f"  {name:<10} {summary}" for name, (_, summary) in COMMANDS.items()]
    lines += ["", "signing-service COMMAND --help explains each; docs/configuration.md lists the settings."]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
