"""The service as it is run for real: `quart-assessment serve` in processes and on a port of its own."""

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.ground.ports import free_port, wait_until
from tests.ground.postgres import Database

PYTHON = [sys.executable, "-P", "-m"]
MODULE = "quart_assessment.cli.main"
PROGRAM = [*PYTHON, MODULE]


@dataclass(frozen=True, slots=True)
class Model:
    """An OpenAI-compatible server to talk to."""

    base_url: str
    key: str
    name: str = "smollm2-135m-instruct"


def bare_environment() -> dict[str, str]:
    """What a process needs of this one's environment; no setting of the developer's among it."""
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "XDG_RUNTIME_DIR")
    return {name: os.environ[name] for name in kept if name in os.environ}


@dataclass(slots=True)
class Service:
    """One running service: a Gunicorn master with its workers."""

    port: int
    log: Path
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def store(self) -> Path:
        """The folder of its captures."""
        return Path(self.environment["STORE_DIR"])

    def client(self, **options: object) -> httpx.AsyncClient:
        """A client of its own cookies for this service."""
        # No TLS is spoken here, and reading the system's authorities takes longer than most calls.
        given = {"base_url": self.url, "timeout": httpx.Timeout(30), "verify": False} | options
        return httpx.AsyncClient(**given)  # type: ignore[arg-type]

    def workers(self) -> list[psutil.Process]:
        """Those that serve at the moment."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if child.is_running() and not _has_ended(child)]

    def kill_workers(self) -> None:
        """Kill those that serve, as a power loss would; their master starts others."""
        for worker in self.workers():
            worker.kill()

    def printed(self) -> str:
        """All it logged so far."""
        return self.log.read_text(errors="replace")

    def answers(self, path: str = "/healthz") -> bool:
        try:
            return httpx.get(f"{self.url}{path}", timeout=5, verify=False).status_code == 200
        except httpx.TransportError:
            return False

    def wait_until_ready(self, path: str = "/healthz", seconds: float = 60) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, f"the service ended:\n{self.printed()[-4000:]}"
            return self.answers(path)

        wait_until(ready, f"{path} of the service:\n{self.printed()[-4000:]}", seconds)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, seconds: float = 40) -> None:
        """End it in order, by force after `seconds`; nothing of it is left."""
        left = self.workers() if self.process.poll() is None else []
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        for worker in left:
            if worker.is_running():
                worker.kill()


def start_service(
    folder: Path,
    database: Database,
    *,
    model: Model | None = None,
    ready: str = "/healthz",
    port: int | None = None,
    module: str = MODULE,
    **settings: object,
) -> Service:
    """Start a service whose state lies in `folder` and wait until `ready` answers 200.

    `settings` are named as in the environment, in small letters; `module` is the program to run.
    """
    port = port or free_port()
    environment = bare_environment() | {
        "DATABASE_URL": database.url,
        "SECRET_KEY": secrets.token_urlsafe(48),
        "PORT": str(port),
        "VAR_DIR": str(folder / f"var-{port}"),
        "STORE_DIR": str(folder / "store"),
        "WEB_CONCURRENCY": "2",
        "GRACEFUL_TIMEOUT": "10",
    }
    if model is not None:
        environment |= {"LLM_BASE_URL": model.base_url, "LLM_API_KEY": model.key, "LLM_MODEL": model.name}
    environment |= {name.upper(): str(value) for name, value in settings.items()}
    service = start_process(
        folder, port, environment, [*PYTHON, module, "serve", "--with-parent", str(os.getpid())]
    )
    try:
        service.wait_until_ready(ready)
    except BaseException:
        service.stop(5)
        raise
    return service


def _has_ended(child: psutil.Process) -> bool:
    """Tell whether a process is over, though its parent may not know yet."""
    try:
        return child.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextmanager
def services_in(folder: Path) -> Iterator[Callable[..., Service]]:
    """Start services, in `folder`, that end with the block."""
    started: list[Service] = []

    def start(database: Database, **options: Any) -> Service:
        service = start_service(folder, database, **options)
        started.append(service)
        return service

    try:
        yield start
    finally:
        for service in started:
            service.stop()


def start_process(folder: Path, port: int, environment: Mapping[str, str], words: list[str]) -> Service:
    """Start a program that will listen on `port`, with its output in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f"service-{port}.log"
    with open(log, "ab") as output:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=dict(environment), cwd=folder
        )
    return Service(port, log, environment, process)
