"""A real PostgreSQL of our own, for a run without a database server: fsync and passwords on, no network.

It listens on a Unix socket in a folder only its owner may enter. Two roles: `qa_owner` owns the database
and its tables, `qa_app` serves. Their passwords are random and kept in VAR_DIR/postgresql.json, mode 0600.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg

from quart_assessment.database.postgres_programs import (
    SOCKET_NAME,
    EmbeddedDatabaseError,
    Place,
    find_place,
    run_program,
)
from quart_assessment.settings import Settings

DATABASE = "quart_assessment"
OWNER = "qa_owner"
APPLICATION = "qa_app"
SUPERUSER = "postgres"

# The log of a database that holds answers must not hold any: no DETAIL, no statement, no parameter, and no
# ERROR of a client at all, whose text may quote a value; the application logs its own.
_QUIET = {
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_lock_waits": "off",
}
_LEAST_CONNECTIONS = 100
_SPARE_CONNECTIONS = 20
# Greater than any process id Linux hands out (2^22).
_NOBODY = 4_194_305


@dataclass(frozen=True, slots=True)
class EmbeddedDatabase:
    """How to reach a running embedded PostgreSQL: as application, as owner of the tables, as superuser."""

    database_url: str
    migration_database_url: str
    superuser_url: str
    folder: Path
    log: Path


@dataclass(frozen=True, slots=True)
class _Passwords:
    superuser: str
    owner: str
    application: str


async def start(settings: Settings) -> EmbeddedDatabase:
    """Start the database of VAR_DIR, making it first if there is none, and wait until it takes logins.

    A server left running by a killed process is taken over. Raises EmbeddedDatabaseError: its text says why.
    """
    place = await find_place(settings.var_dir)
    passwords = await asyncio.to_thread(_passwords, settings.var_dir, place)
    if not await asyncio.to_thread((place.data / "PG_VERSION").exists):
        await _initialise(place, passwords)
    if not await _runs(place):
        await asyncio.to_thread(_disown_stale_locks, place)
        await _launch(place, settings)
    database = _addresses(place, passwords)
    await _prepare_roles(database, passwords)
    return database


async def stop(settings: Settings) -> None:
    """Stop the database of VAR_DIR: no new logins, running statements are ended, everything is on disk."""
    place = await find_place(settings.var_dir)
    if not await _runs(place):
        return
    status, printed = await _control(place, "stop", "-m", "fast", "-w", "-t", "60")
    if status != 0 and await _runs(place):
        raise EmbeddedDatabaseError(f"PostgreSQL does not stop: {_last_line(printed)}")


async def find_running(settings: Settings) -> EmbeddedDatabase | None:
    """Give the addresses of VAR_DIR's database if it is running; another process started it."""
    kept = settings.var_dir / "postgresql.json"
    if not await asyncio.to_thread(kept.exists):
        return None
    place = await find_place(settings.var_dir)
    if not await _runs(place):
        return None
    return _addresses(place, await asyncio.to_thread(_passwords, settings.var_dir, place))


