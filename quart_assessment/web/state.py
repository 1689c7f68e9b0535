"""What the running app carries for every route, with its types."""

from __future__ import annotations

from typing import cast

from quart import Quart, current_app

from quart_assessment.settings import Settings

SETTINGS = "settings"
STOPPING = "stopping"


def settings() -> Settings:
    """Give the settings of the app that serves this request."""
    return settings_of(current_app)


def settings_of(app: Quart) -> Settings:
    """Give the settings `app` was made with."""
    return cast(Settings, app.extensions[SETTINGS])
