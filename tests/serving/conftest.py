from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Server:
    """A running Uvicorn with one worker."""

    port: int
    process: psutil.Process
    log: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def resident(self) -> int:
        size: int = self.process.memory_info().rss
        return size


@contextmanager
def running(app: str, environment: Mapping[str, str], http: str = "httptools") -> Iterator[Server]:
    """Run an app under Uvicorn, in a process of its own; `http` names the class of its connections."""
    command = [sys.executable, "-m", "uvicorn", "--port", "0", "--loop", "uvloop", "--http", http]
    command += ["--ws", "none", "--timeout-graceful-shutdown", "1", app]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    log: list[str] = []
    for line in process.stderr:
        log.append(line)
        if found := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
            break
    else:
        raise AssertionError("".join(log))
    reader = threading.Thread(target=lambda: log.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        yield Server(int(found[1]), psutil.Process(process.pid), log)
    finally:
        process.terminate()
        process.wait(10)
        reader.join(5)


@pytest.fixture(scope="session", params=["plain", "lean"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """The app behind PullBodies, served by plain Quart and by the lean parts."""
    limits = {"BODY_SILENCE_TIMEOUT": "1", "BODY_TOTAL_TIMEOUT": "6", "BODY_BYTES_A_SECOND": "8192"}
    lean = {"LEAN": "1" if request.param == "lean" else "0"}
    with running("tests.serving.pulling_app:app", limits | lean) as started:
        yield started
