"""Where the bytes of captures are kept. What `keep` named survives a kill and a power loss."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from quart_assessment.camera.images import ImageFacts


@dataclass(frozen=True, slots=True)
class Sealed:
    """A file received whole: its length in bytes, its SHA-256, and what image it is (None: no whole one)."""

    size: int
    sha256: bytes
    image: ImageFacts | None


class Incoming(Protocol):
    """A file on its way in; until `keep` nothing of it can be found, and `discard` leaves nothing."""

    async def write(self, data: bytes) -> None:
        """Take more bytes; raises Unavailable where the store cannot."""
        ...

    async def seal(self) -> Sealed:
        """Take no more bytes, check that all were stored, and look at them; raises Unavailable."""
        ...

    async def keep(self, capture_id: UUID) -> str:
        """Make the sealed file durable under a name of its own and give that; raises Unavailable."""
        ...

    async def finish(self, capture_id: UUID, accept: Callable[[Sealed], bool]) -> tuple[Sealed, str | None]:
        """Seal and, where `accept` says so, keep; gives the name, None where it was not accepted.

        `accept` is called on another thread. Raises Unavailable.
        """
        ...

    def discard(self) -> None:
        """Drop what was not kept; may be called at any time, and again."""
        ...


class Store(Protocol):
    """Keeps files under the names that `Incoming.keep` gave them."""

    async def start(self) -> None:
        """Make ready for use, and drop what killed workers left half received."""
        ...

    async def stop(self) -> None:
        """Finish what is under way."""
        ...

    def incoming(self, session_id: UUID) -> Incoming:
        """Begin to receive a file of a session."""
        ...

    async def size(self, key: str) -> int | None:
        """Give the length of a kept file, None where there is none; raises Unavailable."""
        ...

    def chunks(self, key: str, start: int, stop: int) -> AsyncIterator[bytes]:
        """Read the bytes of a kept file from `start` up to `stop`; raises Unavailable."""
        ...

    async def remove(self, key: str) -> None:
        """Remove a kept file that no row names; one that is not there is no error."""
        ...

    async def ready(self) -> None:
        """Prove that a file can be written and made durable now; raises Unavailable."""
        ...
