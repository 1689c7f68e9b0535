"""An alert is told to the study's contacts: by jobs of the statement that opened it, by log and by mail."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import get_args
from uuid import UUID, uuid4

import pytest

from quart_assessment.safety.mail_texts import Occasion, Told, written
from quart_assessment.safety.service import ask_for_trial
from quart_assessment.studies.definition import MailLanguage
from quart_assessment.studies.rows import Study
from tests.ground.mail_server import MailServer
from tests.ground.participant import kept, refused
from tests.ground.worker import Work, WorkerProcess
from tests.jobs.conftest import said, until
from tests.safety.conftest import FIRST, SECOND, THIRD, Ward, until_taken

DANGER = "I want to kill myself."


def warnings_of(worker: WorkerProcess, message: str) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in worker.printed().splitlines()]
    return [line for line in lines if line["message"] == message]


async def test_the_jobs_are_there_exactly_if_the_alert_is(ward: Ward) -> None:
    someone = await ward.come(await ward.study(escalate_after_minutes=45))
    questions = await someone.questions()
    plain, risky = (next(one["id"] for one in questions if one["risk"] is risk) for risk in (False, True))
    kept(await someone.save(plain, 3))
    kept(await someone.save(risky, 0))
    refused(await someone.save(risky, 7, 2), 422, "invalid")
    assert await ward.house.rows("SELECT * FROM jobs") == []
    alert = await ward.risk(someone, 2, 3)
    jobs = await ward.jobs(alert)
    assert {kind: (job["state"], job["asks"]) for kind, job in jobs.items()} == {
        "notify_staff": ("waiting", 1),
        "escalate_alert": ("waiting", 1),
    }
    [row] = await ward.house.rows("SELECT opened_at FROM alerts")
    assert jobs["notify_staff"]["run_after"] == row["opened_at"]
    assert jobs["escalate_alert"]["run_after"] == row["opened_at"] + timedelta(minutes=45)


async def test_only_what_opens_or_raises_an_alert_asks_again(ward: Ward) -> None:
    someone = await ward.come(await ward.study())
    alert = await ward.risk(someone, 2, 1)
    before = (await ward.jobs(alert))["escalate_alert"]["run_after"]
    for value, version, asks in ((2, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 2), (3, 5, 2)):
        assert await ward.risk(someone, value, version) == alert
        assert {job["asks"] for job in (await ward.jobs(alert)).values()} == {asks}
    assert (await ward.jobs(alert))["escalate_alert"]["run_after"] == before, "no raise puts it off"


async def test_a_save_takes_one_statement_with_an_alert_and_without(ward: Ward) -> None:
    someone = await ward.come(await ward.study())
    for one in await someone.questions():
        with ward.house.statements() as sent:
            kept(await someone.save(one["id"], 3))
        assert len(sent) == 1
    assert len(await ward.house.rows("SELECT * FROM jobs")) == 2


async def test_a_message_at_risk_asks_in_the_transaction_of_its_turn(ward: Ward) -> None:
    someone = await ward.come(await ward.study(presentation={"order": "chat_first"}))
    await someone.greet()
    await someone.say(DANGER)
    assert set(await ward.jobs(await ward.alert_of(someone))) == {"notify_staff", "escalate_alert"}


async def test_the_first_contact_is_mailed_once_with_nothing_that_was_said(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    study = await ward.study(presentation={"order": "chat_first"})
    someone = await ward.come(study)
    await someone.greet()
    await someone.say(DANGER)
    alert = await ward.alert_of(someone)
    worker = work()
    await ward.until_job(alert, "notify_staff", "done")
    [message] = mail.taken
    assert (message["To"], message["From"]) == (FIRST, "alerts@operator.example")
    assert message["Message-ID"] == f"<alert.{alert}.0.1@operator.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Subject"] == "watched: an alert needs you"
    assert message.get_content_type() == "text/plain"
    text = message.get_content()
    [facts] = await ward.house.rows(
        "SELECT e.code, c.username FROM enrolments e JOIN accounts c ON c.id = e.account_id"
        " WHERE e.study_id = $1",
        study,
    )
    assert facts["code"] in text
    assert f"https://study.example/#/staff/alerts/{alert}" in text
    assert "30 minutes" in text
    assert "This study is a demonstration, not care." in text
    for canary in ("kill", facts["username"], "First Person", someone.session["id"]):
        assert canary not in message.as_string()
    assert await ward.notices(alert) == [(0, 1, "mail")]
    [line] = warnings_of(worker, "an alert is open")
    assert (line["alert"], line["study"]) == (str(alert), "watched")
    for canary in ("kill", facts["username"], facts["code"], "First Person", FIRST):
        assert canary not in worker.printed()


async def test_a_raised_alert_is_told_again_under_another_message_id(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    work()
    someone = await ward.come(await ward.study())
    alert = await ward.risk(someone, 1, 1)
    await until_taken(mail, 1)
    await ward.risk(someone, 3, 2)
    await until_taken(mail, 2)
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [f"<alert.{alert}.{raises}.1@operator.example>" for raises in (0, 1)]
    assert mail.taken[1]["Subject"] == "watched: an alert has become more serious"
    assert await ward.notices(alert) == [(0, 1, "mail"), (1, 1, "mail")]


async def test_an_alert_that_nobody_acknowledges_goes_to_the_other_contacts(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    worker = work()
    await until_taken(mail, 1)
    await ward.let_time_pass(alert)
    await ward.until_job(alert, "escalate_alert", "done")
    assert mail.recipients == [FIRST, SECOND, THIRD]
    assert mail.keys[1:] == [f"<alert.{alert}.0.{place}@operator.example>" for place in (2, 3)]
    indonesian, english = (one.get_content() for one in mail.taken[1:])
    assert "belum dikonfirmasi dalam 30 menit" in indonesian
    assert mail.taken[1]["Content-Language"] == "id"
    assert "has not been acknowledged within 30 minutes" in english
    assert len(warnings_of(worker, "an alert was not acknowledged in time")) == 1
    [listed] = kept(await (await ward.house.staff("admin")).get("/api/admin/alerts"))["alerts"]
    assert listed["notified_at"] <= listed["escalated_at"]


async def test_an_acknowledged_alert_is_not_escalated(ward: Ward, mail: MailServer, work: Work) -> None:
    alert = await ward.at_risk()
    work()
    await until_taken(mail, 1)
    await ward.acknowledge(alert)
    await ward.let_time_pass(alert)
    await ward.until_job(alert, "escalate_alert", "done")
    assert mail.recipients == [FIRST]


async def test_an_alert_that_was_acknowledged_before_it_could_be_told_is_not_told(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    await ward.acknowledge(alert)
    worker = work()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.taken == []
    assert warnings_of(worker, "an alert is open") == []


async def test_without_a_mail_server_an_alert_stands_in_the_log_and_escalates_there(
    ward: Ward, workers: Work
) -> None:
    alert = await ward.at_risk()
    worker = workers(ward.house.database)
    await ward.until_job(alert, "notify_staff", "done")
    await ward.let_time_pass(alert)
    await ward.until_job(alert, "escalate_alert", "done")
    for message in ("an alert is open", "an alert was not acknowledged in time"):
        [line] = warnings_of(worker, message)
        assert (line["level"], line["alert"], line["study"]) == ("WARNING", str(alert), "watched")
    assert await ward.notices(alert) == [(0, 1, "log"), (0, 2, "log"), (0, 3, "log")]


async def test_without_contacts_too(ward: Ward, mail: MailServer, work: Work) -> None:
    alert = await ward.at_risk(contacts=[])
    worker = work()
    await ward.until_job(alert, "notify_staff", "done")
    assert len(warnings_of(worker, "an alert is open")) == 1
    assert mail.connections == 0


async def test_contacts_are_live(ward: Ward, mail: MailServer, work: Work) -> None:
    alert = await ward.at_risk()
    await ward.study(contacts=[{"name": "New", "email": "new@study.example"}])
    work()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.recipients == ["new@study.example"]


async def test_two_workers_mail_an_alert_once(ward: Ward, mail: MailServer, work: Work) -> None:
    for _ in range(2):
        work(job_poll_seconds=0.1)
    study = await ward.study()
    alerts = [await ward.risk(await ward.come(study)) for _ in range(6)]
    for alert in alerts:
        await ward.until_job(alert, "notify_staff", "done")
    assert sorted(mail.keys) == sorted(f"<alert.{alert}.0.1@operator.example>" for alert in alerts)


async def test_a_trial_goes_to_every_contact_and_says_so(ward: Ward, mail: MailServer, work: Work) -> None:
    study = await ward.study()
    await ask_for_trial(ward.house.app.extensions["database"], study)
    work()
    await until_taken(mail, 3)
    assert sorted(mail.recipients) == [FIRST, SECOND, THIRD]
    said = {one["To"]: one.get_content() for one in mail.taken}
    assert "no alert was opened" in said[FIRST]
    assert "tidak ada peringatan yang dibuka" in said[SECOND]


async def test_a_contact_whose_mail_is_refused_has_nobody_else_tried_twice_or_never(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    mail.refuse_recipient[SECOND] = "550 5.1.1 unknown"
    study = await ward.study()
    await ask_for_trial(ward.house.app.extensions["database"], study)
    work(job_backoff_seconds=0.2)
    await until_taken(mail, 2)

    async def tried() -> bool | None:
        jobs = await ward.house.rows(
            "SELECT attempts FROM jobs WHERE state <> 'done' AND $1 = ANY(key)", study
        )
        return any(job["attempts"] >= 3 for job in jobs) or None

    await until(tried, "it is tried again")
    assert sorted(mail.recipients) == [FIRST, THIRD]
    mail.refuse_recipient.clear()
    await until_taken(mail, 3)
    assert sorted(mail.recipients) == [FIRST, SECOND, THIRD]


async def test_the_time_to_acknowledge_is_kept_and_measured_once(ward: Ward) -> None:
    alert = await ward.at_risk()
    await ward.house.rows("UPDATE alerts SET opened_at = now() - interval '400 seconds'")
    measured = [await _measured(ward)]
    for _ in range(2):
        found = await ward.acknowledge(alert)
        measured.append(await _measured(ward))
        assert (found["state"], found["outcome"]) == ("acknowledged", "called")
        assert 400 <= found["seconds_to_acknowledge"] < 460
    assert [count - measured[0] for count in measured] == [0, 1, 1]


async def _measured(ward: Ward) -> float:
    page = (await ward.house.client().get("/metrics")).text
    name = 'qa_alert_acknowledge_seconds_bucket{le="900.0"}'
    return next(float(line.split()[1]) for line in page.splitlines() if line.startswith(name))


@pytest.mark.parametrize("language", get_args(MailLanguage))
@pytest.mark.parametrize("occasion", get_args(Occasion))
@pytest.mark.parametrize("demo", [False, True])
def test_every_mail_is_written_in_every_language(language: str, occasion: Occasion, demo: bool) -> None:
    study = Study(uuid4(), "a-study", "A study", demo, False, False, None, None, 17)
    opened = datetime(2024, 5, 1, 12, 34, 56, tzinfo=UTC)
    told = None if occasion == "trial" else Told("P-CODE", opened, "https://x/#/staff/alerts/1")
    mail = written(occasion, study, told, to=FIRST, language=language, key="k")
    assert "a-study" in mail.subject
    assert "\n" not in mail.subject
    assert "{" not in mail.subject + mail.text
    assert mail.text.isascii()
    if told is not None:
        for fact in ("P-CODE", "2024-05-01 12:34 UTC", told.link, "17"):
            assert fact in mail.text
    demonstration = {"en": "not care", "id": "bukan layanan kesehatan"}[language]
    assert (demonstration in mail.text) is demo


async def test_the_log_is_told_of_an_alert_again_while_it_cannot_be_mailed(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert: UUID = await ward.at_risk()
    mail.refuse_data = "451 later"
    worker = work()
    await until(lambda: said(worker, str(alert), 3), "three lines")
    assert len(warnings_of(worker, "an alert is open")) >= 3
