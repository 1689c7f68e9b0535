"""Saves are as fast while the mail server hangs as while it answers: the figures."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable

import pytest

from tests.ground.mail_server import MailServer
from tests.ground.participant import Participant, kept
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with
from tests.ground.worker import Work
from tests.safety.conftest import CONTACTS

PEOPLE, ROUNDS = 30, 4


async def risky_saves(service: Service, database: Database, slug: str) -> list[float]:
    """Let thirty people save, one after another, a value that opens or raises an alert; gives each one's seconds."""
    study = study_with(slug=slug, contacts=CONTACTS, presentation={"order": "phq_first"})
    people = await populated(database, study, participants=PEOPLE)
    seconds = []
    for person in people.participants:
        async with service.client() as client:
            someone = Participant(client)
            await someone.log_in(person.username, person.password)
            await someone.arrive()
            risky = next(one["id"] for one in await someone.questions() if one["risk"])
            for value in (1, 2, 3):
                begun = time.perf_counter()
                kept(await someone.save(risky, value, value))
                seconds.append(time.perf_counter() - begun)
                await asyncio.sleep(0.01)
    return seconds


@pytest.mark.prove
async def test_saves_that_open_alerts_are_as_fast_while_the_mail_server_hangs(
    database: Database,
    mail: MailServer,
    work: Work,
    serve: Callable[..., Service],
    proof: Callable[..., None],
) -> None:
    service = serve(database, web_concurrency=1)
    work()
    medians: dict[str, list[float]] = {"answers": [], "hangs": []}
    for number in range(ROUNDS):
        for state in medians:
            mail.hold = "EHLO" if state == "hangs" else None
            if state == "answers":
                mail.gate.set()
            else:
                mail.gate.clear()
            seconds = await risky_saves(service, database, f"{state}-{number}")
            medians[state].append(round(1000 * statistics.median(seconds), 2))
    proof(
        "Saves that open alerts, and the mail server",
        ms_p50_by_round_while_it_answers=medians["answers"],
        ms_p50_by_round_while_it_hangs=medians["hangs"],
    )
    assert statistics.median(medians["hangs"]) < 1.25 * statistics.median(medians["answers"]) + 0.5
