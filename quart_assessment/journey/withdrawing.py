"""Taking consent back: for some scopes, or for all, with or without erasure."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import finishing as chat
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview
from quart_assessment.journey.schemas import WithdrawForm
from quart_assessment.problems import Detail, Invalid
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import ALL, EXTERNAL_MODEL, Session
from quart_assessment.sessions.problems import WrongStep
from quart_assessment.sessions.rules import check_open
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ChatSettings
from quart_assessment.studies.rows import Pinned
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data

WITHDRAWN = "withdrawn"


async def withdraw(
    database: Database, caller: Caller, session_id: UUID, form: WithdrawForm
) -> tuple[Data, UUID | None]:
    """Take consent back; gives the session and, where erasure was asked for, the request's receipt.

    A repeat gives the first receipt.

    Raises:
        SessionEnded, WrongStep: there is nothing to be taken back any more, or not yet.
        Invalid: a scope is unknown.
    """

    async def work(connection: AsyncConnection) -> tuple[Data, UUID | None]:
        session = await sessions.lock_session(connection, caller, session_id)
        pinned = await studies.pinned(connection, session.study_version_id)
        scopes = [ALL] if form.scopes == ALL else _known(form.scopes, pinned)
        if not _is_done(session, scopes):
            check_open(session)
            if scopes == [ALL]:
                await _withdraw_all(connection, session)
            else:
                await _take(connection, session, pinned.chat, scopes)
        receipt = await _receipt(connection, session, scopes, erase=form.erase) if scopes else None
        return await overview.of_caller(connection, caller, session_id), receipt

    return await committed(database, work)


def _known(scopes: Sequence[str], pinned: Pinned) -> list[str]:
    """Give the scopes to be taken back, none where one of them is unknown: the state is told before that."""
    known = {scope.name for scope in pinned.consent.scopes}
    return sorted(set(scopes)) if known.issuperset(scopes) else []


def _is_done(session: Session, scopes: Sequence[str]) -> bool:
    if session.end_reason == WITHDRAWN:
        return True
    return bool(scopes) and scopes != [ALL] and set(scopes) <= set(session.withdrawn_scopes)


async def _withdraw_all(connection: AsyncConnection, session: Session) -> None:
    await chat.stop_running(connection, session)
    await verbs.withdraw_scopes(connection, session, [ALL], opens_parts=False)
    await verbs.end(connection, session, "ABANDONED", WITHDRAWN)


async def _take(
    connection: AsyncConnection, session: Session, chat_settings: ChatSettings, scopes: Sequence[str]
) -> None:
    if session.consent_scopes is None:
        raise WrongStep("consent")
    if not scopes:
        raise Invalid([Detail("scopes", "unknown")])
    left = set(session.agreed) - set(scopes)
    if EXTERNAL_MODEL in scopes and chat_settings.fallback is None:
        # The study asks for it because the model it talks through is outside; the script, which may go on, is not.
        left.discard("chat")
    if "chat" not in left:
        await chat.stop_running(connection, session)
    opens_parts = session.parts_open_at is None and "camera" not in left
    await verbs.withdraw_scopes(connection, session, scopes, opens_parts=opens_parts)
    await verbs.skip_parts_out_of(connection, session, left)


async def _receipt(
    connection: AsyncConnection, session: Session, scopes: Sequence[str], *, erase: bool
) -> UUID | None:
    if erase:
        return await verbs.ask_to_erase(connection, session, scopes)
    return await verbs.erasure_receipt(connection, session, scopes)
