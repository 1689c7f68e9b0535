"""A PostgreSQL of a test's own, which it may stop, kill and start again."""

from __future__ import annotations

import asyncio
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from quart_assessment.cli.environment import with_database
from quart_assessment.database import embedded
from quart_assessment.database.migrations import migrate
from quart_assessment.database.postgres_programs import EmbeddedDatabaseError
from quart_assessment.settings import Settings
from tests.ground.postgres import Database

START_SECONDS = 30


@dataclass(frozen=True, slots=True)
class OwnServer:
    """One running PostgreSQL with one migrated database."""

    settings: Settings
    database: Database

    async def stop(self) -> None:
        """Stop it in order; running statements are ended."""
        await embedded.stop(self.settings)

    async def start(self) -> None:
        """Start it, and wait for it through its recovery and until its last processes have gone."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                try:
                    await embedded.start(self.settings)
                    return
                except EmbeddedDatabaseError:
                    await asyncio.sleep(0.1)

    def kill(self) -> None:
        """Kill the postmaster; its children notice, and go."""
        self._postmaster().send_signal(signal.SIGKILL)

    def lose_power(self) -> None:
        """Kill all its processes at once: what they held in memory is gone, what was written to the disk is not."""
        postmaster = self._postmaster()
        for process in [postmaster, *postmaster.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)

    async def set(self, **parameters: str) -> None:
        """Change the server's configuration, and have it read again."""
        connection = await self.database.connect(superuser=True)
        try:
            for name, value in parameters.items():
                await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
            await connection.execute("SELECT pg_reload_conf()")
        finally:
            await connection.close()

    def _postmaster(self) -> psutil.Process:
        lock = next(self.settings.var_dir.rglob("postmaster.pid"))
        return psutil.Process(int(lock.read_text().split("\n")[0]))


@asynccontextmanager
async def own_server() -> AsyncIterator[OwnServer]:
    """Start a PostgreSQL in a folder of its own, and leave nothing of it."""
    folder = Path(tempfile.mkdtemp(prefix="qa-own-"))
    folder.chmod(0o711)
    settings = Settings(var_dir=folder)
    try:
        addresses = await embedded.start(settings)
        await migrate(with_database(settings, addresses))
        database = Database(
            embedded.DATABASE,
            addresses.database_url,
            addresses.migration_database_url,
            addresses.superuser_url,
        )
        yield OwnServer(settings, database)
    finally:
        await embedded.stop(settings)
        shutil.rmtree(folder, ignore_errors=True)
