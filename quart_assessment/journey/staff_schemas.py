"""What staff may ask for in lists."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints

from quart_assessment.journey.staff import Wanted
from quart_assessment.web.body import Form
from quart_assessment.web.fields import Id, Note

MOST_ROWS = 200


def _whole(value: object) -> object:
    return (
        int(value)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6
        else value
    )


Limit = Annotated[int, BeforeValidator(_whole), Field(ge=1, le=MOST_ROWS)]
State = Literal[
    "OPEN",
    "CREATED",
    "CONSENT",
    "CAMERA_CHECK",
    "PHQ_IN_PROGRESS",
    "LLM_IN_PROGRESS",
    "COMPLETED",
    "ABANDONED",
    "INCOMPLETE",
    "FAILED",
]
Filter = Annotated[Note, StringConstraints(min_length=1, max_length=100)]


class SessionsQuery(Form):
    """Filters of the list of sessions; `study` is a slug or an id, `participant` their code.

    A `state` of OPEN is any before the end.
    """

    study: Filter | None = None
    participant: Filter | None = None
    state: State | None = None
    cursor: Id | None = None
    limit: Limit = 50


class AlertsQuery(Form):
    """Filters of the list of alerts."""

    state: Literal["open", "acknowledged"] | None = None
    cursor: Id | None = None
    limit: Limit = 50


def wanted_of(query: SessionsQuery | AlertsQuery) -> Wanted:
    """Give what a list's query asks for."""
    if isinstance(query, AlertsQuery):
        return Wanted(state=query.state, after=query.cursor, limit=query.limit)
    return Wanted(query.study, query.participant, query.state, query.cursor, query.limit)
