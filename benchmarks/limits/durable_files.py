"""`python -m benchmarks.limits.durable_files FOLDER BYTES THREADS SECONDS [WAY]`: files made durable, nothing else.

Threads of two processes make them, in one of the ways below; prints the files made and the seconds it took. The
files are cut when all are made, and stay: see `benchmarks.uploads` for what removing them would do to the next run.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

PROCESSES = 2
_LIBRARY = ctypes.CDLL(None, use_errno=True)


class Shared:
    """One call for all threads that wait: who comes first makes it, those who come meanwhile share the next."""

    def __init__(self, work: Callable[[str], None]) -> None:
        self._work = work
        self._turn = threading.Condition()
        self._running = False
        self._begun = self._done = 0

    def call(self, folder: str) -> None:
        """Return when a call that began after this one has been made."""
        with self._turn:
            mine = self._begun + 1
            while self._running:
                self._turn.wait()
            if self._done >= mine:
                return
            self._running = True
            self._begun = number = self._begun + 1
        self._work(folder)
        with self._turn:
            self._running, self._done = False, number
            self._turn.notify_all()


def _fsync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)


def _sync_file_system(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    if _LIBRARY.syncfs(handle):
        raise OSError(ctypes.get_errno(), "syncfs")
    os.close(handle)


class Way:
    """One way to make files durable, for the threads of one process; each thread has a folder of its own."""

    def __init__(self) -> None:
        self.folder_synced = Shared(_fsync_folder)
        self.system_synced = Shared(_sync_file_system)

    def make(self, folder: str, name: str, content: bytes) -> None:
        """Write, fsync, rename, fsync the folder: what the service does."""
        handle = self.write(folder, name, content)
        os.fsync(handle)
        self.written(handle)
        os.rename(f"{folder}/{name}.part", f"{folder}/{name}")
        _fsync_folder(folder)

    def write(self, folder: str, name: str, content: bytes) -> int:
        """Write the file under its first name."""
        handle = os.open(f"{folder}/{name}.part", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(handle, content)
        return handle

    def written(self, handle: int) -> None:
        """Close it, its pages given back."""
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


class PagesKept(Way):
    """The same, the pages left in memory."""

    def written(self, handle: int) -> None:
        os.close(handle)


class FolderShared(Way):
    """All in one folder, whose fsync threads share."""

    def make(self, folder: str, name: str, content: bytes) -> None:
        name, folder = f"{os.path.basename(folder)}-{name}", os.path.dirname(folder)
        handle = self.write(folder, name, content)
        os.fsync(handle)
        self.written(handle)
        os.rename(f"{folder}/{name}.part", f"{folder}/{name}")
        self.folder_synced.call(folder)


class SystemTwice(Way):
    """A shared syncfs in the place of either fsync."""

    def make(self, folder: str, name: str, content: bytes) -> None:
        handle = self.write(folder, name, content)
        self.system_synced.call(folder)
        self.written(handle)
        os.rename(f"{folder}/{name}.part", f"{folder}/{name}")
        self.system_synced.call(folder)


class SystemOnce(Way):
    """One shared syncfs after the rename: a name may be durable before its bytes are."""

    def make(self, folder: str, name: str, content: bytes) -> None:
        os.close(self.write(folder, name, content))
        os.rename(f"{folder}/{name}.part", f"{folder}/{name}")
        self.system_synced.call(folder)


class NotDurable(Way):
    """Written and renamed, no more."""

    def make(self, folder: str, name: str, content: bytes) -> None:
        os.close(self.write(folder, name, content))
        os.rename(f"{folder}/{name}.part", f"{folder}/{name}")


WAYS: dict[str, type[Way]] = {
    "each": Way,
    "pages-kept": PagesKept,
    "folder-shared": FolderShared,
    "syncfs-twice": SystemTwice,
    "syncfs-once": SystemOnce,
    "not-durable": NotDurable,
}


def _make_files(way: Way, folder: str, content: bytes, until: float) -> int:
    os.makedirs(folder)
    made = 0
    while time.monotonic() < until:
        way.make(folder, str(made), content)
        made += 1
    return made


def _in_threads(way: str, folder: str, size: int, threads: int, until: float) -> int:
    content, chosen = os.urandom(size), WAYS[way]()
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_make_files, chosen, f"{folder}/{one}", content, until) for one in range(threads)]
        return sum(job.result() for job in jobs)


def main() -> None:
    """Print `FILES SECONDS`."""
    folder, size, threads, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    way = sys.argv[5] if len(sys.argv) > 5 else "each"
    share = max(1, threads // PROCESSES)
    with ProcessPoolExecutor(PROCESSES) as pool:
        began = time.monotonic()
        until = began + seconds
        jobs = [
            pool.submit(_in_threads, way, str(folder / f"p{one}"), size, share, until)
            for one in range(PROCESSES)
        ]
        made = sum(job.result() for job in jobs)
        print(made, time.monotonic() - began)
    for path in folder.glob("**/*"):
        if path.is_file():
            os.truncate(path, 0)


if __name__ == "__main__":
    main()
