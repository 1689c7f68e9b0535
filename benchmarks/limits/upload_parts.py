"""The service's route for a picture with parts of its work taken out: what each costs where all share two cores.

UPLOAD_WITHOUT names them: "files" (hashed and looked at on the loop, written nowhere), "rows" (a login is looked up
once, no row is written), or both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from quart import Quart

from quart_assessment.app import create_app as create_service
from quart_assessment.camera.doors import Doors, Usual
from quart_assessment.camera.images import inspect_image
from quart_assessment.camera.repository import NewRow, Stored
from quart_assessment.camera.stores import Sealed
from quart_assessment.camera.stores.incoming import IncomingFile
from quart_assessment.web.caller import Caller


async def _gather(incoming: IncomingFile, data: bytes) -> None:
    incoming._gathered.append(data)


async def _finish_nowhere(
    incoming: IncomingFile, capture_id: UUID, _accept: Callable[[Sealed], bool]
) -> tuple[Sealed, str]:
    data = b"".join(incoming._taken())
    incoming._kept = True
    image = inspect_image(data, incoming._store.max_side)
    return Sealed(len(data), hashlib.sha256(data).digest(), image), incoming._key(capture_id)


def _looking_once() -> Callable[[Doors, Caller, UUID, UUID], object]:
    look, seen = Doors.look, dict[tuple[bytes, UUID], Usual]()

    async def look_once(doors: Doors, caller: Caller, session_id: UUID, capture_id: UUID) -> Usual | None:
        key = (caller.token_hash, session_id)
        if key not in seen and (found := await look(doors, caller, session_id, capture_id)) is not None:
            seen[key] = found
        return seen.get(key)

    return look_once


async def _insert_nothing(_doors: Doors, _row: NewRow) -> Stored:
    return Stored(datetime.now(UTC), "GENERAL")


def create_app() -> Quart:
    """Make the service without these parts."""
    without = os.environ["UPLOAD_WITHOUT"]
    if "files" in without:
        IncomingFile.write = _gather  # type: ignore[assignment, method-assign]
        IncomingFile.finish = _finish_nowhere  # type: ignore[assignment]
    if "rows" in without:
        Doors.look = _looking_once()  # type: ignore[assignment, method-assign]
        Doors.insert = _insert_nothing  # type: ignore[assignment, method-assign]
    return create_service()
