"""What is done to a locked session, a part of it, or a new one; each in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.sessions import repository
from quart_assessment.sessions.facts import SCOPE_OF, EndState, Kind, Session

KINDS: tuple[Kind, Kind] = ("phq", "chat")


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session about to be made."""

    id: UUID
    account_id: UUID
    study_id: UUID
    study_version_id: UUID
    client_key: UUID | None
    previous_id: UUID | None
    visit: int
    attempt: int
    first_part: Kind
    language: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class GivenConsent:
    """What a participant was shown and said."""

    version: int
    language: str
    text_sha256: bytes
    accepted: bool
    scopes: tuple[str, ...]


async def create(connection: AsyncConnection, made: NewSession) -> None:
    """Store a new session; its parts follow by `add_part`."""
    await repository.insert_session(connection, asdict(made))
    await repository.insert_event(
        connection, made.id, "created", {"visit": made.visit, "attempt": made.attempt}
    )


async def order_parts(connection: AsyncConnection, made: NewSession, first: Kind) -> None:
    """Store which part of a session made in this transaction comes first."""
    if first != made.first_part:
        await repository.update_session(connection, made.id, {"first_part": first})


async def add_part(
    connection: AsyncConnection,
    session_id: UUID,
    kind: Kind,
    instrument: dict[str, Any] | None,
    at: datetime,
    client_key: UUID | None = None,
) -> UUID:
    """Store a new assessment of a session and give its id; `instrument` is what was drawn, for the questionnaire."""
    return await repository.insert_assessment(connection, session_id, kind, instrument, at, client_key)


async def replace_part(connection: AsyncConnection, session: Session, kind: Kind) -> None:
    """Make room for a new assessment of a part; the old one stays, with all it holds."""
    await repository.lock_assessment(connection, session.part(kind).id)
    await repository.update_assessment(connection, session.part(kind).id, {"replaced_at": session.now})
    await repository.insert_event(connection, session.id, f"{kind}_restarted")


async def lock_part(connection: AsyncConnection, session: Session, kind: Kind) -> None:
    """Lock a part of a locked session: what was on its way is in before, what comes after sees what is done."""
    await repository.lock_assessment(connection, session.part(kind).id)


async def start_part(
    connection: AsyncConnection, session: Session, kind: Kind, began_at: datetime | None = None
) -> datetime:
    """Mark the start of a part, if it has not been marked, and give its time; `began_at`: it began before."""
    part = session.part(kind)
    if part.started_at is not None:
        return part.started_at
    started_at = session.now if began_at is None else min(began_at, session.now)
    await repository.update_assessment(connection, part.id, {"started_at": started_at})
    return started_at


async def end_part(connection: AsyncConnection, session: Session, kind: Kind, reason: str) -> None:
    """End a part, if it has not ended; answers on their way are in before, or refused."""
    part = session.part(kind)
    await repository.lock_assessment(connection, part.id)
    if part.completed_at is None:
        await repository.update_assessment(
            connection, part.id, {"completed_at": session.now, "end_reason": reason}
        )
        await repository.insert_event(connection, session.id, f"{kind}_ended", {"reason": reason})


async def skip_parts_out_of(
    connection: AsyncConnection, session: Session, scopes: Iterable[str]
) -> list[Kind]:
    """End the parts whose scope is not among `scopes`; names those that were still open."""
    agreed = set(scopes)
    left_out = [kind for kind in KINDS if SCOPE_OF[kind] not in agreed]
    for kind in left_out:
        await end_part(connection, session, kind, "skipped")
    return [kind for kind in left_out if session.part(kind).completed_at is None]


async def end(connection: AsyncConnection, session: Session, state: EndState, reason: str) -> None:
    """End a locked session."""
    await close(connection, session.id, state, reason, session.now)


async def close(
    connection: AsyncConnection, session_id: UUID, state: EndState, reason: str, at: datetime
) -> None:
    """End a locked session as of `at`; one that has ended keeps its end."""
    values = {"end_state": state, "end_reason": reason, "ended_at": at}
    if await repository.end_session(connection, session_id, values):
        await repository.insert_event(connection, session_id, state.lower(), {"reason": reason})


async def give_consent(
    connection: AsyncConnection, session: Session, given: GivenConsent, *, camera_check_follows: bool
) -> None:
    """Store what the participant said; where they agreed, the parts are open unless a camera check follows."""
    values = asdict(given) | {"scopes": list(given.scopes), "session_id": session.id, "given_at": session.now}
    await repository.insert_consent(connection, values)
    await repository.insert_event(
        connection, session.id, "consent", {"accepted": given.accepted, "version": given.version}
    )
    if given.accepted:
        await repository.update_session(
            connection,
            session.id,
            {
                "consent_scopes": list(given.scopes),
                "consented_at": session.now,
                "parts_open_at": None if camera_check_follows else session.now,
            },
        )


async def check_camera(
    connection: AsyncConnection, session: Session, *, works: bool, reason: str | None, passed: bool
) -> None:
    """Store whether the camera works; `passed`: the parts are open from now on."""
    values: dict[str, Any] = {"camera_ok": works, "camera_reason": reason}
    if passed:
        values |= {"camera_checked_at": session.now, "parts_open_at": session.now}
    await repository.update_session(connection, session.id, values)
    await repository.insert_event(connection, session.id, "camera_check", {"ok": works})


async def give_page(connection: AsyncConnection, session: Session, page_id: UUID) -> None:
    """Let a page own the camera from now on."""
    if session.page_id != page_id:
        await repository.update_session(connection, session.id, {"page_id": page_id})
        await repository.insert_event(connection, session.id, "open", {"page_id": str(page_id)})


async def withdraw_scopes(
    connection: AsyncConnection, session: Session, scopes: Sequence[str], *, opens_parts: bool
) -> None:
    """Store that scopes were taken back, in the sessions that this one replaced, too.

    `opens_parts`: no camera check is awaited any more.
    """
    values: dict[str, Any] = {"withdrawn_scopes": sorted({*session.withdrawn_scopes, *scopes})}
    if opens_parts:
        values["parts_open_at"] = session.now
    await repository.update_session(connection, session.id, values)
    changed = [session.id]
    if session.previous_id is not None:
        changed += await repository.withdraw_before(connection, session, scopes)
    for one in changed:
        await repository.insert_event(connection, one, "withdraw", {"scopes": sorted(scopes)})


async def ask_to_erase(connection: AsyncConnection, session: Session, scopes: Sequence[str]) -> UUID:
    """Store that data are to be erased and give the receipt; a repeat gives the first."""
    asked = await repository.select_erasure_request(connection, session.id, scopes)
    return asked or await repository.insert_erasure_request(connection, session.id, scopes)


async def erasure_receipt(
    connection: AsyncConnection, session: Session, scopes: Sequence[str]
) -> UUID | None:
    """Find the receipt of a request to erase these scopes."""
    return await repository.select_erasure_request(connection, session.id, scopes)


async def note_event(
    connection: AsyncConnection, session_id: UUID, event: str, facts: dict[str, Any] | None = None
) -> None:
    """Store that something happened to a session."""
    await repository.insert_event(connection, session_id, event, facts)
