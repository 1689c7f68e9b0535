"""Why a call does not fit the state of its session."""

from __future__ import annotations

from uuid import UUID

from quart_assessment.problems import Detail, Problem
from quart_assessment.sessions.facts import Step


class SessionEnded(Problem):
    """This assessment has ended."""

    status, code = 409, "session_ended"


class WrongStep(Problem):
    """Another step comes first."""

    status, code = 409, "wrong_step"

    def __init__(self, next_step: Step | None) -> None:
        super().__init__([Detail("next_step", next_step or "none")])


class SessionOpen(Problem):
    """An assessment of this study is still open."""

    status, code = 409, "session_open"

    def __init__(self, session_id: UUID) -> None:
        super().__init__([Detail("session_id", str(session_id))])


class SessionLimit(Problem):
    """No further assessment can be started for this visit."""

    status, code = 409, "session_limit"


class VisitNotDue(Problem):
    """The next visit is not due yet."""

    status, code = 409, "visit_not_due"


class StudyIncomplete(Problem):
    """The study is not ready to start."""

    status, code = 409, "study_incomplete"


class ConsentOutdated(Problem):
    """The consent text has changed; please read it again."""

    status, code = 409, "consent_outdated"


class RestartNotAllowed(Problem):
    """This study does not allow to start again."""

    status, code = 409, "restart_not_allowed"
