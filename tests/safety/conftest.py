"""People at risk in a study with contacts, a worker that tells those, and the mail server it tells them by."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.ground.house import House, opened
from tests.ground.mail_server import MailServer, mail_server
from tests.ground.participant import Data, Participant, kept
from tests.ground.postgres import Database
from tests.ground.worker import Work, working
from tests.jobs.conftest import until

FIRST, SECOND, THIRD = "first@study.example", "second@study.example", "third@study.example"
CONTACTS = [
    {"name": "First Person", "email": FIRST},
    {"name": "Second Person", "email": SECOND, "language": "id"},
    {"name": "Third Person", "email": THIRD},
]


@dataclass(frozen=True, slots=True)
class Ward:
    """An app with its database, in which people may say that they are at risk."""

    house: House

    async def study(self, **changes: Any) -> UUID:
        """Load the study of contacts, with changes."""
        return await self.house.study(
            **{"slug": "watched", "contacts": CONTACTS, "presentation": {"order": "phq_first"}} | changes
        )

    async def come(self, study: UUID) -> Participant:
        """Let somebody into their session."""
        someone = await self.house.come(study)
        await someone.arrive()
        return someone

    async def risk(self, someone: Participant, value: int = 2, version: int = 1) -> UUID:
        """Let somebody give the item on self-harm a value; gives their open alert."""
        risky = next(one["id"] for one in await someone.questions() if one["risk"])
        kept(await someone.save(risky, value, version))
        return await self.alert_of(someone)

    async def alert_of(self, someone: Participant) -> UUID:
        [alert] = await self.house.rows(
            "SELECT id FROM alerts WHERE session_id = $1 AND state = 'open'", UUID(someone.session["id"])
        )
        found: UUID = alert["id"]
        return found

    async def at_risk(self, **changes: Any) -> UUID:
        """Let somebody of a study of contacts be at risk; gives the alert."""
        return await self.risk(await self.come(await self.study(**changes)))

    async def jobs(self, about: UUID) -> dict[str, Data]:
        """Give the jobs about an alert (or study) by kind, the newest of each."""
        rows = await self.house.rows("SELECT * FROM jobs WHERE $1 = ANY(key) ORDER BY asked_at", about)
        return {row["kind"]: row for row in rows}

    async def until_job(self, about: UUID, kind: str, state: str, seconds: float = 30) -> Data:
        """Wait until a job is in a state, and give it."""

        async def there() -> Data | None:
            job = (await self.jobs(about)).get(kind)
            return job if job is not None and job["state"] == state else None

        return await until(there, f"{kind} is {state}", seconds)

    async def until_failed_once(self, about: UUID, kind: str) -> Data:
        """Wait until a run of a job has failed, and give the job."""

        async def there() -> Data | None:
            job = (await self.jobs(about)).get(kind)
            return job if job is not None and job["last_error"] is not None else None

        return await until(there, f"{kind} has failed")

    async def let_time_pass(self, alert: UUID) -> None:
        """Make the time be over within which an alert should have been acknowledged."""
        changed = await self.house.rows(
            "UPDATE jobs SET run_after = now() WHERE kind = 'escalate_alert' AND $1 = ANY(key) RETURNING id",
            alert,
        )
        assert changed

    async def acknowledge(self, alert: UUID) -> Data:
        """Have staff say that they took care."""
        admin = await self.house.staff("admin")
        body = {"outcome": "called", "note": "by telephone"}
        found: Data = kept(await admin.post(f"/api/admin/alerts/{alert}/acknowledge", json=body))["alert"]
        return found

    async def notices(self, alert: UUID) -> list[tuple[int, int, str]]:
        """Give who was told: how often the alert had been raised, the contact's place, the way."""
        rows = await self.house.rows(
            "SELECT raises, position, way FROM alert_notices WHERE alert_id = $1 ORDER BY raises, position",
            alert,
        )
        return [(row["raises"], row["position"], row["way"]) for row in rows]


@pytest.fixture
async def ward(database: Database, tmp_path: Path) -> AsyncIterator[Ward]:
    async with opened(database, tmp_path) as house:
        yield Ward(house)


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    """A mail server without TLS on this machine."""
    async with mail_server() as made:
        yield made


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Work]:
    yield from working(tmp_path)


@pytest.fixture
def work(workers: Work, database: Database, mail: MailServer) -> Work:
    """Start workers on this test's database that mail by `mail`: work(any setting=...)."""
    return partial(
        workers,
        database,
        smtp_host="127.0.0.1",
        smtp_port=mail.port,
        smtp_tls="none",
        smtp_from="alerts@operator.example",
        public_url="https://study.example",
    )


async def until_taken(mail: MailServer, count: int, seconds: float = 30) -> None:
    """Wait until the server took so many mails."""

    async def there() -> bool | None:
        return len(mail.taken) >= count or None

    await until(there, f"{count} mails", seconds)
