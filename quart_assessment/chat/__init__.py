"""The interview with a language model.

`accepted` means that the message is in a committed transaction; a chunk, that its text is; `complete`, that
the whole reply is. Without `complete` the turn is unknown: join it or read it.
"""

from __future__ import annotations

from quart import Quart

# The part of GRACEFUL_TIMEOUT that replies under way are given; the pools close after it.
_SHARE_OF_THE_END = 1 / 3


def install(app: Quart) -> None:
    """Add the interview's routes; from its start to its stop the app makes replies."""
    from quart_assessment.chat.current import LIVE, live_turns_of
    from quart_assessment.chat.live import LiveTurns
    from quart_assessment.chat.providers.openai_compatible import LOCAL, OpenAICompatible
    from quart_assessment.chat.repository import CHANNEL
    from quart_assessment.chat.routes import blueprint
    from quart_assessment.database.current import database_of
    from quart_assessment.database.listen import Listener
    from quart_assessment.web.state import settings_of

    settings = settings_of(app)
    app.register_blueprint(blueprint)

    async def begin() -> None:
        provider = OpenAICompatible.configured(settings, settings.llm_base_url or LOCAL)
        listener = Listener.of(settings, CHANNEL)
        live = LiveTurns(settings, database_of(app), provider, listener)
        live.open()
        app.extensions[LIVE] = live

    async def end() -> None:
        await live_turns_of(app).close(settings.graceful_timeout * _SHARE_OF_THE_END)

    app.before_serving(begin)
    app.after_serving(end)
