"""A folder of files: written by aiofiles on threads of its own, durable before they can be found.

A name is `{session}/{capture}.{random}`, new for each upload: no upload can replace or remove another's
bytes, and a file is found only by the row that names it.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from aiofiles.threadpool import wrap
from aiofiles.threadpool.binary import AsyncFileIO

from quart_assessment import measures
from quart_assessment.camera.images import inspect_image
from quart_assessment.camera.stores import Sealed
from quart_assessment.problems import Unavailable
from quart_assessment.settings import KIB, Settings

if TYPE_CHECKING:
    from typing_extensions import Buffer

HOP_BYTES = 256 * KIB
HOP_SECONDS = 60.0
LEFTOVER_SECONDS = 3600.0
RETRY_SECONDS = 5
INCOMING = "incoming"
_DURABLE_FOLDERS = 10_000

Done = TypeVar("Done")
log = logging.getLogger(__name__)


class _HashingFile(io.FileIO):
    """A new file that writes all it is given or raises, and hashes it on the same thread.

    The lock keeps a file that is discarded in mid-write from being closed under that write's hands.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+b")
        self.sha256 = hashlib.sha256()
        self.written = 0
        self._lock = threading.Lock()

    def write(self, data: Buffer) -> int:
        with self._lock, memoryview(data) as view:
            done = 0
            # A full disk makes the first write short and only the next one an error.
            while done < len(view):
                done += os.write(self.fileno(), view[done:])
            self.sha256.update(view)
            self.written += done
            return done

    def close(self) -> None:
        with self._lock:
            super().close()

    def seal(self, max_side: int) -> Sealed:
        """Compare what stands on the disk with what was written, and look at it."""
        if os.fstat(self.fileno()).st_size != self.written:
            raise OSError("short file")
        with mmap(self.fileno(), 0, access=ACCESS_READ) as mapped:
            return Sealed(self.written, self.sha256.digest(), inspect_image(mapped, max_side))


class FileStore:
    """The store on a local or mounted folder. Only its owner may read it."""

    def __init__(self, settings: Settings) -> None:
        self.root = settings.store
        self.max_side = settings.capture_side
        self._threads = settings.disk_threads
        self._leftover = max(LEFTOVER_SECONDS, 2 * settings.body_total_timeout)
        self._pool: ThreadPoolExecutor | None = None
        self._durable: OrderedDict[Path, None] = OrderedDict()

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The threads all work on the disk is done by; made on first use, after the worker was forked."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="disk")
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
                return (self.root / key).stat().st_size
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
        await self.hop(lambda: (self.root / key).unlink(missing_ok=True))

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

    def make_durable(self, folder: Path) -> None:
        """Make a session's folder, so that it is there after a power loss; runs on a thread."""
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder not in self._durable:
            # Another worker may have made it a moment ago, without its fsync being done yet.
            fsync_folder(self.root)
            self._durable[folder] = None
            if len(self._durable) > _DURABLE_FOLDERS:
                self._durable.popitem(last=False)

    def _prepare(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        incoming = self.root / INCOMING
        incoming.mkdir(mode=0o700, exist_ok=True)
        fsync_folder(self.root)
        before = time.time() - self._leftover
        for path in incoming.iterdir():
            with suppress(FileNotFoundError):
                if path.stat().st_mtime < before:
                    path.unlink()

    def _probe(self) -> None:
        path = self.root / INCOMING / f"probe.{secrets.token_hex(8)}"
        try:
            with _HashingFile(path) as file:
                file.write(b"ready")
                os.fsync(file.fileno())
        finally:
            path.unlink(missing_ok=True)


class IncomingFile:
    """A file on its way into a FileStore. Small writes are joined until they are worth a hop to a thread."""

    def __init__(self, store: FileStore, session_id: UUID) -> None:
        self._store = store
        self._folder = store.root / str(session_id)
        self._suffix = secrets.token_hex(8)
        self._path = store.root / INCOMING / f"{session_id}.{self._suffix}"
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._raw: _HashingFile | None = None
        self._begun = False
        self._dropped = False
        self._lock = threading.Lock()

    async def write(self, data: bytes) -> None:
        """Take more bytes; raises Unavailable where the disk cannot."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= HOP_BYTES:
            await self._flush()

    async def seal(self) -> Sealed:
        """Take no more bytes, check that all stand on the disk, and look at them; raises Unavailable."""
        if self._waiting:
            await self._flush()
        raw = self._raw
        if raw is None:
            return Sealed(0, hashlib.sha256().digest(), None)
        return await self._store.hop(lambda: raw.seal(self._store.max_side))

    async def keep(self, capture_id: UUID) -> str:
        """Make the sealed file durable under its own name and give that; raises Unavailable."""
        name = f"{capture_id}.{self._suffix}"
        await self._store.hop(lambda: self._make_final(self._folder / name))
        return f"{self._folder.name}/{name}"

    def discard(self) -> None:
        """Drop what was not kept. Waits for nothing, so that a cancelled request can call it."""
        self._waiting.clear()
        if self._begun:
            self._store.pool.submit(self._drop)

    async def _flush(self) -> None:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._waiting_bytes = 0
        if self._raw is None:
            self._begun = True
            await self._store.hop(self._open)
        assert self._raw is not None
        async with patient():
            await self._store.wrapped(self._raw).write(data)

    def _open(self) -> None:
        with self._lock:
            if self._dropped:
                raise OSError("dropped before it was opened")
            self._raw = _HashingFile(self._path)

    def _make_final(self, final: Path) -> None:
        with self._lock:
            assert self._raw is not None
            os.fsync(self._raw.fileno())
            self._raw.close()
            self._store.make_durable(self._folder)
            self._path.rename(final)
            try:
                fsync_folder(self._folder)
            except OSError:
                final.unlink()
                raise

    def _drop(self) -> None:
        with self._lock:
            self._dropped = True
            if self._raw is not None:
                self._raw.close()
            self._path.unlink(missing_ok=True)


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


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable; runs on a thread."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
