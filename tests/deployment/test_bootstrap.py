"""What `make` installs on a bare machine, and what it says where it may not."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bare() -> Iterator[Path]:
    """A checkout without .venv that everybody may read, and a folder of programs that are found first."""
    folder = Path(tempfile.mkdtemp(prefix="qa-bare-"))
    folder.chmod(0o755)
    shutil.copytree(ROOT / "bin", folder / "bin")
    for name in ("pyproject.toml", "uv.lock", "Makefile"):
        shutil.copy(ROOT / name, folder)
    (folder / "frontend").mkdir()
    shutil.copy(ROOT / "frontend" / "package-lock.json", folder / "frontend")
    (folder / "programs").mkdir()
    yield folder
    shutil.rmtree(folder)


def program(bare: Path, name: str, script: str) -> None:
    path = bare / "programs" / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def bootstrap(bare: Path, *, root: bool) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bare / "bin" / "bootstrap", "run"],
        env={"PATH": f"{bare}/programs:/usr/bin:/bin"},
        user="nobody" if os.geteuid() == 0 and not root else None,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_without_root_it_names_what_is_missing_and_how_to_install_it(bare: Path) -> None:
    program(bare, "python3", 'case "$2" in *ensurepip*|*libgomp*) exit 1;; esac; exit 0')
    done = bootstrap(bare, root=False)
    assert done.returncode == 1
    assert done.stderr == (
        "Missing: python3-venv libgomp1. Install with: sudo apt-get install python3-venv libgomp1\n"
    )


def test_an_old_python_is_refused(bare: Path) -> None:
    program(bare, "python3", "exit 1")
    done = bootstrap(bare, root=False)
    assert done.returncode == 1
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root installs packages")
def test_as_root_it_installs_what_is_missing_and_refreshes_the_lists_only_if_that_fails(bare: Path) -> None:
    program(bare, "python3", 'case "$2" in *ensurepip*|*libgomp*) exit 1;; esac; exit 0')
    called = bare / "called"
    program(bare, "apt-get", f'echo "$1 $DEBIAN_FRONTEND" >>{called}; [ "$1" = update ]')
    assert bootstrap(bare, root=True).returncode != 0
    assert called.read_text().splitlines() == ["install noninteractive", "update ", "install noninteractive"]


def test_make_alone_names_the_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    for target in ("run", "test", "check", "prove", "format", "clean"):
        assert f"make {target} " in done.stdout


def test_the_ci_command_is_the_readmes_test_command() -> None:
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text()
    assert "make test" in (ROOT / "README.md").read_text()
