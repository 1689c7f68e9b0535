"""The interview with a language model.

`accepted` means that the message is in a committed transaction; a chunk, that its text is; `complete`, that
the whole reply is. Without `complete` the turn is unknown: join it or read it.
"""

from __future__ import annotations

import asyncio

from quart import Quart

# The part of GRACEFUL_TIMEOUT that replies under way are given; the pools close after it.
_SHARE_OF_THE_END = 1 / 3


def install(app: Quart) -> None:
    """Add the interview's routes; from its start to its stop the app makes replies.

    Raises:
        ConnectionsInvalid: the operator's file of connections cannot be used.
    """
    from quart_assessment.chat.connections_file import read_connections
    from quart_assessment.chat.current import CONNECTIONS, LIVE, live_turns_of
    from quart_assessment.chat.lines import Lines
    from quart_assessment.chat.live import LiveTurns
    from quart_assessment.chat.repository import CHANNEL
    from quart_assessment.chat.routes import blueprint
    from quart_assessment.database.current import database_of
    from quart_assessment.database.listen import Listener
    from quart_assessment.safety.reply_rules import load_rules
    from quart_assessment.web.state import settings_of

    settings = settings_of(app)
    connections = read_connections(settings)
    app.extensions[CONNECTIONS] = connections
    app.register_blueprint(blueprint)

    async def begin() -> None:
        # The first message of a worker would wait for that, and all others with it.
        await asyncio.to_thread(load_rules)
        lines = Lines.of(connections, unnamed_default=settings.llm_base_url is None)
        listener = Listener.of(settings, CHANNEL)
        live = LiveTurns(settings, database_of(app), lines, listener)
        live.open()
        app.extensions[LIVE] = live

    async def end() -> None:
        await live_turns_of(app).close(settings.graceful_timeout * _SHARE_OF_THE_END)

    app.before_serving(begin)
    app.after_serving(end)
