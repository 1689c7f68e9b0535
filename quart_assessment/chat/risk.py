"""The turn of a message that may say that somebody is in danger: no model, a fixed reply, help, an alert."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import Hold, Standing
from quart_assessment.problems import Help, Hotline
from quart_assessment.safety import service as safety
from quart_assessment.safety.hits import Hit
from quart_assessment.safety.rules import check_message
from quart_assessment.safety.service import HelpTexts
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.studies.definition import ChatSettings


class HelpMissing(Exception):
    """A session runs in a study without help texts; none can be started in one."""


async def store_turn(
    connection: AsyncConnection,
    session: Session,
    settings: ChatSettings,
    standing: Standing,
    row: dict[str, Any],
    hit: Hit,
) -> None:
    """Store the whole turn and its alert in the caller's transaction; the interview may end with it.

    Under policy `continue` the full text is said once an interview, a short line afterwards.
    """
    counted = replace(standing, session_messages=standing.session_messages + 1)
    reason = _end_reason(settings, counted)
    texts = await _texts(connection, session)
    said = _fixed(session, settings, standing, texts, hit, ended=reason is not None)
    await repository.insert_turn(connection, row | said)
    await _alert(connection, session, texts, hit, row["session_ms"], reason)


async def answer_running_turn(
    connection: AsyncConnection, hold: Hold, settings: ChatSettings, hit: Hit
) -> None:
    """Give a turn of this worker's, that has no text yet, the fixed reply, and open its alert.

    Nothing happens where the turn is no longer this worker's.
    """
    session = await sessions.lock_any(connection, hold.key.session_id)
    standing = await repository.select_standing(connection, session.chat.id)
    reason = _end_reason(settings, standing)
    texts = await _texts(connection, session)
    said = _fixed(session, settings, standing, texts, hit, ended=reason is not None)
    found = await repository.update_answered(connection, hold, said)
    if found is not None:
        await _alert(connection, session, texts, hit, found.session_ms, reason)


async def help_beside_refusal(
    connection: AsyncConnection, session: Session, message: str, session_ms: int | None
) -> Help | None:
    """Let the rules see a message that is refused; on a hit open an alert and give the help to be shown.

    Its words are not stored. Nothing is seen of who has not agreed to the interview, or took that back.
    """
    if "chat" not in session.agreed or session.end_reason == "withdrawn":
        return None
    asked = (await repository.select_standing(connection, session.chat.id)).asked
    hit = check_message(message, session.language, asked)
    if hit is None:
        return None
    texts = await _texts(connection, session)
    await _alert(connection, session, texts, hit, session_ms, None)
    return texts.shown


async def _texts(connection: AsyncConnection, session: Session) -> HelpTexts:
    texts = await safety.live_help(connection, session.id)
    if texts is None:
        raise HelpMissing
    return texts


def _fixed(
    session: Session, settings: ChatSettings, standing: Standing, texts: HelpTexts, hit: Hit, *, ended: bool
) -> dict[str, Any]:
    short = settings.policy == "continue" and standing.warned
    return {
        "state": "complete",
        "reply": texts.short_reply.strip() if short else _full_reply(texts),
        "safety": True,
        "help": asdict(texts.shown),
        "policy": settings.policy,
        "detector": hit.detector,
        "conversation_ended": ended,
        "first_token_at": session.now,
        "completed_at": session.now,
    }


async def _alert(
    connection: AsyncConnection,
    session: Session,
    texts: HelpTexts,
    hit: Hit,
    session_ms: int | None,
    reason: str | None,
) -> None:
    await safety.open_alert(
        connection,
        session_id=session.id,
        source="chat",
        value=hit.score,
        detector=hit.detector,
        session_ms=session_ms,
        received_at=session.now,
        shown=texts.shown,
    )
    if reason is not None:
        await verbs.end_part(connection, session, "chat", reason)


def _end_reason(settings: ChatSettings, standing: Standing) -> str | None:
    """Say why the interview ends with a fixed reply to a message that is among the session's, if it does."""
    if settings.policy == "end":
        return "safety"
    with_this = replace(standing, replied=standing.replied + 1)
    return None if with_this.leaves_room(settings) else "turn_limit"


def _full_reply(texts: HelpTexts) -> str:
    return "\n".join([texts.reply.strip(), "", *(_line(hotline) for hotline in texts.shown.hotlines)])


def _line(hotline: Hotline) -> str:
    return " · ".join(part for part in (hotline.name, hotline.phone, hotline.url, hotline.hours) if part)
