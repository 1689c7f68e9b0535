"""The replies of the worker that serves this request, and the connections to models it knows."""

from __future__ import annotations

from typing import cast

from quart import Quart, current_app

from quart_assessment.chat.connections import Connections
from quart_assessment.chat.live import LiveTurns

LIVE = "chat.live"
CONNECTIONS = "chat.connections"


def live_turns() -> LiveTurns:
    """Give the replies this worker is making."""
    return live_turns_of(current_app)


def live_turns_of(app: Quart) -> LiveTurns:
    """Give the replies that `app` is making, which it takes from its start to its stop."""
    return cast(LiveTurns, app.extensions[LIVE])


def connections() -> Connections:
    """Give the connections to models that the operator names."""
    return cast(Connections, current_app.extensions[CONNECTIONS])
