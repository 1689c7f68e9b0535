"""Reading a turn as a stream of events: while it runs here, while it runs elsewhere, and after its end.

No connection is held while waiting. A chunk's id is the number of code points of the reply up to its end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import repository
from quart_assessment.chat.facts import Turn, TurnKey
from quart_assessment.chat.finishing import settle_lost
from quart_assessment.chat.live import LiveTurns
from quart_assessment.chat.problems import FAILURES, SHOWN
from quart_assessment.database.transactions import committed
from quart_assessment.problems import NotFound, Unavailable
from quart_assessment.sessions import service as sessions
from quart_assessment.web.caller import Caller
from quart_assessment.web.events import Event

END = "end"
# How often a reader looks by itself, should a notification be lost.
_LOOK_SECONDS = 0.25
_PATIENCE_SECONDS = 30.0
_PAUSE_AFTER_FAILURE = 0.5
_OFFSET = re.compile(r"[0-9]{1,6}", re.ASCII)


async def find_turn(live: LiveTurns, caller: Caller, session_id: UUID, message_id: UUID) -> TurnKey:
    """Find a turn of the caller's.

    Raises:
        LoginRequired, NotFound: the login has ended; the session or the turn is unknown.
    """
    key = TurnKey(session_id, message_id)
    async with live.database.reading() as connection:
        await sessions.get_session(connection, caller, session_id)
        if await repository.select_turn(connection, key) is None:
            raise NotFound
    return key


async def turn_events(
    live: LiveTurns, key: TurnKey, last_id: str | None = None
) -> AsyncGenerator[Event, None]:
    """Stream a turn that is known to exist, after the event `last_id`; from its start if that is unknown.

    Ends without a last event only where the database stays away.
    """
    turn = await _read(live, key, 0)
    if turn is None:
        return
    start = position_of(last_id, turn)
    if start is None:
        yield Event("accepted", _named(turn, message_id=str(key.message_id)), id="0")
    position = start or 0
    helped = turn.help is not None
    if turn.help is not None and position == 0:
        yield _help(turn.help, turn.policy)
    running = live.find(key)
    if running is not None:
        async for came in running.read(position):
            if isinstance(came, int):
                yield Event("waiting", {"position": came})
                continue
            position += len(came)
            yield _chunk(came, position)
    with live.listener.subscribed(key.topic) as woken:
        called = heard = False
        while True:
            woken.clear()
            turn = await _read(live, key, position)
            if turn is None:
                return
            if turn.help is not None and not helped:
                helped = True
                yield _help(turn.help, turn.policy)
            if turn.reply:
                position += len(turn.reply)
                yield _chunk(turn.reply, position)
            if not turn.running:
                if turn.lost:
                    await settle_lost(live.database, key.session_id)
                yield _last(turn)
                return
            if not called or (turn.reply and not heard):
                called = await _call_for(live, key)
            heard = await _heard(woken)


def position_of(last_id: str | None, turn: Turn) -> int | None:
    """Give how much of the reply a reader at `last_id` has, None if this turn has no such id."""
    if last_id == END:
        return len(turn.reply) if turn.state in ("complete", "stopped") else None
    if last_id is None or _OFFSET.fullmatch(last_id) is None or int(last_id) > len(turn.reply):
        return None
    return int(last_id)


async def _read(live: LiveTurns, key: TurnKey, start: int) -> Turn | None:
    """Read a turn from `start` on, waiting for a database that is away a moment; None if it stays away."""
    until = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    while asyncio.get_running_loop().time() < until:
        try:
            async with live.database.reading() as connection:
                return await repository.select_turn(connection, key, start)
        except Unavailable:
            await asyncio.sleep(_PAUSE_AFTER_FAILURE)
    return None


async def _call_for(live: LiveTurns, key: TurnKey) -> bool:
    """Have the worker that makes a turn tell of its text; without that, readers here look by themselves."""

    async def work(connection: AsyncConnection) -> None:
        await repository.call_for(connection, key)

    try:
        await committed(live.database, work)
    except Unavailable:
        return False
    return True


async def _heard(woken: asyncio.Event) -> bool:
    try:
        await asyncio.wait_for(woken.wait(), _LOOK_SECONDS)
    except TimeoutError:
        return False
    return True


def _help(shown: dict[str, Any], policy: str | None) -> Event:
    return Event("help", {**shown, "policy": policy})


def _chunk(text: str, position: int) -> Event:
    return Event("chunk", {"data": text, "conversation_ended": False}, id=str(position))


def _last(turn: Turn) -> Event:
    if turn.state in ("complete", "stopped"):
        ended = turn.conversation_ended or turn.state == "stopped"
        return Event("complete", _named(turn, conversation_ended=ended), id=END)
    code = SHOWN.get(turn.error or "", turn.error)
    if code not in FAILURES or turn.replied:
        code = "interrupted"
    retry = turn.may_be_asked_again and code != "too_long"
    return Event("error", {"code": code, "message": FAILURES[code], "retry": retry})


def _named(turn: Turn, **facts: object) -> dict[str, object]:
    return {"turn_number": turn.turn_number, **facts}
