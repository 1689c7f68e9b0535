"""The worker as it is run for real: `quart-assessment worker` in a process of its own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.ground.postgres import Database
from tests.ground.service import MODULE, PYTHON, bare_environment

Work = Callable[..., "WorkerProcess"]


@dataclass(frozen=True, slots=True)
class WorkerProcess:
    """One running `quart-assessment worker`."""

    process: subprocess.Popen[bytes]
    log: Path
    alive: Path

    def printed(self) -> str:
        """All it logged so far."""
        return self.log.read_text(errors="replace")

    def end(self, seconds: float = 30) -> int:
        """Tell it to stop, and wait; gives its exit status."""
        self.process.terminate()
        return self.process.wait(seconds)

    def kill(self) -> None:
        """Kill it as a power loss would, and wait until it is gone."""
        self.process.kill()
        self.process.wait(5)


def working(folder: Path) -> Iterator[Work]:
    """Start workers: work(database, any setting=...); they begin to look at once, and soon again after a failure."""
    started: list[WorkerProcess] = []

    def start(database: Database, module: str = MODULE, **settings: object) -> WorkerProcess:
        number = len(started) + 1
        log, alive = folder / f"worker-{number}.log", folder / f"alive-{number}"
        defaults = {"job_poll_seconds": 0.2, "job_lease_seconds": 2, "job_backoff_seconds": 0.1}
        given = {"database_url": database.url, "graceful_timeout": 5} | defaults | settings
        environment = bare_environment() | {name.upper(): str(value) for name, value in given.items()}
        with open(log, "wb") as output:
            process = subprocess.Popen(
                [*PYTHON, module, "worker", "--alive", str(alive)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=environment,
            )
        made = WorkerProcess(process, log, alive)
        started.append(made)
        return made

    yield start
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(5)
