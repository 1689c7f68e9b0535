"""The store's file operations, substituted below the store: each can be seen, failed or stopped at.

What is substituted are the functions of `os`, `io.FileIO` and the C library's syncfs, before the product is
imported. An audit hook notes what goes past them, so that the layer cannot become blind unnoticed.
"""

from __future__ import annotations

import ctypes
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_BY_HANDLE = ("write", "pwrite", "writev", "fsync", "fdatasync", "ftruncate")
_BY_PATH = ("unlink", "remove", "mkdir", "rmdir", "truncate")
_BY_TWO_PATHS = ("rename", "replace", "link")
_WRITES = ("write", "pwrite")
_AUDITED = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.truncate"}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on the store, before it is done; `handle` is the open file's, where it has one."""

    name: str
    path: str
    handle: int | None = None
    creates: bool = False


class Disk:
    """Passes all operations below `root` on; what is made of them is for those who derive from it."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._own = threading.local()

    def before(self, step: Step) -> int | None:
        """See an operation coming: raise to fail it, or give the most bytes that a write may write."""

    def after(self, step: Step) -> None:
        """See that it was done; nothing of this may be seen again."""

    def passed(self, what: str) -> None:
        """Hear that something was done past this layer."""
        raise AssertionError(f"past the layer: {what}")

    def install(self) -> None:
        """Substitute the operations of this process."""
        for names, substituted in (
            (_BY_HANDLE, self._by_handle),
            (_BY_PATH, self._by_path),
            (_BY_TWO_PATHS, self._by_two_paths),
        ):
            for name in names:
                setattr(os, name, substituted(name, getattr(os, name)))
        os.open = self._opening(os.open)
        io.FileIO = self._file_class()  # type: ignore[misc]
        ctypes.CDLL = self._library_class()  # type: ignore[misc]
        sys.addaudithook(self._audit)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """Do something on this thread that is the layer's own."""
        before = getattr(self._own, "inside", False)
        self._own.inside = True
        try:
            yield
        finally:
            self._own.inside = before

    def _step(self, name: str, path: str, handle: int | None = None, *, creates: bool = False) -> Step | None:
        inside = getattr(self._own, "inside", False)
        below = path == str(self.root) or path.startswith(f"{self.root}{os.sep}")
        return None if inside or not below else Step(name, path, handle, creates)

    def _done(self, step: Step | None, work: Callable[[int | None], Any]) -> Any:
        if step is None:
            return work(None)
        most = self.before(step)
        with self.unseen():
            done = work(most)
            self.after(step)
        return done

    def _by_handle(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(handle: int | io.IOBase, *rest: Any) -> Any:
            number = handle if isinstance(handle, int) else handle.fileno()
            step = self._step(name, path_of_handle(number), number)

            def work(most: int | None) -> Any:
                if most is not None and name in _WRITES:
                    return real(number, memoryview(rest[0])[:most], *rest[1:])
                return real(number, *rest)

            return self._done(step, work)

        return call

    def _by_path(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(path: Any, *rest: Any, **more: Any) -> Any:
            step = self._step(name, _absolute(path, more.get("dir_fd")))
            return self._done(step, lambda _: real(path, *rest, **more))

        return call

    def _by_two_paths(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(source: Any, target: Any, *rest: Any, **more: Any) -> Any:
            step = self._step(name, _absolute(target, more.get("dst_dir_fd")))
            return self._done(step, lambda _: real(source, target, *rest, **more))

        return call

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def call(path: Any, flags: int, *rest: Any, **more: Any) -> int:
            full = _absolute(path, more.get("dir_fd"))
            made = bool(flags & os.O_CREAT) and not os.path.lexists(full)
            step = self._step("open", full, creates=made) if _writable(flags) else None
            return int(self._done(step, lambda _: real(path, flags, *rest, **more)))

        return call

    def _file_class(self) -> type[io.FileIO]:
        disk = self

        class File(io.FileIO):
            """A file whose opening and writing are seen."""

            def __init__(self, file: Any, mode: str = "r", *rest: Any, **more: Any) -> None:
                writes = not isinstance(file, int) and set(mode) & set("wax+")
                full = _absolute(file, None) if writes else ""
                step = disk._step("open", full, creates=not os.path.lexists(full)) if writes else None
                disk._done(step, lambda _: io_file_init(self, file, mode, *rest, **more))

            def write(self, data: Any) -> Any:
                return os.write(self.fileno(), data)

        io_file_init = io.FileIO.__init__
        return File

    def _library_class(self) -> type[ctypes.CDLL]:
        disk = self

        class Library(ctypes.CDLL):
            """A C library whose syncfs is seen."""

            def __getattr__(self, name: str) -> Any:
                found = super().__getattr__(name)
                if name != "syncfs":
                    return found

                def syncfs(handle: int) -> Any:
                    step = disk._step("syncfs", path_of_handle(handle), handle)
                    return disk._done(step, lambda _: found(handle))

                return syncfs

        return Library

    def _audit(self, event: str, given: tuple[Any, ...]) -> None:
        if event not in _AUDITED or getattr(self._own, "inside", False):
            return
        if event == "open" and not (isinstance(given[2], int) and _writable(given[2])):
            return
        target = given[1] if event in ("os.rename", "os.link") else given[0]
        if isinstance(target, (str, bytes, os.PathLike)) and self._step(event, _absolute(target, None)):
            self.passed(f"{event} {target!r}")


def path_of_handle(handle: int) -> str:
    """Give the path of an open file, empty for none."""
    try:
        return os.readlink(f"/proc/self/fd/{handle}")
    except OSError:
        return ""


def _absolute(path: Any, folder: int | None) -> str:
    if isinstance(path, int):
        return path_of_handle(path)
    named = os.fsdecode(path)
    return os.path.join(path_of_handle(folder), named) if folder is not None else os.path.abspath(named)


def _writable(flags: int) -> bool:
    return bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
