"""The wheel: built without a network, installed outside the checkout, complete."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from signing_service import __version__

CHECKOUT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)],
        cwd=CHECKOUT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of a virtual environment that holds the wheel and sees the tests' own dependencies."""
    venv = tmp_path_factory.mktemp("elsewhere") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "--python", str(venv / "bin" / "python")]
    subprocess.run([*pip, "install", "--no-deps", "--no-index", str(wheel)], check=True)
    packages = next((venv / "lib").glob("python*/site-packages"))
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return venv / "bin"


def run(command: list[str | Path], folder: Path) -> str:
    environment = {"PATH": "/usr/bin:/bin", "SIGNING_SERVICE_FONTS": str(CHECKOUT / "node_modules")}
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def files_below(folder: str) -> list[Path]:
    return [path for path in (CHECKOUT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_the_wheel_holds_every_template_and_static_file_of_the_checkout(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    templates = {f"signing_service/{path.relative_to(CHECKOUT)}" for path in files_below("templates")}
    package = {str(path.relative_to(CHECKOUT)) for path in files_below("signing_service")}
    manifests = {"signing_service/npm/package.json", "signing_service/npm/package-lock.json"}
    assert (templates | package | manifests) - names == set()
    assert any(name.startswith("signing_service/templates/agreement/") for name in names)
    assert any(name.startswith("signing_service/web/static/") for name in names)


def test_the_wheel_holds_nothing_that_belongs_to_a_checkout(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"signing_service", f"signing_service-{__version__}.dist-info"}


def test_the_wheel_asks_only_for_what_the_verifier_needs(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"signing_service-{__version__}.dist-info/METADATA").decode()
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert [line.split()[1].split("<")[0].split(">")[0] for line in needed] == ["cryptography", "pikepdf", "tzdata"]


def test_an_installed_wheel_runs_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    found = run([installed / "python", "-c", "import signing_service; print(signing_service.__file__)"], tmp_path)
    assert Path(found.strip()).is_relative_to(installed.parent)
    assert run([installed / "signing-service", "--version"], tmp_path) == f"signing-service {__version__}\n"
    assert "--trust" in run([installed / "signing-service", "verify", "--help"], tmp_path)


def test_an_installed_wheel_finds_its_templates_and_font_manifests(installed: Path, tmp_path: Path) -> None:
    program = (
        "from signing_service.resources import npm_folder, templates\n"
        "print(templates() / 'agreement' / 'agreement.toml', npm_folder() / 'package-lock.json', sep='\\n')"
    )
    for path in run([installed / "python", "-c", program], tmp_path).split():
        assert Path(path).is_file()
        assert Path(path).is_relative_to(installed.parent)


def test_a_whole_ceremony_runs_from_an_installed_wheel(installed: Path, tmp_path: Path) -> None:
    printed = run([installed / "signing-service", "ceremony", "--parties", "2", "--folder", "ceremony"], tmp_path)
    assert "PASSED: ceremony/evidence.zip" in printed
    assert "verified; the ceremony took" in printed
    left = {path.name for path in (tmp_path / "ceremony").iterdir()}
    assert {"agreement.pdf", "evidence.zip", "trust.json", "root.pem"} <= left
