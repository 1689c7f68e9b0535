"""The turn of a message that may say that somebody is in danger: no model, a fixed reply, help, an alert."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import Standing
from quart_assessment.problems import Hotline
from quart_assessment.safety import service as safety
from quart_assessment.safety.rules import Hit
from quart_assessment.safety.service import HelpTexts
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
    texts = await safety.live_help(connection, session.id)
    if texts is None:
        raise HelpMissing
    short = settings.policy == "continue" and standing.warned
    reason = _end_reason(settings, standing)
    detector = f"{hit.version}:{hit.rule}"
    await repository.insert_turn(
        connection,
        row
        | {
            "state": "complete",
            "reply": texts.short_reply.strip() if short else _full_reply(texts),
            "safety": True,
            "help": asdict(texts.shown),
            "policy": settings.policy,
            "detector": detector,
            "conversation_ended": reason is not None,
            "first_token_at": session.now,
            "completed_at": session.now,
        },
    )
    await safety.open_alert(
        connection,
        session_id=session.id,
        source="chat",
        value=hit.score,
        detector=detector,
        session_ms=row["session_ms"],
        received_at=session.now,
        shown=texts.shown,
    )
    if reason is not None:
        await verbs.end_part(connection, session, "chat", reason)


def _end_reason(settings: ChatSettings, standing: Standing) -> str | None:
    if settings.policy == "end":
        return "safety"
    with_this = replace(
        standing, replied=standing.replied + 1, session_messages=standing.session_messages + 1
    )
    return None if with_this.leaves_room(settings) else "turn_limit"


def _full_reply(texts: HelpTexts) -> str:
    return "\n".join([texts.reply.strip(), "", *(_line(hotline) for hotline in texts.shown.hotlines)])


def _line(hotline: Hotline) -> str:
    return " · ".join(part for part in (hotline.name, hotline.phone, hotline.url, hotline.hours) if part)
