"""What staff see and do. Each read of participants' data has its audit row in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment import measures
from quart_assessment.accounts.policy import check_study, visible_studies
from quart_assessment.audit import service as audit
from quart_assessment.camera import reading as captures
from quart_assessment.camera.facts import Capture
from quart_assessment.chat import finishing as chat
from quart_assessment.chat import reading as turns
from quart_assessment.database.engine import SNAPSHOT, Database
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview, repository
from quart_assessment.phq import reading as answers
from quart_assessment.safety import service as safety
from quart_assessment.safety.service import Alert
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Session
from quart_assessment.sessions.problems import SessionEnded
from quart_assessment.studies import service as studies
from quart_assessment.web.caller import Staff
from quart_assessment.web.envelope import Data


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows of a list: filters, where to go on, and how many."""

    study: str | None = None
    participant: str | None = None
    state: str | None = None
    after: UUID | None = None
    limit: int = 50


async def _own(connection: AsyncConnection, staff: Staff) -> list[UUID]:
    return await studies.staffed(connection, staff.account_id)


async def list_sessions(database: Database, staff: Staff, wanted: Wanted) -> tuple[list[Data], UUID | None]:
    """Give the sessions somebody may see, the newest first, and where the next page begins."""

    async def work(connection: AsyncConnection) -> tuple[list[Data], UUID | None]:
        rows = await repository.select_listed(
            connection,
            study_ids=visible_studies(staff, await _own(connection, staff)),
            study=wanted.study,
            participant=wanted.participant,
            state=wanted.state,
            after=wanted.after,
            limit=wanted.limit + 1,
        )
        listed, rest = rows[: wanted.limit], rows[wanted.limit :]
        found = await _listed(connection, listed)
        await audit.record(connection, staff.account_id, "sessions_listed", facts={"rows": len(listed)})
        return found, listed[-1]["id"] if rest else None

    return await committed(database, work, isolation=SNAPSHOT)


