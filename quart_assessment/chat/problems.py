"""Why the interview refuses a call, and how a stream says that a reply failed."""

from __future__ import annotations

from uuid import UUID

from quart_assessment.chat.facts import FINAL_ERRORS
from quart_assessment.problems import Detail, Problem


class TurnRunning(Problem):
    """The reply to the last message is still being written."""

    status, code = 409, "turn_running"

    def __init__(self, message_id: UUID) -> None:
        super().__init__([Detail("message_id", str(message_id))])


class ChatEnded(Problem):
    """The conversation has ended."""

    status, code = 409, "chat_ended"


class MessageIdReused(Problem):
    """This id belongs to another message."""

    status, code = 409, "message_id_reused"


class AssessmentReplaced(Problem):
    """The conversation was started anew; please reload."""

    status, code = 409, "assessment_replaced"


class ChatNotStarted(Problem):
    """The conversation has not been started."""

    status, code = 409, "chat_not_started"


class MinTurns(Problem):
    """The conversation is too short to be finished."""

    status, code = 409, "min_turns"


SHOWN = dict.fromkeys(FINAL_ERRORS, "model_unavailable")
"""What readers are told instead of an error that is for those who run the study."""

FAILURES = {
    "model_unavailable": "The program that answers cannot be reached; please try again.",
    "model_timeout": "The program that answers took too long; please try again.",
    "model_refused": "The program that answers did not take this message.",
    "interrupted": "The reply was interrupted; what came of it is kept.",
    "too_long": "This message is too long for the program that answers; please send a shorter one.",
}
"""The sentence for a person, for each code of a stream's `error` event."""
