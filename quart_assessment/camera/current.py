"""The store of the worker that serves this request, its budget of uploads under way, and their doors."""

from __future__ import annotations

import logging
from typing import cast

from quart import Quart, current_app

from quart_assessment.camera.doors import Doors
from quart_assessment.camera.stores import Store
from quart_assessment.camera.stores.files import FileStore
from quart_assessment.camera.uploads import Budget
from quart_assessment.database.current import database_of
from quart_assessment.problems import Unavailable
from quart_assessment.web.state import settings_of

STORE = "camera.store"
BUDGET = "camera.budget"
DOORS = "camera.doors"

log = logging.getLogger(__name__)


def store() -> Store:
    """Give this worker's store."""
    return store_of(current_app)


def store_of(app: Quart) -> Store:
    """Give the store of `app`."""
    return cast(Store, app.extensions[STORE])


def budget() -> Budget:
    """Give this worker's budget of bytes of uploads under way."""
    return cast(Budget, current_app.extensions[BUDGET])


def doors() -> Doors:
    """Give the statements that this worker's uploads share."""
    return cast(Doors, current_app.extensions[DOORS])


def install_store(app: Quart) -> None:
    """Make the store of `app`, have it ready when the app starts and finished when it stops."""
    settings = settings_of(app)
    app.extensions[STORE] = FileStore(settings)
    app.extensions[BUDGET] = Budget(settings.uploads_in_flight_bytes)

    async def start() -> None:
        app.extensions[DOORS] = Doors(database_of(app))
        try:
            await store_of(app).start()
        except Unavailable:
            # Answers and the interview go on without it; /readyz names it.
            log.error("the store is not ready")

    async def stop() -> None:
        await store_of(app).stop()

    app.before_serving(start)
    app.after_serving(stop)
