"""What every part stands on: one PostgreSQL server, databases, people in the middle of a session, programs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil

from quart_assessment.settings import Settings
from tests.ground.house import COOKIE, invitations, load_into
from tests.ground.participant import Participant, kept
from tests.ground.ports import free_port
from tests.ground.postgres import Database, Server, running_server
from tests.ground.service import Model, Service, bare_environment, start_process, start_service
from tests.ground.study import study_with

ROOT = Path(__file__).parents[1]
SECRET = "a secret that all programs of a measurement share, so that a cookie serves all"
WORKERS = 2
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in an open session: the login's cookie and, in paths, what they may write to."""

    cookie: str
    session_id: str
    questions: tuple[str, ...]

    @property
    def header(self) -> str:
        """The Cookie header."""
        return f"{COOKIE}={self.cookie}"

    @property
    def path(self) -> str:
        """Where the calls of the session begin."""
        return f"/api/sessions/{self.session_id}"


@dataclass(frozen=True, slots=True)
class Ground:
    """A folder and a PostgreSQL server for one run."""

    folder: Path
    server: Server
    quick: bool = False
    rounds: int | None = None
    seconds: int | None = None
    minutes: float | None = None

    def counts(self, rounds: int, seconds: int) -> tuple[int, int]:
        """Give how many rounds to take of how many seconds: those of the part, unless the caller said others."""
        if self.quick:
            return 1, 1
        return self.rounds or rounds, self.seconds or seconds

    def database(self) -> Database:
        """Make a migrated database."""
        return self.server.copy()

    @contextlib.contextmanager
    def service(self, database: Database, **settings: Any) -> Iterator[Service]:
        """Run the service as it is run for real, with 2 workers unless `web_concurrency` says otherwise."""
        name = f"service-{uuid4().hex[:8]}"
        model: Model | None = settings.pop("model", None)
        made = start_service(
            self.folder / name, database, model=model, ready="/healthz", secret_key=SECRET, **settings
        )
        with _stopped(made):
            yield made

    @contextlib.contextmanager
    def variant(self, database: Database, app: str, **settings: object) -> Iterator[Service]:
        """Run another app of ours, "module:name", under the service's own Gunicorn configuration."""
        words = ["-m", "gunicorn", "-c", "python:quart_assessment.serving.gunicorn_conf", app]
        with self._program(database, words, settings) as made:
            yield made

    @contextlib.contextmanager
    def flask(
        self, database: Database, *, worker: str = "gthread", executor: bool = False
    ) -> Iterator[Service]:
        """Run the Flask peer: 2 workers of 16 threads, or of greenlets; a line of log a request."""
        words = ["-m", "gunicorn", "-k", worker, "-w", str(WORKERS), "--threads", "16", "--no-control-socket"]
        words += ["--access-logfile", "-", "--keep-alive", "65", "benchmarks.peers.flask_app:app"]
        with self._program(database, words, {"peer_executor": int(executor)}) as made:
            yield made

    @contextlib.contextmanager
    def fastapi(self, database: Database) -> Iterator[Service]:
        """Run the FastAPI peer: Uvicorn with 2 workers; a line of log a request."""
        words = ["-m", "uvicorn", "--workers", str(WORKERS), "--loop", "uvloop", "--http", "httptools"]
        with self._program(
            database, [*words, "benchmarks.peers.fastapi_app:app"], {}, driver="asyncpg"
        ) as made:
            yield made

    @contextlib.contextmanager
    def _program(
        self, database: Database, words: list[str], settings: dict[str, object], driver: str = "psycopg"
    ) -> Iterator[Service]:
        port = free_port()
        folder = self.folder / f"program-{port}"
        environment = bare_environment() | {
            "PYTHONPATH": str(ROOT),
            "DATABASE_URL": database.url,
            "PEER_DATABASE_URL": database.url.replace("+asyncpg", f"+{driver}"),
            "SECRET_KEY": SECRET,
            "PORT": str(port),
            "VAR_DIR": str(folder),
            "STORE_DIR": str(folder / "store"),
            "WEB_CONCURRENCY": str(WORKERS),
            "GRACEFUL_TIMEOUT": "5",
        }
        environment |= {name.upper(): str(value) for name, value in settings.items()}
        bind = ["--port", str(port)] if "uvicorn" in words else ["--bind", f"127.0.0.1:{port}"]
        made = start_process(folder, port, environment, [sys.executable, *words, *bind])
        with _stopped(made):
            made.wait_until_ready()
            yield made


