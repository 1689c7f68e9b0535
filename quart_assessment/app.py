"""The app: the rooms in floor order, and what is started before them and stopped after them."""

from __future__ import annotations

import asyncio

from quart import Quart

from quart_assessment import accounts, camera, chat, journey, operations, phq
from quart_assessment.database.current import DATABASE, database_of
from quart_assessment.database.engine import Database
from quart_assessment.operations.api_docs import openapi, page
from quart_assessment.page.serving import with_page
from quart_assessment.serving.bodies import PullBodies
from quart_assessment.serving.lean import app_class
from quart_assessment.settings import Settings
from quart_assessment.web import errors
from quart_assessment.web.edge import Edge
from quart_assessment.web.envelope import as_json
from quart_assessment.web.state import SETTINGS, STOPPING

ROOMS = (accounts, phq, chat, camera, journey, operations)


def create_app(settings: Settings | None = None) -> Quart:
    """Make the app; without `settings` they are read from the environment.

    Raises:
        ValueError: DATABASE_URL or a SECRET_KEY of 32 characters is missing.
    """
    settings = settings or Settings()
    if settings.secret_key is None or len(settings.secret_key.get_secret_value()) < 32:
        raise ValueError("SECRET_KEY must have 32 characters or more")
    app = app_class(lean=settings.lean_requests)(__name__, static_folder=None)
    app.secret_key = settings.secret_key.get_secret_value()
    app.extensions[SETTINGS] = settings
    # Bodies have limits and time-outs of their own, a route each; a stream has no end that is known.
    app.config.update(MAX_CONTENT_LENGTH=None, BODY_TIMEOUT=None, RESPONSE_TIMEOUT=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = True

    async def start() -> None:
        app.extensions[STOPPING] = asyncio.Event()
        app.extensions[DATABASE] = Database(settings)

    async def stop() -> None:
        database = database_of(app)
        await database.drain(settings.graceful_timeout / 3)
        await database.dispose()

    app.before_serving(start)
    errors.install(app)
    for room in ROOMS:
        room.install(app)
    app.after_serving(stop)
    _describe(app, settings)
    app.asgi_app = Edge(with_page(PullBodies(app.asgi_app, settings), settings), settings)  # type: ignore[method-assign]
    return app


def _describe(app: Quart, settings: Settings) -> None:
    document = openapi(app, "qa_login" if settings.loopback else "__Host-qa_login")
    app.extensions["openapi.json"] = as_json(document)
    app.extensions["openapi.page"] = page(document)
