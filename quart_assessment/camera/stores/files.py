"""A folder of files: written and read on threads of its own, durable before they can be found.

A name is `{session}/{capture}.{random}`, new for each upload: no upload can replace or remove another's
bytes, and a file is found only by the row that names it.
"""

from __future__ import annotations

import asyncio
import io
import logging
import os
import secrets
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import TypeVar
from uuid import UUID

from aiofiles.threadpool import wrap
from aiofiles.threadpool.binary import AsyncFileIO

from quart_assessment import measures
from quart_assessment.camera.stores import disk
from quart_assessment.camera.stores.incoming import HOP_BYTES, INCOMING, IncomingFile
from quart_assessment.problems import Unavailable
from quart_assessment.remembered import Remembered
from quart_assessment.settings import Settings

HOP_SECONDS = 60.0
LEFTOVER_SECONDS = 3600.0
RETRY_SECONDS = 1
_DURABLE_FOLDERS = 10_000

Done = TypeVar("Done")
log = logging.getLogger(__name__)


class FileStore:
    """The store on a local or mounted folder. Only its owner may read it."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.store
        self.incoming_folder = self.root / INCOMING
        self.max_side = settings.capture_side
        self._threads = settings.disk_threads
        self._leftover = max(LEFTOVER_SECONDS, 2 * settings.body_total_timeout)
        self._pool: ThreadPoolExecutor | None = None
        self._durable: Remembered[str, bool] = Remembered(_DURABLE_FOLDERS)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The threads all work on the disk is done by; made on first use, after the worker was forked."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(
                self._threads, thread_name_prefix="disk", initializer=disk.let_the_loop_go_first
            )
        return self._pool

    async def start(self) -> None:
        """Make the folders, and drop what killed workers left half received."""
        await self.hop(self._prepare)

    async def stop(self) -> None:
        """Finish what is under way and end the threads."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await asyncio.to_thread(pool.shutdown)

    def incoming(self, session_id: UUID) -> IncomingFile:
        """Begin to receive a file of a session."""
        return IncomingFile(self, session_id)

    async def size(self, key: str) -> int | None:
        """Give the length of a kept file, None where there is none.

        Raises:
            Unavailable: the disk cannot be read.
        """

        def measured() -> int | None:
            try:
                return os.stat(self.root / key).st_size
            except FileNotFoundError:
                return None

        return await self.hop(measured)

    async def chunks(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Read the bytes of a kept file from `start` up to `stop`.

        Raises:
            Unavailable: the disk cannot be read, or the file is shorter.
        """
        raw = await self.hop(lambda: io.FileIO(self.root / key))
        try:
            file = self.wrapped(raw)
            async with patient():
                await file.seek(start)
            while start < stop:
                async with patient():
                    data = await file.read(min(HOP_BYTES, stop - start))
                if not data:
                    raise Unavailable(retry_after=RETRY_SECONDS)
                start += len(data)
                yield data
        finally:
            self.pool.submit(raw.close)

    async def remove(self, key: str) -> None:
        """Remove a kept file that no row names; one that is not there is no error."""
        await self.hop(lambda: disk.remove(f"{self.root}/{key}"))

    async def ready(self) -> None:
        """Prove that a file can be written and made durable now.

        Raises:
            Unavailable: it cannot.
        """
        await self.hop(self._probe)

    async def hop(self, work: Callable[[], Done]) -> Done:
        """Do `work` on a thread of the disk; raises Unavailable where it fails or takes too long."""
        async with patient():
            return await asyncio.get_running_loop().run_in_executor(self.pool, work)

    def wrapped(self, file: io.FileIO) -> AsyncFileIO:
        """Give the asynchronous form of an open file."""
        wrapped: AsyncFileIO = wrap(file, loop=asyncio.get_running_loop(), executor=self.pool)
        return wrapped

    def make_folder_durable(self, name: str) -> None:
        """Make a session's folder, so that it is there after a power loss; runs on a thread."""
        if name not in self._durable:
            disk.make_folder(f"{self.root}/{name}")
            # Another worker may have made it a moment ago, without its fsync being done yet.
            disk.make_names_durable(str(self.root))
            self._durable.note(name, True)

    def forget_folder(self, name: str) -> None:
        """Make a session's folder again with its next file: somebody removed it."""
        self._durable.forget(name)

    def _prepare(self) -> None:
        os.makedirs(self.root, 0o700, exist_ok=True)
        disk.make_folder(str(self.incoming_folder))
        disk.make_names_durable(str(self.root))
        before = time.time() - self._leftover
        for path in self.incoming_folder.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    os.unlink(path)

    def _probe(self) -> None:
        path = f"{self.incoming_folder}/probe.{secrets.token_hex(8)}"
        try:
            handle = disk.create(path)
            try:
                disk.write_all(handle, b"ready")
                disk.make_durable(handle)
            finally:
                os.close(handle)
        finally:
            disk.remove(path)


@asynccontextmanager
async def patient() -> AsyncIterator[None]:
    """Wait for the disk at most HOP_SECONDS, and turn its failures into Unavailable."""
    try:
        async with asyncio.timeout(HOP_SECONDS):
            yield
    except TimeoutError:
        measures.timeouts.labels("disk").inc()
        raise Unavailable(retry_after=RETRY_SECONDS) from None
    except OSError as error:
        # Never the error itself: its text holds the path.
        log.warning("the store failed", extra={"errno": error.errno})
        raise Unavailable(retry_after=RETRY_SECONDS) from None
