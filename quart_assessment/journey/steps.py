"""The steps around the two parts: consent, camera check, the page that owns the camera, giving up."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.chat import finishing as chat
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview
from quart_assessment.journey.schemas import CameraCheckForm, ConsentForm
from quart_assessment.problems import Detail, Invalid
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import ConsentOutdated, SessionEnded, WrongStep
from quart_assessment.sessions.rules import check_open
from quart_assessment.sessions.verbs import GivenConsent
from quart_assessment.studies import service as studies
from quart_assessment.studies.rows import Pinned
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data

Verb = Callable[[AsyncConnection, Session, Pinned], Awaitable[None]]
DECLINED = "consent_declined"
GIVEN_UP = "participant"


async def done(database: Database, caller: Caller, session_id: UUID, verb: Verb) -> Data:
    """Do a verb to the caller's locked session and give the session as it is then."""

    async def work(connection: AsyncConnection) -> Data:
        session = await sessions.lock_session(connection, caller, session_id)
        await verb(connection, session, await studies.pinned(connection, session.study_version_id))
        return await overview.of_caller(connection, caller, session_id)

    return await committed(database, work)


async def consent(database: Database, caller: Caller, session_id: UUID, form: ConsentForm) -> Data:
    """Store what the participant said to the consent text; a repeat changes nothing.

    Raises:
        ConsentOutdated: another version of the text was shown.
        Invalid: a scope is unknown, or a required one is missing.
    """

    async def verb(connection: AsyncConnection, session: Session, pinned: Pinned) -> None:
        if session.consent_scopes is not None or session.end_reason == DECLINED:
            return
        check_open(session)
        if form.consent_version != pinned.consent_number:
            raise ConsentOutdated([Detail("consent_version", str(pinned.consent_number))])
        scopes = _agreed(form, pinned)
        shown = orjson.dumps(overview.consent_text(pinned.consent, session.language))
        given = GivenConsent(
            version=pinned.consent_number,
            language=session.language,
            text_sha256=hashlib.sha256(shown).digest(),
            accepted=form.accepted,
            scopes=scopes,
        )
        check_follows = "camera" in scopes and overview.camera_mode(pinned) != "off"
        await verbs.give_consent(connection, session, given, camera_check_follows=check_follows)
        if form.accepted:
            await verbs.skip_parts_out_of(connection, session, scopes)
        else:
            await verbs.end(connection, session, "ABANDONED", DECLINED)

    return await done(database, caller, session_id, verb)


def _agreed(form: ConsentForm, pinned: Pinned) -> tuple[str, ...]:
    known = {scope.name: scope.required for scope in pinned.consent.scopes}
    if any(name not in known for name in form.scopes):
        raise Invalid([Detail("scopes", "unknown")])
    if not form.accepted:
        return ()
    missing = [name for name, required in known.items() if required and name not in form.scopes]
    if missing:
        raise Invalid([Detail("scopes", f"{name} is required") for name in missing])
    return tuple(name for name in known if name in form.scopes)


async def check_camera(database: Database, caller: Caller, session_id: UUID, form: CameraCheckForm) -> Data:
    """Store whether the camera works; where one is required, the step stays until it does."""

    async def verb(connection: AsyncConnection, session: Session, pinned: Pinned) -> None:
        if session.camera_checked_at is not None:
            return
        check_open(session)
        if session.next_step != "camera_check":
            raise WrongStep(session.next_step)
        passed = form.ok or overview.camera_mode(pinned) != "required"
        await verbs.check_camera(connection, session, works=form.ok, reason=form.reason, passed=passed)

    return await done(database, caller, session_id, verb)


async def open_page(database: Database, caller: Caller, session_id: UUID, page_id: UUID) -> Data:
    """Let the newest page own the camera; another one that reads this stops taking pictures."""

    async def verb(connection: AsyncConnection, session: Session, _pinned: Pinned) -> None:
        if session.page_id == page_id:
            return
        check_open(session)
        await verbs.give_page(connection, session, page_id)

    return await done(database, caller, session_id, verb)


async def abandon(database: Database, caller: Caller, session_id: UUID, reason: str | None) -> Data:
    """End the session on the person's own wish; what they said of it is kept with the event."""

    async def verb(connection: AsyncConnection, session: Session, _pinned: Pinned) -> None:
        if session.end_state == "ABANDONED" and session.end_reason == GIVEN_UP:
            return
        if session.end is not None:
            raise SessionEnded
        if reason is not None:
            await verbs.note_event(connection, session.id, "reason", {"text": reason})
        await chat.stop_running(connection, session)
        await verbs.end(connection, session, "ABANDONED", GIVEN_UP)

    return await done(database, caller, session_id, verb)
