"""What goes over the wire to and from the questionnaire."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from quart_assessment.web.body import Form
from quart_assessment.web.fields import Duration, Id, Milliseconds, Moment

MOST_ANSWERS = 100
LAST_VERSION = 2_147_483_647


class AnswerForm(Form):
    """One answer; a null value says that the question was skipped."""

    keeps_null: ClassVar[frozenset[str]] = frozenset({"value"})

    value: Annotated[int, Field(ge=-32_768, le=32_767)] | None
    version: Annotated[int, Field(ge=1, le=LAST_VERSION)]
    response_time_ms: Duration | None = None
    client_time: Moment | None = None
    session_ms: Milliseconds | None = None
    help_shown: Annotated[int, Field(ge=1, le=LAST_VERSION)] | None = None


class NamedAnswerForm(AnswerForm):
    """One answer among several, with its question."""

    question_id: Id


class AnswersForm(Form):
    """Several answers, kept all or none."""

    responses: Annotated[list[NamedAnswerForm], Field(min_length=1, max_length=MOST_ANSWERS)]
