"""Telling a study's contacts of its alerts: the jobs that an alert asks for in the transaction that opens it.

Each contact is told of an alert once, and once more each time it is raised. Where a mail was taken and nobody heard
of it, it is sent again under the same Message-ID.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from uuid import UUID

from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.jobs.facts import Handlers, Job
from quart_assessment.mail.sending import NOT_TAKEN, Mailer
from quart_assessment.problems import Unavailable
from quart_assessment.safety import repository
from quart_assessment.safety.fragments import ESCALATE, NOTIFY, TRIAL, position_of
from quart_assessment.safety.mail_texts import Occasion, Told, written
from quart_assessment.safety.repository import Alert, Way
from quart_assessment.sessions import service as sessions
from quart_assessment.settings import Settings
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ContactSetting
from quart_assessment.studies.rows import Study

log = logging.getLogger(__name__)

_NOBODY = "-"
_TRIALS_OF_A_NOTICE = 20
_PAUSE_SECONDS = 1.0


class Notices:
    """What a worker tells contacts, by log and by mail. Handlers of jobs; each is safe to run twice."""

    def __init__(self, settings: Settings, database: Database, mailer: Mailer | None) -> None:
        self._address = settings.address
        self._database = database
        self._mailer = mailer

    async def notify(self, job: Job) -> None:
        """Tell the study's first contact of an alert that is open."""
        await self._tell(job.key[0], "opened")

    async def escalate(self, job: Job) -> None:
        """Tell the study's other contacts of an alert that is still open."""
        await self._tell(job.key[0], "escalated")

    async def try_out(self, job: Job) -> None:
        """Send one contact of a study, if it still has so many, a mail that says it is a trial."""
        study_id, place = job.key
        async with self._database.reading() as connection:
            study = await studies.get_study(connection, study_id)
            contacts = await studies.contacts_of(connection, study.id)
        position = position_of(place)
        log.info(
            "a trial of alert mail",
            extra={"study": study.slug, "position": position, "mail": self._mailer is not None},
        )
        if position <= len(contacts):
            key = f"trial.{job.id}.{job.asks}.{position}"
            await self._mail("trial", study, None, contacts[position - 1], key)

    async def _tell(self, alert_id: UUID, occasion: Occasion) -> None:
        async with self._database.reading() as connection:
            alert = await repository.select_alert(connection, alert_id, lock=False)
            if alert is None or alert.state != "open":
                return
            session = await sessions.get_any(connection, alert.session_id)
            study = await studies.get_study(connection, alert.study_id)
            contacts = await studies.contacts_of(connection, study.id)
            code = await studies.code_of(connection, study.id, session.account_id)
            known = await repository.select_told(connection, alert_id, alert.raises)
        log.warning(
            "an alert is open" if occasion == "opened" else "an alert was not acknowledged in time",
            extra={"alert": str(alert.id), "study": study.slug},
        )
        told = Told(code or _NOBODY, alert.opened_at, f"{self._address}/#/staff/alerts/{alert.id}")
        if occasion == "opened" and alert.raises:
            occasion = "raised"
        await self._tell_each(
            alert,
            study,
            told,
            occasion,
            [
                (position, contact)
                for position, contact in enumerate(contacts, 1)
                if position not in known and (position > 1) == (occasion == "escalated")
            ],
        )

    async def _tell_each(
        self,
        alert: Alert,
        study: Study,
        told: Told,
        occasion: Occasion,
        contacts: Sequence[tuple[int, ContactSetting]],
    ) -> None:
        """Tell contacts, those after one who cannot be told, too; raises the first failure."""
        failure: Exception | None = None
        for position, contact in contacts:
            try:
                way = await self._mail(
                    occasion, study, told, contact, f"alert.{alert.id}.{alert.raises}.{position}"
                )
                await self._note(alert, position, way)
            except NOT_TAKEN as error:
                failure = failure or error
        if failure is not None:
            raise failure

    async def _mail(
        self, occasion: Occasion, study: Study, told: Told | None, contact: ContactSetting, key: str
    ) -> Way:
        """Send one mail, if there is a server and an address; gives the way the contact was told."""
        if self._mailer is None or contact.email is None:
            return "log"
        await self._mailer.send(
            written(occasion, study, told, to=contact.email, language=contact.language, key=key)
        )
        return "mail"

    async def _note(self, alert: Alert, position: int, way: Way) -> None:
        """Store that a contact was told; again while the database is away, since the mail was taken."""
        for trial in range(_TRIALS_OF_A_NOTICE):
            try:
                await committed(
                    self._database,
                    lambda connection: repository.insert_notice(
                        connection, alert.id, alert.raises, position, way
                    ),
                )
            except Unavailable:
                if trial == _TRIALS_OF_A_NOTICE - 1:
                    raise
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                return


def handlers_of(settings: Settings, database: Database) -> Handlers:
    """Give the handlers of this room's jobs."""
    notices = Notices(settings, database, Mailer.of(settings))
    return {NOTIFY: notices.notify, ESCALATE: notices.escalate, TRIAL: notices.try_out}
