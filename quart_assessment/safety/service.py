"""Opening alerts, and the help text that is shown with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.jobs import service as jobs
from quart_assessment.problems import Help, Hotline, NotFound
from quart_assessment.safety import repository
from quart_assessment.safety.fragments import TRIAL, place_of
from quart_assessment.safety.repository import Alert as Alert
from quart_assessment.studies import service as studies
from quart_assessment.web.envelope import Data

Source = Literal["phq", "chat"]


@dataclass(frozen=True, slots=True)
class HelpTexts:
    """The live help of a session's study, in the session's language.

    `shown` is the text beside a risk answer; `reply` and `short_reply` are what the chat answers by itself.
    """

    shown: Help
    reply: str
    short_reply: str


def help_of(shown: dict[str, Any]) -> Help:
    """Read a help text as it is stored with alerts: version, text, hotlines."""
    return Help(shown["version"], shown["text"], tuple(_hotline(one) for one in shown["hotlines"]))


def _hotline(stored: dict[str, Any]) -> Hotline:
    return Hotline(stored["name"], stored.get("phone"), stored.get("url"), stored.get("hours"))


async def live_help(connection: AsyncConnection, session_id: UUID) -> HelpTexts | None:
    """Read the live help of the session's study; None where it has none."""
    found = await repository.select_live_help(connection, session_id)
    if found is None:
        return None
    version, content, language = found

    def local(name: str) -> str:
        texts: dict[str, str] = content[name]
        return texts.get(language) or texts.get("en") or next(iter(texts.values()))

    hotlines = tuple(_hotline(one) for one in content["hotlines"])
    return HelpTexts(Help(version, local("text"), hotlines), local("reply"), local("short_reply"))


async def open_alert(
    connection: AsyncConnection,
    *,
    session_id: UUID,
    source: Source,
    value: float,
    detector: str,
    session_ms: int | None,
    received_at: datetime,
    shown: Help | None,
) -> None:
    """Open an alert, and ask for the jobs that tell of it, in the caller's transaction.

    An open one of this session and source is raised if lower; otherwise nothing is asked for.
    """
    await repository.upsert_alert(
        connection,
        {
            "session_id": session_id,
            "source": source,
            "value": value,
            "detector": detector,
            "session_ms": session_ms,
            "received_at": received_at,
            "help_version": None if shown is None else shown.version,
            "help_shown": None if shown is None else asdict(shown),
        },
    )


async def ask_for_trial(database: Database, study_id: UUID) -> None:
    """Ask for a mail to each contact of a study that says that it is a trial.

    Each is a job of its own, so that one contact who is refused holds up no other.
    """

    async def work(connection: AsyncConnection) -> None:
        for position in range(1, len(await studies.contacts_of(connection, study_id)) + 1):
            await jobs.ask(connection, TRIAL, study_id, place_of(position))

    await committed(database, work)


async def backlog_age(connection: AsyncConnection) -> float:
    """Give the age of the oldest open alert in seconds, 0 if none is open."""
    return await repository.select_backlog_age(connection)


async def alerts_of_session(connection: AsyncConnection, session_id: UUID) -> list[Data]:
    """Give a session's alerts as they go over the wire, the newest first."""
    return [_data(one) for one in await repository.select_alerts(connection, session_id=session_id)]


async def alerts_of_studies(
    connection: AsyncConnection,
    study_ids: Sequence[UUID] | None,
    *,
    state: str | None,
    after: UUID | None,
    limit: int,
) -> list[Data]:
    """Give the alerts of studies (None: of all) as they go over the wire, the newest first, from `after` on."""
    found = await repository.select_alerts(
        connection, study_ids=study_ids, state=state, after=after, limit=limit
    )
    return [_data(one) for one in found]


async def lock_alert(connection: AsyncConnection, alert_id: UUID) -> Alert:
    """Lock an alert and read it; raises NotFound."""
    found = await repository.select_alert(connection, alert_id, lock=True)
    if found is None:
        raise NotFound
    return found


async def acknowledge(
    connection: AsyncConnection, alert_id: UUID, account_id: UUID, outcome: str, note: str
) -> None:
    """Store who took care of a locked alert, and how."""
    await repository.update_acknowledged(connection, alert_id, account_id, outcome, note)


async def alert_data(connection: AsyncConnection, alert_id: UUID) -> Data:
    """Give an alert as it goes over the wire; raises NotFound."""
    found = await repository.select_alert(connection, alert_id, lock=False)
    if found is None:
        raise NotFound
    return _data(found)


def _data(alert: Alert) -> Data:
    # An item's value is a whole number; a detector's score need not be one.
    value = int(alert.value) if alert.value.is_integer() else alert.value
    taken = (
        None if alert.acknowledged_at is None else (alert.acknowledged_at - alert.opened_at).total_seconds()
    )
    return asdict(alert) | {"value": value, "seconds_to_acknowledge": taken}
