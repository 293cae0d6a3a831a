"""docs/auditing.md and docs/witness.md as a newcomer reads them: every command on them is run, in order."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from signing_service.workflow.receipts import own_receipt
from tests.cast import LIN, SOMCHAI
from tests.commands.serving import free_port
from tests.verify.test_successors import Chain
from tests.web.conftest import LiveServer

DOCS = Path(__file__).parents[2] / "docs"
LOG_KEY = "sign.example.org+033de0ae+Ac4z…"  # as the pages abbreviate it
INSTALLING_AN_AUDITOR = {  # tests/test_wheel.py installs the wheel into a fresh environment
    "python3 -m venv auditor && . auditor/bin/activate",
    "pip install ./signing-service",
}
INSTALLING_A_WITNESS = {  # the same, and what only a machine's administrator may do
    "apt install python3-venv",
    "useradd --system --home-dir /srv/witness --create-home witness",
    "python3 -m venv /srv/witness/venv",
    "/srv/witness/venv/bin/pip install /root/signing-service",
    "cd /srv/witness",  # the newcomer's folder stands for it
    "systemctl daemon-reload && systemctl enable --now witness",
}


def commands(page: str) -> list[str]:
    """The lines of the page's shell blocks, continued ones joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (DOCS / page).read_text(), re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]


@pytest.fixture
def shell(live: LiveServer, tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(live, tmp_path / "newcomer")
    with contextlib.closing(shell):
        yield shell


class Shell:
    """A newcomer's terminal: the pages' commands with this test's addresses and keys in place of the examples."""

    def __init__(self, live: LiveServer, folder: Path) -> None:
        self.live, self.folder = live, folder
        self.serving: subprocess.Popen[str] | None = None
        settings, trust = live.world.service.settings, live.world.service.trust
        for place in ("bin", "venv/bin"):
            self._command(f"{place}/signing-service", f'exec {sys.executable} -m signing_service "$@"')
        self._command("bin/runuser", 'shift 3; exec "$@"')  # -u witness --, which takes an administrator
        fetch = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1]).read().decode(), end='')"
        named = 'for url; do :; done; file=${url##*/}; [ "$1" != -o ] || file=$2'
        self._command("bin/curl", f'{named}; exec {sys.executable} -c "{fetch}" "$url" > "$file"')
        self.port = free_port()
        self.replaced = {
            LOG_KEY: str(trust.record_key),
            "https://sign.example.org": live.url,
            "--since checkpoint-2025-04-11": "--since checkpoint-*",  # the one of today
            "feed make AGREEMENT": f"feed make {live.world.agreement}",
            "trust-on-paper.json trust-2.json trust.json": "trust-1.json trust-2.json trust-3.json",  # a chain's
            "witness serve": f"witness serve --listen 127.0.0.1:{self.port}",
        }
        own = {
            "PUBLIC_URL": settings.public_url,
            "DATABASE_URL": settings.database_url,
            "KEYS": str(settings.keys),
            "KEY_PASSPHRASE": settings.key_passphrase or "",
            "GUARD": str(settings.guard),
            "TRUST_FILE": str(settings.trust_file),
            "WITNESSES_FILE": "witnesses",
            "WITNESS_QUORUM": "none",
        }
        self.environment = os.environ | {f"SIGNING_SERVICE_{name}": value for name, value in own.items()}
        self.environment |= {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(DOCS.parent)}

    def _command(self, name: str, line: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(0o755)

    def run(self, line: str) -> str:
        """Run one line; it must succeed. A server is left running until it is closed."""
        for example, real in self.replaced.items():
            line = line.replace(example, real)
        if "witness serve" in line:
            return self._serve(line)
        done = subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    def _serve(self, line: str) -> str:
        self.serving = subprocess.Popen(
            ["sh", "-c", f"exec {line}"], cwd=self.folder, env=self.environment, stderr=subprocess.PIPE, text=True
        )
        assert self.serving.stderr is not None
        said = self.serving.stderr.readline()
        assert "listens on" in said, said
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/") as answer:
            return str(answer.read().decode())

    def close(self) -> None:
        if self.serving is not None:
            self.serving.terminate()  # an interrupt is ignored by what a shell started in the background
            self.serving.wait(30)
            assert self.serving.stderr is not None
            self.serving.stderr.close()


def test_every_command_for_auditors_works_as_it_stands(live: LiveServer, shell: Shell):
    world = live.world
    for person in (LIN, SOMCHAI):
        world.sign(person)
    receipt = own_receipt(world.service, world.ids[LIN], world.agreement, LIN.signer)
    (shell.folder / "receipt.json").write_bytes(receipt)
    (shell.folder / "trust.json").write_bytes(world.service.trust_bytes)
    Chain(shell.folder)
    (shell.folder / "witnesses").write_text("")
    del shell.environment["SIGNING_SERVICE_WITNESSES_FILE"], shell.environment["SIGNING_SERVICE_WITNESS_QUORUM"]
    lines = commands("auditing.md")
    assert set(lines) >= INSTALLING_AN_AUDITOR
    printed = {line: shell.run(line) for line in lines if line not in INSTALLING_AN_AUDITOR}
    audits = [text for line, text in printed.items() if "record audit" in line]
    assert len(audits) >= 4
    assert all(text.startswith("PASSED") for text in audits)
    chain, proof = [text for line, text in printed.items() if " verify " in line]
    assert proof.startswith("PASSED")
    assert chain.startswith("PASSED: 3 trust files")
    (monitored,) = [text for line, text in printed.items() if "record monitor" in line]
    assert "CHECK  issuance" in monitored
    (kept,) = shell.folder.glob("checkpoint-*")
    assert kept.read_bytes().startswith(world.service.trust.record_origin.encode())


def test_every_command_for_witnesses_works_as_it_stands(live: LiveServer, shell: Shell):
    lines = commands("witness.md")
    assert set(lines) >= INSTALLING_A_WITNESS
    ran = set(lines) - INSTALLING_A_WITNESS
    order = sorted(ran, key=lambda line: ORDER.index(next(w for w in ORDER if w in line)))
    printed = {}
    for line in order:
        printed[line] = shell.run(line)
        if "witness init" in line:
            (shell.folder / "witnesses").write_text(printed[line])
    said = "\n".join(printed.values())
    assert f"log {live.world.service.trust.record_origin} at size 0" in said
    assert "witness.example.edu cosigned the checkpoint of size" in said
    assert "by file" in said


ORDER = ("witness init", "witness serve", "record request", "witness cosign", "record cosignature", "record witnesses")
"""By file two people take turns; the page tells each of them one half."""
