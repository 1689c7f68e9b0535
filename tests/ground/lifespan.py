"""The app in process, from its start to its end, with waits that a busy machine may need."""

from __future__ import annotations

from quart import Quart
from quart.testing import TestApp

SECONDS = 60


def living(app: Quart) -> TestApp:
    """Give the block in which an app runs: `async with living(app):`."""
    return TestApp(app, SECONDS, SECONDS)
