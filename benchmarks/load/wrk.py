"""Closed loops by wrk: so many clients, each sending its next request when the last one is answered."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Closed:
    """What a closed loop saw; times in milliseconds, `failed` counts broken calls and replies above 399."""

    requests: int
    seconds: float
    p50: float
    p99: float
    most: float
    failed: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def closed_loop(url: str, script: str, words: list[str], *, clients: int, seconds: float) -> Closed:
    """Run wrk for `seconds` with a script of this folder.

    Raises:
        RuntimeError: wrk is missing or failed.
    """
    program = shutil.which("wrk")
    if program is None:
        raise RuntimeError("wrk is missing: `bin/bootstrap bench` installs it as root")
    command = [program, "-t", "1", "-c", str(clients), "-d", f"{round(seconds)}s", "--timeout", "30s"]
    done = subprocess.run(
        [*command, "-s", str(SCRIPTS / script), url, "--", *words],
        capture_output=True,
        text=True,
        timeout=seconds + 60,
    )
    for line in done.stdout.splitlines():
        if line.startswith("RESULT "):
            return Closed(**json.loads(line.removeprefix("RESULT ")))
    raise RuntimeError(f"wrk failed: {done.stdout[-500:]}{done.stderr[-500:]}")
