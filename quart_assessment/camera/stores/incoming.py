"""One file on its way into the folder: gathered in memory, written in few hops, durable before it is found."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from mmap import ACCESS_READ, mmap
from time import perf_counter
from typing import TYPE_CHECKING
from uuid import UUID

from quart_assessment import measures
from quart_assessment.camera.images import inspect_image
from quart_assessment.camera.stores import Sealed, disk
from quart_assessment.settings import KIB

if TYPE_CHECKING:
    from quart_assessment.camera.stores.files import FileStore

HOP_BYTES = 256 * KIB
INCOMING = "incoming"


class IncomingFile:
    """A file on its way into a FileStore.

    What fits into HOP_BYTES is hashed, looked at, written and made durable in one hop to a thread; only then it
    touches the disk at all. Of a longer one no more than HOP_BYTES wait in memory.
    """

    def __init__(self, store: FileStore, session_id: UUID) -> None:
        self._store = store
        self._folder = str(session_id)
        self._suffix = f"{random.getrandbits(64):016x}"
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._sha256 = hashlib.sha256()
        self._written = 0
        self._handle: int | None = None
        self._stands_at: str | None = None
        self._begun = False
        self._kept = False
        self._dropped = False
        # Held by each hop, so that a file is not dropped under the hands of one that its caller did not await.
        self._lock = threading.Lock()

    async def write(self, data: bytes) -> None:
        """Take more bytes; raises Unavailable where the disk cannot."""
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._gathered_bytes >= HOP_BYTES:
            await self._store.hop(partial(self._append, self._taken()))

    async def seal(self) -> Sealed:
        """Take no more bytes, check that all stand on the disk, and look at them; raises Unavailable."""
        if not self._begun and not self._gathered:
            return Sealed(0, self._sha256.digest(), None)
        return await self._store.hop(partial(self._seal, self._taken()))

    async def keep(self, capture_id: UUID) -> str:
        """Make the sealed file durable under its own name and give that; raises Unavailable."""
        key = self._key(capture_id)
        began = perf_counter()
        await self._store.hop(partial(self._make_final, key))
        self._kept = True
        measures.stored_files.observe(perf_counter() - began)
        return key

    async def finish(self, capture_id: UUID, accept: Callable[[Sealed], bool]) -> tuple[Sealed, str | None]:
        """Seal and, where `accept` says so, keep, in one hop; gives the name, None where it was not accepted.

        Raises:
            Unavailable: the disk cannot.
        """
        key = self._key(capture_id)
        began = perf_counter()
        sealed, self._kept = await self._store.hop(partial(self._finish, self._taken(), key, accept))
        measures.stored_files.observe(perf_counter() - began)
        return sealed, key if self._kept else None

    def discard(self) -> None:
        """Drop what was not kept. Waits for nothing, so that a cancelled request can call it."""
        self._gathered.clear()
        if self._begun and not self._kept:
            self._store.pool.submit(self._drop)

    def _key(self, capture_id: UUID) -> str:
        return f"{self._folder}/{capture_id}.{self._suffix}"

    def _taken(self) -> list[bytes]:
        pieces, self._gathered = self._gathered, []
        self._gathered_bytes = 0
        self._begun = True
        return pieces

    def _append(self, pieces: Sequence[bytes]) -> None:
        with self._lock:
            self._write_hashed(pieces)

    def _seal(self, pieces: Sequence[bytes]) -> Sealed:
        with self._lock:
            self._write_hashed(pieces)
            return self._look()

    def _finish(
        self, pieces: Sequence[bytes], key: str, accept: Callable[[Sealed], bool]
    ) -> tuple[Sealed, bool]:
        with self._lock:
            if self._handle is None:
                data = b"".join(pieces)
                image = inspect_image(data, self._store.max_side)
                sealed = Sealed(len(data), hashlib.sha256(data).digest(), image)
            else:
                self._write_hashed(pieces)
                sealed = self._look()
            if not accept(sealed):
                return sealed, False
            if self._handle is None:
                self._write(data)
                self._check_length()
            self._name(key)
            return sealed, True

    def _make_final(self, key: str) -> None:
        with self._lock:
            self._name(key)

    def _write_hashed(self, pieces: Sequence[bytes]) -> None:
        data = b"".join(pieces)
        self._write(data)
        self._sha256.update(data)

    def _write(self, data: bytes) -> None:
        if self._dropped:
            raise OSError("dropped before it was written")
        if self._handle is None:
            path = f"{self._store.incoming_folder}/{self._folder}.{self._suffix}"
            self._handle = disk.create(path)
            self._stands_at = path
        disk.write_all(self._handle, data)
        self._written += len(data)

    def _look(self) -> Sealed:
        """Compare what stands on the disk with what was written, and look at it."""
        handle = self._check_length()
        with mmap(handle, 0, access=ACCESS_READ) as mapped:
            image = inspect_image(mapped, self._store.max_side)
        return Sealed(self._written, self._sha256.digest(), image)

    def _check_length(self) -> int:
        if self._handle is None or os.fstat(self._handle).st_size != self._written:
            raise OSError("short file")
        return self._handle

    def _name(self, key: str) -> None:
        handle, path = self._handle, self._stands_at
        if handle is None or path is None:
            raise OSError("dropped before it was named")
        disk.make_durable(handle)
        disk.forget_pages(handle)
        self._handle = None
        os.close(handle)
        self._store.make_folder_durable(self._folder)
        final = f"{self._store.root}/{key}"
        try:
            os.rename(path, final)
        except FileNotFoundError:
            self._store.forget_folder(self._folder)
            raise
        self._stands_at = final
        disk.make_names_durable(f"{self._store.root}/{self._folder}")

    def _drop(self) -> None:
        with self._lock:
            self._dropped = True
            handle, self._handle = self._handle, None
            if handle is not None:
                os.close(handle)
            path, self._stands_at = self._stands_at, None
            if path is not None:
                disk.remove(path)
