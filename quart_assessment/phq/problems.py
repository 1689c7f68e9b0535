"""Why the questionnaire refuses a call."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from quart_assessment.problems import Detail, Problem


class Completed(Problem):
    """The questionnaire has been handed in; its answers stay as they are."""

    status, code = 409, "completed"


class Incomplete(Problem):
    """Some questions have no answer yet."""

    status, code = 409, "incomplete"

    def __init__(self, missing: Iterable[UUID]) -> None:
        super().__init__([Detail(str(question), "missing") for question in missing])


class ScoreNotShown(Problem):
    """This study does not show the score to participants."""

    status, code = 403, "not_shown"
