"""Ports and waiting, each with a bound."""

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


def wait_until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll until it is so; fails the test with `what` when it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
