"""What a killed process or a mail server that misbehaves does to the mail about an alert: late, never lost."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import trustme

from quart_assessment.cli.doctor_database import examine_database
from quart_assessment.cli.doctor_mail import examine_mail
from quart_assessment.settings import Settings
from tests.ground.mail_server import MailServer, mail_server
from tests.ground.participant import Participant, kept
from tests.ground.ports import free_port
from tests.ground.postgres import Database
from tests.ground.service import Service
from tests.ground.study import populated, study_with
from tests.ground.worker import Work
from tests.jobs.conftest import said, until
from tests.safety.conftest import CONTACTS, FIRST, SECOND, THIRD, Ward, until_taken

SENDER = "alerts@operator.example"


def key_of(alert: UUID, position: int = 1) -> str:
    return f"<alert.{alert}.0.{position}@{SENDER.partition('@')[2]}>"


async def test_a_service_killed_after_the_save_leaves_an_alert_that_is_mailed_once(
    ward: Ward, mail: MailServer, work: Work, serve: Callable[..., Service], database: Database
) -> None:
    study = study_with(slug="watched", contacts=CONTACTS, presentation={"order": "phq_first"})
    people = await populated(database, study, participants=1)
    service = serve(database)
    async with service.client() as client:
        someone = Participant(client)
        await someone.log_in(people.participants[0].username, people.participants[0].password)
        await someone.arrive()
        risky = next(one["id"] for one in await someone.questions() if one["risk"])
        kept(await someone.save(risky, 2))
    service.kill_workers()
    service.process.kill()
    alert = await ward.alert_of(someone)
    work()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [key_of(alert)]


async def test_a_worker_killed_before_the_server_took_the_mail_has_it_sent_once_by_another(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    mail.hold = "RCPT"
    killed = work()
    await until(lambda: _reached(mail, "RCPT"), "it is at work")
    killed.kill()
    mail.hold = None
    work()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [key_of(alert)]


async def test_a_worker_killed_between_the_servers_250_and_the_commit_has_it_sent_twice_as_one(
    ward: Ward, mail: MailServer, work: Work, database: Database
) -> None:
    alert = await ward.at_risk()
    # Nobody can commit a notice while this transaction is open.
    connection = await database.connect(owner=True)
    await connection.execute("BEGIN")
    await connection.execute("LOCK TABLE alert_notices IN SHARE MODE")
    killed = work()
    await until_taken(mail, 1)
    await until(lambda: _waits(ward), "the notice waits")
    killed.kill()
    await connection.execute("ROLLBACK")
    await connection.close()
    work()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [key_of(alert)] * 2
    assert await ward.notices(alert) == [(0, 1, "mail")]


async def _waits(ward: Ward) -> bool | None:
    rows = await ward.house.rows(
        "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = CAST('alert_notices' AS regclass)"
    )
    return bool(rows) or None


async def test_a_worker_killed_after_that_commit_has_it_sent_once(
    ward: Ward, mail: MailServer, work: Work, database: Database
) -> None:
    alert = await ward.at_risk()
    mail.hold = "DATA"
    killed = work()
    await until(lambda: _reached(mail, "DATA"), "it is at work")
    # Nobody can say that the job is done while this transaction is open.
    connection = await database.connect(owner=True)
    await connection.execute("BEGIN")
    await connection.execute("SELECT * FROM jobs WHERE kind = 'notify_staff' FOR UPDATE")
    mail.gate.set()
    await until(lambda: _noticed(ward, alert), "the notice is kept")
    killed.kill()
    await connection.execute("ROLLBACK")
    await connection.close()
    work()
    job = await ward.until_job(alert, "notify_staff", "done")
    assert job["attempts"] == 2
    assert mail.keys == [key_of(alert)]


async def _noticed(ward: Ward, alert: UUID) -> bool | None:
    return bool(await ward.notices(alert)) or None


async def _reached(mail: MailServer, step: str) -> bool | None:
    return step in mail.commands or None


async def test_mail_waits_for_a_server_that_is_down(ward: Ward, workers: Work) -> None:
    port = free_port()
    alert = await ward.at_risk()
    workers(ward.house.database, smtp_host="127.0.0.1", smtp_port=port, smtp_tls="none", smtp_from=SENDER)
    job = await ward.until_failed_once(alert, "notify_staff")
    assert job["last_error"] == "aiosmtplib.errors.SMTPConnectError"
    async with mail_server(port) as mail:
        await ward.until_job(alert, "notify_staff", "done")
        assert mail.keys == [key_of(alert)]


@pytest.mark.parametrize("hold", ["EHLO", "RCPT", "DATA"])
async def test_a_server_that_stalls_is_left_after_the_time_out_and_asked_again(
    ward: Ward, mail: MailServer, work: Work, hold: str
) -> None:
    alert = await ward.at_risk()
    mail.hold = hold
    work(smtp_timeout=0.5)
    job = await ward.until_failed_once(alert, "notify_staff")
    assert "Timeout" in job["last_error"]
    mail.hold = None
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [key_of(alert)]


async def test_a_server_that_takes_a_mail_and_does_not_say_so_gets_it_again_under_the_same_id(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    mail.hold_after_data = True
    work(smtp_timeout=0.5)
    await until_taken(mail, 1)
    await ward.until_failed_once(alert, "notify_staff")
    mail.hold_after_data = False
    await ward.until_job(alert, "notify_staff", "done")
    assert set(mail.keys) == {key_of(alert)}
    assert len(mail.keys) >= 2


async def test_a_server_that_says_later_is_asked_again(ward: Ward, mail: MailServer, work: Work) -> None:
    alert = await ward.at_risk()
    mail.refuse_recipient[FIRST] = "451 4.3.0 first@study.example: try again later"
    worker = work()
    job = await ward.until_failed_once(alert, "notify_staff")
    assert job["last_error"] == "aiosmtplib.errors.SMTPRecipientsRefused"
    mail.refuse_recipient.clear()
    await ward.until_job(alert, "notify_staff", "done")
    assert mail.keys == [key_of(alert)]
    assert '"smtp_code":451' in worker.printed()
    assert FIRST not in worker.printed()
    assert "try again" not in worker.printed()


async def test_a_server_that_refuses_for_good_is_seen_and_the_job_given_up(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    mail.refuse_data = "554 5.7.1 no"
    work(job_attempts=3, job_longest_backoff_seconds=0.2)
    job = await ward.until_job(alert, "notify_staff", "failed")
    assert (job["attempts"], job["last_error"]) == (3, "aiosmtplib.errors.SMTPDataError")
    page = (await ward.house.client().get("/metrics")).text
    assert 'qa_jobs{kind="notify_staff",state="failed"} 1.0' in page
    assert 'qa_job_runs_total{kind="notify_staff",outcome="error"} 3.0' in page
    [finding] = [one for one in await examine_database(ward.house.settings) if one.subject == "jobs"]
    assert (finding.level, finding.sentence[:27]) == ("warn", "notify_staff: 1 given up; t")
    # The time to acknowledge runs on, and the others are told.
    mail.refuse_data = None
    await ward.let_time_pass(alert)
    await ward.until_job(alert, "escalate_alert", "done")
    assert mail.recipients == [SECOND, THIRD]


async def test_a_contact_who_cannot_be_mailed_keeps_nobody_else_from_being_told_once(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    work()
    await until_taken(mail, 1)
    mail.refuse_recipient[SECOND] = "550 5.1.1 unknown"
    await ward.let_time_pass(alert)
    await ward.until_failed_once(alert, "escalate_alert")
    await until_taken(mail, 2)
    mail.refuse_recipient.clear()
    await ward.until_job(alert, "escalate_alert", "done")
    assert mail.recipients == [FIRST, THIRD, SECOND]


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> dict[str, object]:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    return {"ssl_cert_file": tmp_path / "authority.pem"}


@pytest.mark.parametrize(("way", "implicit"), [("starttls", False), ("tls", True)])
async def test_a_certificate_that_is_not_trusted_gets_neither_mail_nor_password(
    ward: Ward, workers: Work, tls: ssl.SSLContext, trusting: dict[str, object], way: str, implicit: bool
) -> None:
    alert = await ward.at_risk()
    async with mail_server(tls=tls, implicit=implicit, login=True) as mail:
        reached = {"smtp_host": "localhost", "smtp_port": mail.port, "smtp_tls": way, "smtp_from": SENDER}
        reached |= {"smtp_user": "alerts", "smtp_password": "a secret"}
        doubting = workers(ward.house.database, **reached)
        job = await ward.until_failed_once(alert, "notify_staff")
        assert job["last_error"].startswith(("ssl.", "aiosmtplib."))
        assert mail.passwords == []
        assert doubting.end() == 0
        workers(ward.house.database, **reached, **trusting)
        await ward.until_job(alert, "notify_staff", "done")
        assert mail.keys == [key_of(alert)]
        assert mail.passwords == [b"a secret"]


async def test_a_server_without_tls_is_not_mailed_in_the_clear(
    ward: Ward, mail: MailServer, work: Work
) -> None:
    alert = await ward.at_risk()
    work(smtp_tls="starttls", smtp_user="alerts", smtp_password="a secret")
    job = await ward.until_failed_once(alert, "notify_staff")
    assert job["last_error"].startswith("aiosmtplib.")
    assert mail.taken == []
    assert set(mail.commands) == {"EHLO"}


async def test_a_wrong_password_is_seen_and_not_logged(
    ward: Ward, workers: Work, tls: ssl.SSLContext, trusting: dict[str, object]
) -> None:
    alert = await ward.at_risk()
    async with mail_server(tls=tls, login=True) as mail:
        reached = {"smtp_host": "localhost", "smtp_port": mail.port, "smtp_from": SENDER}
        worker = workers(
            ward.house.database, **reached, **trusting, smtp_user="nobody", smtp_password="a secret"
        )
        job = await ward.until_failed_once(alert, "notify_staff")
        assert job["last_error"] == "aiosmtplib.errors.SMTPAuthenticationError"
        await until(lambda: said(worker, '"smtp_code":535'), "the code")
        assert "a secret" not in worker.printed()


@pytest.mark.parametrize("trouble", ["down", "stalled", "refusing"])
async def test_participants_are_answered_and_helped_though_mail_is_in_trouble(
    ward: Ward, mail: MailServer, work: Work, trouble: str
) -> None:
    if trouble == "stalled":
        mail.hold = "EHLO"
    else:
        mail.refuse_data = "554 no"
    work(jobs_at_once=1, **({"smtp_port": free_port()} if trouble == "down" else {}))
    study = await ward.study()
    for _ in range(5):
        someone = await ward.come(study)
        risky = next(one["id"] for one in await someone.questions() if one["risk"])
        assert kept(await someone.save(risky, 3))["help"]["hotlines"]
    [row] = await ward.house.rows("SELECT count(*) FROM alerts WHERE state = 'open'")
    assert row["count"] == 5


async def test_the_doctor_tries_the_mail_server(mail: MailServer, settings: Settings) -> None:
    assert (await examine_mail(settings)).level == "ok"
    there = settings.model_copy(
        update={
            "smtp_host": "127.0.0.1",
            "smtp_port": mail.port,
            "smtp_tls": "none",
            "smtp_from": SENDER,
        }
    )
    assert (await examine_mail(there)).level == "ok"
    assert mail.taken == []
    for fault in ({"smtp_port": free_port()}, {"smtp_tls": "starttls"}):
        assert (await examine_mail(there.model_copy(update=fault))).level == "fail"
