"""The pools of the worker that serves this request."""

from __future__ import annotations

from typing import cast

from quart import Quart, current_app

from quart_assessment.database.engine import Database

DATABASE = "database"


def database() -> Database:
    """Give this worker's database pools."""
    return database_of(current_app)


def database_of(app: Quart) -> Database:
    """Give the pools of `app`, which it has from its start to its stop."""
    return cast(Database, app.extensions[DATABASE])
