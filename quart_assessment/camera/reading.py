"""What staff read of captures, after the policy and with the audit row, which are the caller's."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from quart import Quart
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository
from quart_assessment.camera.current import store_of
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.receipts import linked_receipt
from quart_assessment.camera.stores import Store
from quart_assessment.problems import NotFound, Unavailable
from quart_assessment.web.envelope import Data

MOST_RECEIPTS = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A kept picture: its size in bytes, its media type, its SHA-256 (32 bytes), and its bytes."""

    size: int
    type: str
    sha256: bytes
    key: str
    store: Store

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Read from `start` up to `stop` (None: the end); raises Unavailable where the store cannot."""
        return self.store.chunks(self.key, start, self.size if stop is None else stop)


async def check_store(app: Quart) -> None:
    """Prove that the store of `app` can keep a file now; raises Unavailable."""
    await store_of(app).ready()


async def receipts_of(connection: AsyncConnection, session_id: UUID) -> list[Data]:
    """Give the receipts of a session's captures, kept or not, the first MOST_RECEIPTS of them."""
    found = await repository.select_page(connection, session_id, kept=False, after=None, limit=MOST_RECEIPTS)
    return [linked_receipt(capture) for capture in found]


async def find_file(connection: AsyncConnection, session_id: UUID, capture_id: UUID) -> Capture:
    """Find a kept capture of a session; raises NotFound where none is kept under this id."""
    found = (await repository.select_captures(connection, session_id, [capture_id])).get(capture_id)
    if found is None or not found.kept:
        raise NotFound
    return found


async def open_file(store: Store, capture: Capture) -> OpenFile:
    """Open the file of a kept capture; no connection is needed any more.

    Raises:
        NotFound: the capture was not kept.
        Unavailable: the store cannot be read, or does not hold the file whole.
    """
    if capture.store_key is None or capture.size is None or capture.type is None or capture.sha256 is None:
        raise NotFound
    if await store.size(capture.store_key) != capture.size:
        log.error("a kept file is not whole", extra={"capture_id": str(capture.capture_id)})
        raise Unavailable
    return OpenFile(capture.size, capture.type, capture.sha256, capture.store_key, store)
