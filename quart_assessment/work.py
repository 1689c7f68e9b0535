"""The rooms as a worker sees them: which handler does which kind of job."""

from __future__ import annotations

from quart_assessment.database.engine import Database
from quart_assessment.jobs.facts import Handlers, registered
from quart_assessment.safety import notifying
from quart_assessment.settings import Settings


def handlers_of(settings: Settings, database: Database) -> Handlers:
    """Give the handlers of all rooms, working with these settings and pools."""
    return registered(notifying.handlers_of(settings, database))
