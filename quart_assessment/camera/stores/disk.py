"""What a thread of the disk does, by plain calls of `os`; each may raise OSError."""

from __future__ import annotations

import os
import threading

from quart_assessment import measures


def let_the_loop_go_first() -> None:
    """Have this thread, when its disk has answered, wait for its turn and not interrupt the loop's (sched(7))."""
    os.sched_setscheduler(threading.get_native_id(), os.SCHED_BATCH, os.sched_param(0))


def create(path: str) -> int:
    """Make a file that only its owner may read, and give its descriptor; raises where there is one."""
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)


def write_all(handle: int, data: bytes) -> None:
    """Write all that is given, or raise."""
    done = os.write(handle, data)
    # A full disk makes the first write short and only the next one an error.
    while done < len(data):
        done += os.write(handle, memoryview(data)[done:])


def make_durable(handle: int) -> None:
    """Return when what was written to a file, or named in a folder, survives a power loss."""
    os.fsync(handle)
    measures.fsyncs.inc()


def forget_pages(handle: int) -> None:
    """Let the system have the memory back that a durable file's bytes still take (posix_fadvise(2)).

    A picture is read once, much later; what it would push out of memory is the database. Memory that was just used
    is cheaper to take, too: the next picture is written into it.
    """
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def make_names_durable(folder: str) -> None:
    """Return when the names in a folder survive a power loss."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        make_durable(handle)
    finally:
        os.close(handle)


def remove(path: str) -> None:
    """Remove a file; one that is not there is no error."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return


def make_folder(path: str) -> None:
    """Make a folder that only its owner may enter; one that is there is no error."""
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
