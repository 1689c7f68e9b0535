"""The service's route for a picture with store and rows taken out: the body is drained, hashed and dropped."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from importlib import import_module

from quart import Quart

from quart_assessment.app import create_app as create_service
from quart_assessment.camera.doors import Doors
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.offers import Saved
from quart_assessment.camera.receiving import PutCapture
from quart_assessment.camera.stores import Store
from quart_assessment.camera.uploads import Budget
from quart_assessment.database.engine import Database
from quart_assessment.web.caller import Caller


async def _drain(
    _database: Database, _doors: Doors, _store: Store, budget: Budget, _caller: Caller, call: PutCapture
) -> Saved:
    hashed, size = hashlib.sha256(), 0
    with budget.share(call.body.length, call.limit) as share:
        async for chunk in share.chunks(call.body, call.limit):
            hashed.update(chunk)
            size += len(chunk)
    return Saved(
        Capture(
            capture_id=call.capture_id,
            assessment_id=None,
            field=None,
            filename=None,
            trigger="MANUAL",
            capture_type="GENERAL",
            received_at=datetime.now(UTC),
            late=False,
            kept=True,
            code=None,
            size=size,
            type=call.content_type,
            sha256=hashed.digest(),
            store_key="dropped",
        ),
        created=True,
    )


def create_app() -> Quart:
    """Make the service with that route."""
    import_module("quart_assessment.camera.routes").__dict__["put_capture"] = _drain
    return create_service()
