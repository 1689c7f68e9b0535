"""Ports and waiting, each with a bound."""

import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress

# Below the ports that Linux lends to whoever asks for any (32768 and up): no call of a client takes one meanwhile.
_LOWEST, _HIGHEST = 15_000, 32_000
_TRIES = 100


def free_port() -> int:
    """Give a port on which nobody listens; two processes of tests are unlikely to be given the same."""
    for _ in range(_TRIES):
        port = random.SystemRandom().randint(_LOWEST, _HIGHEST)
        with socket.socket() as trial, suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise AssertionError(f"none of {_TRIES} ports is free")


def wait_until(true: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Poll until it is so; fails the test with `what` when it is not in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
