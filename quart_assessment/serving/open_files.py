"""How many files and sockets a process may have open: a stream takes two, and the usual limit is 1,024."""

from __future__ import annotations

import resource

ENOUGH = 65_536


def allow_many() -> int:
    """Raise this process's limit to what it may have, at most ENOUGH; gives the limit (getrlimit(2))."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        return most
    return soft
