"""The processes a local run starts: each in a session of its own, so that Ctrl-C reaches only the run itself,
which ends them in order; and each ended by the kernel should the run be killed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_LOG_BYTES = 16 * 1024 * 1024
_RESTART_SECONDS = 1.0
_LONGEST_RESTART_SECONDS = 30.0


class Child:
    """One process running a verb of quart-assessment; what it prints goes to its log, mode 0600."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self._words = [*words, "--with-parent", str(os.getpid())]
        self._environment = dict(environment)
        self.log = log
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it; returns when it was started, not when it serves."""
        log = await asyncio.to_thread(_open_log, self.log)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "quart_assessment.cli.main", *self._words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        finally:
            os.close(log)

    async def ended(self) -> int:
        """Wait for its end; gives its exit status."""
        if self._process is None:
            raise RuntimeError("not started")
        return await self._process.wait()

    async def stop(self, seconds: float) -> None:
        """End it in order, by force after `seconds`; nothing it started in its session is left."""
        process = self._process
        if process is None:
            return
        if process.returncode is None:
            process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), seconds)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def keep_running(self) -> None:
        """Start it again whenever it ends, after a pause that grows while it fails; until cancelled."""
        clock = asyncio.get_running_loop().time
        pause = _RESTART_SECONDS
        while True:
            begun = clock()
            await self.ended()
            pause = _RESTART_SECONDS if clock() - begun > 60 else min(2 * pause, _LONGEST_RESTART_SECONDS)
            await asyncio.sleep(pause)
            await self.start()


def _open_log(path: Path) -> int:
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        path.rename(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