@contextlib.contextmanager
def _stopped(service: Service) -> Iterator[None]:
    try:
        yield
    finally:
        service.stop()


@contextlib.contextmanager
def ground(**counts: Any) -> Iterator[Ground]:
    """Start a run's PostgreSQL and stop it at the end; nothing of it is left. `counts`: see `Ground`."""
    # A developer's environment decides nothing about a figure.
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)
    folder = Path(tempfile.mkdtemp(prefix="qa-bench-"))
    try:
        with running_server() as server:
            yield Ground(folder, server, **counts)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def people(service: Service, database: Database, count: int, **study: Any) -> list[Person]:
    """Bring people into sessions by the service's own calls, in a study of their own, up to its first part."""
    return asyncio.run(_people(service, database, count, study))


async def _people(service: Service, database: Database, count: int, study: dict[str, Any]) -> list[Person]:
    changes = {"slug": f"bench-{uuid4().hex[:8]}", "presentation": {"order": "phq_first"}} | study
    study_id = await load_into(database, study_with(**changes))
    tokens = await invitations(database, study_id, count)
    room = asyncio.Semaphore(_AT_ONCE)

    async def arrive(token: str) -> Person:
        # Without TLS there is nothing to verify, and reading the authorities takes longer than the calls.
        async with room, service.client(verify=False) as client:
            someone = Participant(client)
            kept(await client.post("/api/auth/invitation", json={"token": token}))
            await someone.arrive()
            asked = [one["id"] for one in await someone.questions() if one["scored"] and not one["risk"]]
            if changes["presentation"]["order"] == "chat_first":
                await someone.greet()
            return Person(client.cookies[COOKIE], someone.session["id"], tuple(asked))

    return list(await asyncio.gather(*(arrive(token) for token in tokens)))


def answer_table(folder: Path, whose: Sequence[Person]) -> Path:
    """Write the table that saves.lua reads: all first questions, then all second ones, and so on."""
    lines = [
        f"{one.path}/phq/responses/{question} {one.header}\n"
        for questions in zip(*(person.questions for person in whose), strict=True)
        for one, question in zip(whose, questions, strict=True)
    ]
    path = folder / f"answers-{uuid4().hex[:8]}"
    path.write_text("".join(lines))
    return path


def capture_table(folder: Path, whose: Sequence[Person]) -> Path:
    """Write the table that captures.lua reads."""
    path = folder / f"captures-{uuid4().hex[:8]}"
    path.write_text("".join(f"{one.path}/captures {one.header}\n" for one in whose))
    return path


def counted(database: Database, statement: str) -> int:
    """Count rows as the tables' owner."""

    async def ask() -> int:
        connection = await database.connect(owner=True)
        try:
            return int(await connection.fetchval(statement))
        finally:
            await connection.close()

    return asyncio.run(ask())


def told(database: Database, *statements: str) -> None:
    """Run statements as the tables' owner, each by itself."""

    async def tell() -> None:
        connection = await database.connect(owner=True)
        try:
            for statement in statements:
                await connection.execute(statement, timeout=3600)
        finally:
            await connection.close()

    asyncio.run(tell())


def cpu_seconds(processes: Sequence[psutil.Process]) -> float:
    """Give the CPU time that processes have used so far."""
    used = 0.0
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            used += times.user + times.system
    return used


def database_processes(server: Server) -> list[psutil.Process]:
    """Give the processes of a run's PostgreSQL."""
    first = int((server.addresses.folder / "data" / "postmaster.pid").read_text().split()[0])
    postmaster = psutil.Process(first)
    return [postmaster, *postmaster.children(recursive=True)]
