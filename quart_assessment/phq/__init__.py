"""The questionnaire. A 2xx of a save means: the answer, its revision and any alert are in one committed transaction."""

from __future__ import annotations

from quart import Quart


def install(app: Quart) -> None:
    """Add the questionnaire's routes."""
    from quart_assessment.phq.routes import blueprint, make_saves

    async def start() -> None:
        make_saves(app)

    app.before_serving(start)
    app.register_blueprint(blueprint)