async def _listed(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> list[Data]:
    found = await sessions.get_many(connection, [row["id"] for row in rows])
    seen = await overview.of_sessions(connection, [found[row["id"]] for row in rows])
    return [
        row
        | {
            "state": session["state"],
            "progress": session["progress"],
            "missing": overview.missing_of(session),
        }
        for row, session in zip(rows, seen, strict=True)
    ]


async def _seen(
    connection: AsyncConnection, staff: Staff, session_id: UUID, *, lock: bool = False
) -> Session:
    find = sessions.lock_any if lock else sessions.get_any
    session = await find(connection, session_id)
    check_study(staff, await _own(connection, staff), session.study_id)
    return session


async def read_session(database: Database, staff: Staff, session_id: UUID) -> Data:
    """Give a session whole: answers with revisions, score, turns, captures, alerts; raises NotFound."""

    async def work(connection: AsyncConnection) -> Data:
        session = await _seen(connection, staff, session_id)
        await audit.record(
            connection, staff.account_id, "session_read", study_id=session.study_id, session_id=session.id
        )
        return {
            "session": await overview.of_session(connection, session),
            "participant": await studies.code_of(connection, session.study_id, session.account_id),
            "answers": await answers.answers_data(connection, session.id),
            "score": answers.score_data(await answers.score_of(connection, session.phq.id)),
            "turns": await turns.turns_data(connection, session.id),
            "captures": await captures.receipts_of(connection, session.id),
            "alerts": await safety.alerts_of_session(connection, session.id),
            "events": await sessions.read_events(connection, session.id),
        }

    return await committed(database, work, isolation=SNAPSHOT)


async def find_file(database: Database, staff: Staff, session_id: UUID, capture_id: UUID) -> Capture:
    """Find a capture's file for staff, with its audit row; raises NotFound."""

    async def work(connection: AsyncConnection) -> Capture:
        session = await _seen(connection, staff, session_id)
        found = await captures.find_file(connection, session.id, capture_id)
        await audit.record(
            connection,
            staff.account_id,
            "capture_read",
            study_id=session.study_id,
            session_id=session.id,
            subject_id=capture_id,
        )
        return found

    return await committed(database, work)


async def list_alerts(database: Database, staff: Staff, wanted: Wanted) -> tuple[Sequence[Data], UUID | None]:
    """Give the alerts somebody may see, the newest first, and where the next page begins."""

    async def work(connection: AsyncConnection) -> tuple[Sequence[Data], UUID | None]:
        rows = await safety.alerts_of_studies(
            connection,
            visible_studies(staff, await _own(connection, staff)),
            state=wanted.state,
            after=wanted.after,
            limit=wanted.limit + 1,
        )
        listed, rest = rows[: wanted.limit], rows[wanted.limit :]
        await audit.record(connection, staff.account_id, "alerts_listed", facts={"rows": len(listed)})
        return listed, listed[-1]["id"] if rest else None

    return await committed(database, work)


async def read_acknowledged(database: Database, staff: Staff, alert_id: UUID) -> Data | None:
    """Give an alert that has been acknowledged, None for one that is open; raises NotFound."""

    async def work(connection: AsyncConnection) -> Data | None:
        alert = await _own_alert(connection, staff, alert_id)
        if alert.state == "open":
            return None
        await _record(connection, staff, "alert_read", alert)
        return await safety.alert_data(connection, alert_id)

    return await committed(database, work)


async def acknowledge(database: Database, staff: Staff, alert_id: UUID, outcome: str, note: str) -> Data:
    """Store who took care of an alert, and how; one that was acknowledged stays as it is. Raises NotFound."""

    async def work(connection: AsyncConnection) -> tuple[Data, bool]:
        alert = await _own_alert(connection, staff, alert_id)
        if alert.state == "open":
            await safety.acknowledge(connection, alert_id, staff.account_id, outcome, note)
        await _record(
            connection, staff, "alert_acknowledged" if alert.state == "open" else "alert_read", alert
        )
        return await safety.alert_data(connection, alert_id), alert.state == "open"

    found, new = await committed(database, work)
    if new:
        measures.acknowledge_times.observe(found["seconds_to_acknowledge"])
    return found


async def _own_alert(connection: AsyncConnection, staff: Staff, alert_id: UUID) -> Alert:
    alert = await safety.lock_alert(connection, alert_id)
    check_study(staff, await _own(connection, staff), alert.study_id)
    return alert


async def _record(connection: AsyncConnection, staff: Staff, action: str, alert: Alert) -> None:
    await audit.record(
        connection,
        staff.account_id,
        action,
        study_id=alert.study_id,
        session_id=alert.session_id,
        subject_id=alert.id,
    )


async def read_failed(database: Database, staff: Staff, session_id: UUID) -> Data | None:
    """Give a session that has failed, None for one that may still be ended; raises as `fail`."""

    async def work(connection: AsyncConnection) -> Data | None:
        session = await _seen(connection, staff, session_id)
        if session.end is None:
            return None
        return await _failed(connection, staff, session)

    return await committed(database, work)


async def _failed(connection: AsyncConnection, staff: Staff, session: Session) -> Data:
    if session.end_state != "FAILED":
        raise SessionEnded
    await audit.record(
        connection, staff.account_id, "session_read", study_id=session.study_id, session_id=session.id
    )
    return await overview.of_session(connection, session)


async def fail(database: Database, staff: Staff, session_id: UUID, reason: str) -> Data:
    """End a session for a fault; one that has failed stays as it is.

    Raises:
        NotFound: there is no such session in the studies of this staff.
        SessionEnded: it ended otherwise.
    """

    async def work(connection: AsyncConnection) -> Data:
        session = await _seen(connection, staff, session_id, lock=True)
        if session.end is not None:
            return await _failed(connection, staff, session)
        await chat.stop_running(connection, session)
        await verbs.note_event(connection, session.id, "reason", {"text": reason})
        await verbs.end(connection, session, "FAILED", "staff")
        await audit.record(
            connection, staff.account_id, "session_failed", study_id=session.study_id, session_id=session.id
        )
        return await overview.of_session(connection, await sessions.get_any(connection, session_id))

    return await committed(database, work)