def _passwords(var_dir: Path, place: Place) -> _Passwords:
    kept = var_dir / "postgresql.json"
    try:
        return _Passwords(**json.loads(kept.read_text()))
    except FileNotFoundError:
        if (place.data / "PG_VERSION").exists():
            raise EmbeddedDatabaseError(
                f"{kept} with the passwords of the database in {place.data} is missing."
            ) from None
    except (ValueError, TypeError):
        raise EmbeddedDatabaseError(f"{kept} cannot be read.") from None
    passwords = _Passwords(*(secrets.token_urlsafe(24) for _ in range(3)))
    being_written = kept.with_suffix(".new")
    being_written.unlink(missing_ok=True)
    handle = os.open(being_written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w") as file:
        json.dump(asdict(passwords), file)
        file.flush()
        os.fsync(file.fileno())
    being_written.rename(kept)
    return passwords


async def _initialise(place: Place, passwords: _Passwords) -> None:
    """Make the data directory and move it to its place whole: a killed start leaves no half of one."""
    being_made = place.folder / "data.new"
    password_file = place.folder / "password"
    await asyncio.to_thread(shutil.rmtree, being_made, ignore_errors=True)
    await asyncio.to_thread(_write_for, password_file, passwords.superuser, place)
    try:
        status, printed = await run_program(
            [
                place.programs / "initdb",
                *("-D", being_made, "-U", SUPERUSER, f"--pwfile={password_file}", "--data-checksums"),
                *("--auth-local=scram-sha-256", "--auth-host=scram-sha-256", "--encoding=UTF8"),
                *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            ],
            place.os_user,
        )
    finally:
        password_file.unlink(missing_ok=True)
    if status != 0:
        raise EmbeddedDatabaseError(f"PostgreSQL's data directory cannot be made: {_last_line(printed)}")
    being_made.rename(place.data)


def _write_for(path: Path, content: str, place: Place) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w") as file:
        file.write(content + "\n")
    owner = place.folder.stat()
    os.chown(path, owner.st_uid, owner.st_gid)


async def _runs(place: Place) -> bool:
    """Whether a server runs on this data directory; a process that merely got its old id is none."""
    status, _ = await _control(place, "status")
    return status == 0 and await asyncio.to_thread(_is_postgres, place.data / "postmaster.pid")


async def _control(place: Place, *words: str) -> tuple[int, str]:
    return await run_program([place.programs / "pg_ctl", "-D", place.data, *words], place.os_user)


async def _launch(place: Place, settings: Settings) -> None:
    # A reload starts the new workers before the old ones are gone.
    connections = max(_LEAST_CONNECTIONS, 2 * settings.connections + _SPARE_CONNECTIONS)
    given = _QUIET | {
        "listen_addresses": "",
        "unix_socket_directories": str(place.sockets),
        "unix_socket_permissions": "0700",
        "max_connections": str(connections),
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in given.items())
    status, printed = await _control(place, "start", "-w", "-t", "60", "-l", str(place.log), "-o", options)
    if status != 0:
        raise EmbeddedDatabaseError(f"PostgreSQL does not start: {_last_line(printed)} See {place.log}.")


def _is_postgres(lock: Path) -> bool:
    try:
        named = int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return False
    try:
        return Path(f"/proc/{named}/cmdline").read_bytes().split(b"\0", 1)[0].endswith(b"/postgres")
    except OSError:
        return not Path("/proc/self").exists()


def _disown_stale_locks(place: Place) -> None:
    """Correct lock files that name a living process which is no PostgreSQL: its id was given out again.

    The data directory's lock is kept otherwise as it is: PostgreSQL still checks its shared memory for
    backends that outlived a killed server.
    """
    lock = place.data / "postmaster.pid"
    if lock.exists() and not _is_postgres(lock):
        lines = lock.read_text().split("\n")
        lock.write_text("\n".join([str(_NOBODY), *lines[1:]]))
    (place.sockets / f"{SOCKET_NAME}.lock").unlink(missing_ok=True)


def _addresses(place: Place, passwords: _Passwords) -> EmbeddedDatabase:
    def address(role: str, password: str, database: str) -> str:
        return f"postgresql+asyncpg://{role}:{password}@/{database}?host={quote(str(place.sockets))}"

    return EmbeddedDatabase(
        database_url=address(APPLICATION, passwords.application, DATABASE),
        migration_database_url=address(OWNER, passwords.owner, DATABASE),
        superuser_url=address(SUPERUSER, passwords.superuser, "postgres"),
        folder=place.folder,
        log=place.log,
    )


async def connect(url: str, *, database: str | None = None) -> asyncpg.Connection:
    """Open one connection outside of any pool. `url` is one of EmbeddedDatabase's."""
    return await asyncpg.connect(url.replace("+asyncpg", "", 1), database=database, timeout=10)


async def _prepare_roles(database: EmbeddedDatabase, passwords: _Passwords) -> None:
    try:
        server = await connect(database.superuser_url)
    except asyncpg.InvalidPasswordError:
        raise EmbeddedDatabaseError(
            f"The server running in {database.folder} does not know the passwords of this VAR_DIR."
        ) from None
    try:
        for role, password in ((OWNER, passwords.owner), (APPLICATION, passwords.application)):
            if not await server.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
                await server.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{password}'")
        if not await server.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await server.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    finally:
        await server.close()
    server = await connect(database.superuser_url, database=DATABASE)
    try:
        await server.execute(
            f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC;"
            f"GRANT CONNECT, TEMPORARY ON DATABASE {DATABASE} TO {APPLICATION};"
            f"ALTER SCHEMA public OWNER TO {OWNER};"
            f"REVOKE ALL ON SCHEMA public FROM PUBLIC;"
            f"GRANT USAGE ON SCHEMA public TO {APPLICATION}"
        )
    finally:
        await server.close()


def _last_line(printed: str) -> str:
    return printed.splitlines()[-1] if printed else "it said nothing."
