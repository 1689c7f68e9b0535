"""A disk that keeps, when the power goes, what was fsynced, and of the rest nothing or some of it.

Of a file it keeps the bytes that it had at its last fsync; of a folder the names that it had at its own. The
record lies in a file, written line by line, so that it outlives a killed process.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.disk import Disk, Step, path_of_handle

Keeps = Callable[[], bool]
Facts = dict[str, Any]
ROOT = "."


@dataclass(frozen=True, slots=True)
class Record:
    """Where the record of a store's operations lies. `shadow` holds each file once more, under its number."""

    root: Path
    log: Path
    shadow: Path

    @classmethod
    def beside(cls, root: Path) -> Record:
        """Give the record of a store, in files beside it."""
        return cls(root, root.with_name(f"{root.name}.log"), root.with_name(f"{root.name}.shadow"))

    def entries(self) -> list[dict[str, Any]]:
        """Read the record."""
        return [json.loads(line) for line in self.log.read_bytes().splitlines()]

    def steps(self) -> list[str]:
        """Name the operations that were begun, in order."""
        return [entry["name"] for entry in self.entries() if entry["kind"] == "step"]

    def unseen(self) -> list[str]:
        """Name what was done past the layer."""
        return [entry["what"] for entry in self.entries() if entry["kind"] == "unseen"]


class RecordingDisk(Disk):
    """Records what is durable, and kills the process before its `stop_at`-th operation (the first is 1)."""

    def __init__(self, record: Record, stop_at: int | None = None) -> None:
        super().__init__(record.root)
        self._record = record
        self._stop_at = stop_at
        self._steps = 0
        self._looking = threading.Lock()
        self._log = -1

    def begin(self, stop_at: int | None = None) -> None:
        """Take what is there for durable, and begin a new record; the process that records must do so itself."""
        self._stop_at, self._steps = stop_at, 0
        with self.unseen():
            shutil.rmtree(self._record.shadow, ignore_errors=True)
            self._record.shadow.mkdir()
            self._log = os.open(self._record.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            for path in self.root.rglob("*"):
                if path.is_file():
                    self._shadow(path)
            self._put(kind="durable", of=self._everything())

    def before(self, step: Step) -> int | None:
        with self.unseen():
            self._put(kind="step", name=step.name, path=step.path)
            self._steps += 1
            if self._steps == self._stop_at:
                os.kill(os.getpid(), signal.SIGKILL)
            # What comes while an fsync runs may come too late for it.
            if step.handle is None:
                self._own.begun = []
            elif step.name in ("fsync", "fdatasync"):
                with self._alone():
                    self._own.begun = [_facts(self.root, step.handle)]
            elif step.name == "syncfs":
                with self._alone():
                    self._own.begun = self._everything()
        return None

    def after(self, step: Step) -> None:
        if step.creates:
            self._shadow(Path(step.path))
        elif step.name in ("fsync", "fdatasync", "syncfs"):
            self._put(kind="durable", of=self._own.begun)

    def passed(self, what: str) -> None:
        with self.unseen():
            self._put(kind="unseen", what=what)

    def _shadow(self, path: Path) -> None:
        number = path.stat().st_ino
        kept = self._record.shadow / str(number)
        if not kept.exists():
            os.link(path, kept)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes from looking meanwhile, so that who looks later sees no less."""
        with self._looking:
            fcntl.lockf(self._log, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._log, fcntl.LOCK_UN)

    def _everything(self) -> list[Facts]:
        found = []
        for folder, _, files in os.walk(self.root):
            for path in (folder, *(os.path.join(folder, name) for name in files)):
                handle = os.open(path, os.O_RDONLY)
                found.append(_facts(self.root, handle))
                os.close(handle)
        return found

    def _put(self, **entry: Any) -> None:
        if self._log >= 0:
            os.write(self._log, json.dumps(entry).encode() + b"\n")


@dataclass(slots=True)
class _Durable:
    """What the record says is on the disk: the names of folders, and the lengths of files by their numbers."""

    names: dict[str, dict[str, int]] = field(default_factory=dict)
    sizes: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record) -> _Durable:
        durable = cls()
        facts = [one for entry in record.entries() for one in entry.get("of", ())]
        # Of two fsyncs at once the one that began first may end last.
        for one in sorted(facts, key=lambda one: int(one["began"])):
            if "folder" in one:
                durable.names[one["folder"]] = one["names"]
            else:
                durable.sizes[one["number"]] = one["size"]
        return durable


def lose_power(record: Record, keeps: Keeps = lambda: False) -> None:
    """Leave in the store what a power loss would: what is not durable stays only where `keeps` says so."""
    after = record.root.with_name(f"{record.root.name}.after")
    _restore(record, _Durable.of(record), ROOT, after, keeps)
    shutil.rmtree(record.root)
    after.rename(record.root)


def _restore(record: Record, durable: _Durable, folder: str, after: Path, keeps: Keeps) -> None:
    after.mkdir(mode=0o700)
    there = record.root / folder
    now = _names(there) if there.exists() else {}
    then = durable.names.get(folder, {})
    for name in sorted(now.keys() | then.keys()):
        number = then.get(name) if now.get(name) == then.get(name) or not keeps() else now.get(name)
        if number is None:
            continue
        inner = os.path.normpath(os.path.join(folder, name))
        if (record.root / inner).is_dir():
            _restore(record, durable, inner, after / name, keeps)
            continue
        kept = record.shadow / str(number)
        # A process that is killed between the making of a file and its shadow leaves the file alone.
        content = (kept if kept.exists() else there / name).read_bytes()
        size = durable.sizes.get(number, 0)
        (after / name).write_bytes(content if size == len(content) or keeps() else content[:size])


def _facts(root: Path, handle: int) -> Facts:
    """Tell what an fsync of this file or folder, begun now, makes durable."""
    found, began = os.fstat(handle), time.monotonic_ns()
    if not stat.S_ISDIR(found.st_mode):
        return {"began": began, "number": found.st_ino, "size": found.st_size}
    path = path_of_handle(handle)
    return {"began": began, "folder": os.path.relpath(path, root), "names": _names(path)}


def _names(folder: str | Path) -> dict[str, int]:
    with os.scandir(folder) as found:
        return {one.name: one.inode() for one in found}
