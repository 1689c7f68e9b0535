"""The session object: where a participant stands, and all that a page needs to go on."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera.fragments import MOST_LISTED
from quart_assessment.journey import repository
from quart_assessment.journey.repository import Standing
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions.facts import Assessment, Session
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ConsentSettings, in_language
from quart_assessment.studies.rows import Pinned
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data

CONSENT_SHARE, PHQ_SHARE, CHAT_SHARE = 25, 35, 40
CHAT_BEFORE_ITS_END = Fraction(9, 10)


async def of_caller(connection: AsyncConnection, caller: Caller, session_id: UUID) -> Data:
    """Give the caller's session as it goes over the wire; raises as `sessions.get_session`."""
    return await of_session(connection, await sessions.get_session(connection, caller, session_id))


async def of_session(connection: AsyncConnection, session: Session) -> Data:
    """Give a session as it goes over the wire."""
    standing = await repository.select_standing(connection, session.id)
    return session_data(session, standing, await studies.pinned(connection, session.study_version_id))


async def of_sessions(connection: AsyncConnection, found: Sequence[Session]) -> list[Data]:
    """Give sessions as they go over the wire, in the order given; as few statements as for one."""
    standings = await repository.select_standings(connection, [session.id for session in found])
    return [
        session_data(
            session, standings[session.id], await studies.pinned(connection, session.study_version_id)
        )
        for session in found
    ]


def session_data(session: Session, standing: Standing, pinned: Pinned) -> Data:
    """Put the session object together."""
    language = session.language
    presentation = pinned.presentation
    end = session.end
    missing = standing.missing or []
    return {
        "id": session.id,
        "study": {
            "id": session.study_id,
            "slug": standing.slug,
            "title": standing.title,
            "version": pinned.number,
            "demo": standing.demo,
        },
        "visit": session.visit,
        "attempt": session.attempt,
        "previous_id": session.previous_id,
        "page_id": session.page_id,
        "state": state_of(session, standing),
        "next_step": session.next_step,
        "order": list(session.order),
        "progress": progress_of(session, standing, pinned.chat.min_turns),
        "language": language,
        "languages": list(presentation.languages),
        "presentation": {
            "phq_layout": presentation.phq_layout,
            "welcome": in_language(presentation.welcome, language),
            "instructions": in_language(presentation.instructions, language),
            "cooldown": in_language(presentation.cooldown, language),
            "thanks": in_language(presentation.thanks, language),
        },
        "help": standing.help,
        "consent": consent_data(pinned, language)
        | {"accepted": standing.accepted, "agreed": sorted(session.agreed)},
        "camera_check": {"mode": camera_mode(pinned), "ok": session.camera_ok},
        "phq": {
            "assessment_id": session.phq.id,
            "answered": standing.answered,
            "total": standing.total,
            "started_at": session.phq.started_at or standing.phq_first_at,
            "completed_at": session.phq.completed_at,
            "end_reason": session.phq.end_reason,
        },
        "chat": {
            "assessment_id": session.chat.id,
            "turns": standing.turns,
            "ended": session.chat.completed_at is not None,
            "end_reason": session.chat.end_reason,
            "started_at": session.chat.started_at or standing.chat_first_at,
            "completed_at": session.chat.completed_at,
        },
        "captures": {
            "expected": standing.expected,
            "received": standing.received,
            "missing": missing[:MOST_LISTED],
            "missing_count": standing.expected - standing.received,
        },
        "created_at": session.created_at,
        "expires_at": session.expires_at,
        "completed_at": end.at if end is not None and end.state == "COMPLETED" else None,
        "end_reason": None if end is None else end.reason,
    }


def missing_of(session: Data) -> Data:
    """Count what a session has not brought: answers to scored questions that were asked, announced captures."""
    phq = session["phq"]
    unanswered = 0 if phq["end_reason"] == "skipped" else phq["total"] - phq["answered"]
    return {"answers": unanswered, "captures": session["captures"]["missing_count"]}


def consent_text(consent: ConsentSettings, language: str) -> dict[str, str]:
    """Give the words a participant agrees to."""
    return {
        "title": in_language(consent.title, language),
        "content": in_language(consent.content, language),
        "footer": in_language(consent.footer, language),
    }


def consent_data(pinned: Pinned, language: str) -> Data:
    """Give the consent as it goes over the wire."""
    scopes = [{"name": scope.name, "required": scope.required} for scope in pinned.consent.scopes]
    return {"version": pinned.consent_number, **consent_text(pinned.consent, language), "scopes": scopes}


def camera_mode(pinned: Pinned) -> str:
    """Give how the camera check goes: required, optional, or off, as it is where no pictures are taken."""
    return "off" if pinned.camera.recording_mode == "OFF" else pinned.camera.check


def state_of(session: Session, standing: Standing) -> str:
    """Derive the state: of two parts begun, the one begun last."""
    if session.end is not None:
        return session.end.state
    if session.consent_scopes is None:
        return "CREATED"
    begun = [
        (at, name)
        for at, name in (
            (session.phq.started_at or standing.phq_first_at, "PHQ_IN_PROGRESS"),
            (session.chat.started_at or standing.chat_first_at, "LLM_IN_PROGRESS"),
        )
        if at is not None
    ]
    if begun:
        return max(begun)[1]
    return "CAMERA_CHECK" if session.camera_checked_at is not None and session.parts_open_at else "CONSENT"


def progress_of(session: Session, standing: Standing, min_turns: int) -> int:
    """Give the progress, 0 to 100, rounded down; a part that has ended counts in full."""
    if session.consent_scopes is None:
        return 0
    phq = _share(session.phq, Fraction(standing.answered, max(1, standing.total)))
    turns = Fraction(standing.turns, max(1, min_turns))
    chat = _share(session.chat, min(turns, CHAT_BEFORE_ITS_END))
    return int(CONSENT_SHARE + PHQ_SHARE * phq + CHAT_SHARE * chat)


def _share(part: Assessment, done: Fraction) -> Fraction:
    return Fraction(1) if part.completed_at is not None else min(Fraction(1), done)
