"""The browser's modules, run by Node on a signing that the service's own parts made."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import playwright
import pytest

from signing_service.encoding import from_base64url
from signing_service.pki.requests import parse_request
from tests.js.world import World

HERE = Path(__file__).parent
NODE = Path(playwright.__file__).parent / "driver" / "node"  # Debian 12's own has no WebCrypto yet
MODULES = HERE.parent.parent / "signing_service" / "web" / "static" / "signing"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("js") / "world.json"
    path.write_text(World().to_json(), encoding="utf-8")
    return path


def run_node(*arguments: str, world: Path | None = None) -> str:
    environment = {**os.environ, "SIGNING_WORLD": str(world)}
    done = subprocess.run(
        [NODE, *arguments], capture_output=True, text=True, env=environment, cwd=HERE.parent.parent, timeout=120
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    return done.stdout


@pytest.mark.parametrize("suite", sorted(HERE.glob("*.test.js")), ids=lambda path: path.name.removesuffix(".test.js"))
def test_the_modules_pass_their_own_tests(suite: Path, world: Path):
    run_node("--test", str(suite), world=world)


def test_the_server_accepts_the_browsers_certificate_request():
    script = f"""
        import {{ makeOneTimeKey, makeRequest }} from "{MODULES.as_uri()}/request.js";
        import {{ toBase64url }} from "{MODULES.as_uri()}/base64url.js";
        const key = await makeOneTimeKey();
        console.log(toBase64url(await makeRequest(key)), toBase64url(key.spki), key.privateKey.extractable);
    """
    request, spki, extractable = run_node("--input-type=module", "--eval", script).split()
    assert parse_request(from_base64url(request)) == from_base64url(spki)
    assert extractable == "false"


def test_every_refusal_has_a_message_and_every_message_a_check():
    declared = run_node(
        "--input-type=module",
        "--eval",
        f'import {{ MESSAGES }} from "{MODULES.as_uri()}/refusal.js"; console.log(Object.keys(MESSAGES).join("\\n"))',
    ).split()
    sources = "".join(path.read_text(encoding="utf-8") for path in MODULES.glob("*.js") if path.name != "refusal.js")
    assert [code for code in declared if f'"{code}"' not in sources] == []
