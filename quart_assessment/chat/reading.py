"""The interview as it can be read back: by its participant, and by staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from quart import Quart
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.current import live_turns_of
from quart_assessment.chat.facts import Turn
from quart_assessment.chat.finishing import settle_lost
from quart_assessment.chat.makings import repository as makings
from quart_assessment.database.engine import Database
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import WrongStep
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ChatSettings, in_language
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data


@dataclass(frozen=True, slots=True)
class Interview:
    """An interview with its settings and turns; `paused`: the participant is to choose whether to go on."""

    session: Session
    settings: ChatSettings
    turns: Sequence[Turn]

    @property
    def ended(self) -> bool:
        """Whether the interview has ended."""
        return self.session.chat.completed_at is not None

    @property
    def paused(self) -> bool:
        """Whether a safety turn under policy `pause` stands last."""
        last = self.turns[-1] if self.turns else None
        ended = self.ended or self.session.end is not None
        return last is not None and last.safety and last.policy == "pause" and not ended


async def read_interview(database: Database, caller: Caller, session_id: UUID) -> Interview:
    """Read the current interview of the caller's session; one whose last worker was lost is ended by that.

    Raises:
        LoginRequired, NotFound: the login has ended; the session is unknown.
        WrongStep: before the consent.
    """
    async with database.reading() as connection:
        interview = await _read(connection, caller, session_id)
    lost = bool(interview.turns) and interview.turns[-1].lost
    if not (lost and await settle_lost(database, session_id)):
        return interview
    async with database.reading() as connection:
        return await _read(connection, caller, session_id)


async def _read(connection: AsyncConnection, caller: Caller, session_id: UUID) -> Interview:
    session = await sessions.get_session(connection, caller, session_id)
    if session.consent_scopes is None:
        raise WrongStep(session.next_step)
    pinned = await studies.pinned(connection, session.study_version_id)
    return Interview(session, pinned.chat, await repository.select_turns(connection, session.chat.id))


async def check_model(app: Quart) -> None:
    """Ask whether the models can be reached from this worker; raises ModelFailure."""
    await live_turns_of(app).lines.probe()


async def turns_data(connection: AsyncConnection, session_id: UUID) -> list[Data]:
    """Give all turns of a session, those of replaced interviews too; for staff, after the policy.

    `detector` names the rule that saw a risk in the message (`safety`), or for which the reply was cut; `made` says
    how the reply was made, null where nobody was asked for it.
    """
    found = await repository.select_turns_of_session(connection, session_id)
    made = await makings.select_makings(connection, session_id)
    return [
        turn_data(turn)
        | {
            "assessment_id": turn.assessment_id,
            "detector": turn.detector,
            "made": made.get(turn.key.message_id),
        }
        for turn in found
    ]


def interview_data(interview: Interview) -> Data:
    """Give an interview as its participant reads it."""
    settings, session = interview.settings, interview.session
    return {
        "assessment_id": session.chat.id,
        "ended": interview.ended,
        "end_reason": session.chat.end_reason,
        "min_turns": settings.min_turns,
        "max_turns": settings.max_turns,
        "policy": settings.policy,
        "paused": interview.paused,
        "instructions": in_language(settings.instructions, session.language),
        "turns": [turn_data(turn) for turn in interview.turns],
    }


def turn_data(turn: Turn) -> Data:
    """Give a turn as it is read back; a reply still being made is as long as what is committed of it."""
    return {
        "turn_number": turn.turn_number,
        "message_id": turn.key.message_id,
        "state": turn.state,
        "message": turn.message,
        "reply": turn.reply,
        "safety": turn.safety,
        "conversation_ended": turn.conversation_ended,
        "sent_at": turn.sent_at,
        "first_token_at": turn.first_token_at,
        "completed_at": turn.completed_at,
    }
