"""Hashing passwords: argon2id, off the event loop, few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from typing import TypeVar

import argon2

from quart_assessment.problems import Unavailable
from quart_assessment.settings import Settings

Given = TypeVar("Given")
SHORTEST = 12
# What the body of a login may hold; hashing costs the same for any length.
LONGEST = 4096

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, t=2, p=1.
_HASHER = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$/AAYbZ1lI/cqKCzz2wChvw$anNISQu7alvEtFn5XRMzUsZXQTtoozYmun8Eun8iGVo"


class Passwords:
    """Hashes and verifies on a few threads of its own; bounded in number and in line."""

    def __init__(self, settings: Settings) -> None:
        self._threads = ThreadPoolExecutor(settings.password_threads, thread_name_prefix="password")
        self._places = settings.password_threads + settings.passwords_waiting
        self._taken = 0
        _common()

    async def hash(self, password: str) -> str:
        """Give the argon2id hash of a password; raises Unavailable when too many wait."""
        return await self._run(_HASHER.hash, password)

    async def verify(self, stored: str | None, password: str) -> bool:
        """Tell whether the password fits; takes as long where there is no stored hash."""
        fits = await self._run(_fits, stored or _NOBODY, password)
        return fits and stored is not None

    async def _run(self, work: Callable[..., Given], *asked: str) -> Given:
        if self._taken >= self._places:
            raise Unavailable
        self._taken += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, *asked)
        finally:
            self._taken -= 1

    def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _fits(stored: str, password: str) -> bool:
    try:
        return _HASHER.verify(stored, password)
    except argon2.exceptions.VerifyMismatchError:
        return False


@cache
def _common() -> frozenset[str]:
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(text.split())


def is_common(password: str) -> bool:
    """Tell whether a password is among the common ones, whatever its case."""
    return password.casefold() in _common()
