"""A disk whose n-th operation fails, or writes less than it was given."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from tests.faults.disk import Disk, Step

FAILURES = {"EIO": 1, "ENOSPC": 3, "short": 1}
"""What happens, and to how many operations in a row; of failing removals nobody could clean up after one."""

# What needs no room does not fail for want of it.
_FREES = ("unlink", "remove", "rmdir")


class FailingDisk(Disk):
    """Fails the operations from the `first`-th on, `times` of them; "short" cuts writes to a byte instead."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.steps = 0
        self._fails: range = range(0)
        self._failure = "EIO"

    def fail(self, first: int, times: int, failure: str) -> None:
        """Begin to count anew, and fail then."""
        self.steps, self._fails, self._failure = 0, range(first, first + times), failure

    def before(self, step: Step) -> int | None:
        if self._failure == "ENOSPC" and step.name in _FREES:
            return None
        self.steps += 1
        if self.steps not in self._fails:
            return None
        if self._failure == "short":
            return 1
        number = getattr(errno, self._failure)
        raise OSError(number, os.strerror(number), "a path that nobody should read")
