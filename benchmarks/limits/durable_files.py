"""`python -m benchmarks.limits.durable_files FOLDER BYTES THREADS SECONDS`: files made durable, nothing else.

Each is written, fsynced, renamed, and its folder fsynced, by threads of two processes. Prints the files made.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

PROCESSES = 2


def _make_files(folder: Path, content: bytes, until: float) -> int:
    folder.mkdir(parents=True)
    made = 0
    while time.monotonic() < until:
        draft = folder / f"{made}.part"
        with open(draft, "xb", buffering=0) as file:
            file.write(content)
            os.fsync(file.fileno())
        draft.rename(folder / str(made))
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        os.fsync(handle)
        os.close(handle)
        made += 1
    return made


def _in_threads(folder: Path, size: int, threads: int, until: float) -> int:
    content = os.urandom(size)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_make_files, folder / str(one), content, until) for one in range(threads)]
        return sum(job.result() for job in jobs)


def main() -> None:
    """Print `FILES SECONDS`."""
    folder, size, threads, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    with ProcessPoolExecutor(PROCESSES) as pool:
        began = time.monotonic()
        until = began + seconds
        share = threads // PROCESSES
        jobs = [pool.submit(_in_threads, folder / f"p{one}", size, share, until) for one in range(PROCESSES)]
        made = sum(job.result() for job in jobs)
        print(made, time.monotonic() - began)


if __name__ == "__main__":
    main()
