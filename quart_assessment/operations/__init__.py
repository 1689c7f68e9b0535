"""Health, readiness, metrics, and the pages about the API."""

from __future__ import annotations

from quart import Quart


def install(app: Quart) -> None:
    """Add the pages of operation, and the task that samples this worker."""
    from quart_assessment.operations import routes, sampling

    app.register_blueprint(routes.blueprint)
    sampling.install(app)
