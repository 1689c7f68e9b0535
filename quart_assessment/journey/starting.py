"""Starting a session: everything it will ask is pinned and drawn here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.accounts import service as accounts
from quart_assessment.accounts.facts import Account
from quart_assessment.chat.connections import Connections
from quart_assessment.chat.fitness import is_external, missing_for_chat
from quart_assessment.database.engine import Database
from quart_assessment.database.schema import new_id
from quart_assessment.database.transactions import committed
from quart_assessment.journey import overview, repository
from quart_assessment.journey.repository import EarlierSession
from quart_assessment.phq import questionnaire
from quart_assessment.problems import Detail, Invalid, NotFound
from quart_assessment.sessions import service as sessions
from quart_assessment.sessions import verbs
from quart_assessment.sessions.facts import Kind
from quart_assessment.sessions.problems import SessionLimit, SessionOpen, StudyIncomplete, VisitNotDue
from quart_assessment.sessions.verbs import NewSession
from quart_assessment.studies import service as studies
from quart_assessment.studies.definition import ChatSettings, PresentationSettings
from quart_assessment.studies.rows import Pinned, Study, Version
from quart_assessment.studies.study_file import missing_settings
from quart_assessment.web.caller import Caller
from quart_assessment.web.envelope import Data, rfc3339


@dataclass(frozen=True, slots=True)
class Asked:
    """What a participant asks for: a study by slug or id, a language, and their key for this call."""

    key: UUID | None
    study: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new session stands among those somebody has had in a study."""

    visit: int
    attempt: int
    first_of_visit: bool


async def start(
    database: Database, connections: Connections, caller: Caller, asked: Asked
) -> tuple[Data, bool]:
    """Start a session; gives it and whether it is new.

    Raises:
        NotFound: the caller is staff, or takes no part in such a study.
        SessionOpen, StudyIncomplete, SessionLimit, VisitNotDue: no session can start now; see each.
        Invalid: the study does not speak the language.
    """

    async def work(connection: AsyncConnection) -> tuple[Data, bool]:
        account = await accounts.account_of(connection, caller)
        if account.role != "participant":
            raise NotFound
        await repository.lock_account(connection, account.id)
        if asked.key is not None and (
            known := await repository.select_by_key(connection, account.id, asked.key)
        ):
            return await overview.of_caller(connection, caller, known), False
        session_id = await _new_session(connection, connections, account, asked)
        return await overview.of_caller(connection, caller, session_id), True

    return await committed(database, work)


async def _new_session(
    connection: AsyncConnection, connections: Connections, account: Account, asked: Asked
) -> UUID:
    study = await _study(connection, account, asked.study)
    earlier = await _closed_past(connection, account.id, study.id)
    pinned = await pinned_now(connection, connections, study)
    now = await repository.select_now(connection)
    place = placed(pinned.presentation, earlier)
    check_due(study, pinned.presentation, earlier, now)
    made = NewSession(
        id=new_id(),
        account_id=account.id,
        study_id=study.id,
        study_version_id=pinned.version_id,
        client_key=asked.key,
        previous_id=None,
        visit=place.visit,
        attempt=place.attempt,
        first_part="phq",
        language=_language(pinned.presentation, asked.language),
        created_at=now,
        expires_at=now + timedelta(hours=pinned.presentation.hours_to_finish),
    )
    await make(connection, made, pinned)
    # Drawn last: all who start in this study wait for the lock on its row, and none for what comes before.
    first = await studies.draw_order(
        connection,
        study.id,
        account.id,
        pinned.presentation.order,
        swap=pinned.presentation.swap_order_each_visit and place.first_of_visit and place.visit > 1,
    )
    await verbs.order_parts(connection, made, first)
    return made.id


async def make(connection: AsyncConnection, made: NewSession, pinned: Pinned) -> None:
    """Store a session with its two assessments and the questions drawn for it."""
    await verbs.create(connection, made)
    await add_part(connection, made.id, "phq", pinned, made.language, made.created_at)
    await add_part(connection, made.id, "chat", pinned, made.language, made.created_at)


async def add_part(
    connection: AsyncConnection,
    session_id: UUID,
    kind: Kind,
    pinned: Pinned,
    language: str,
    at: datetime,
    key: UUID | None = None,
) -> None:
    """Store a new assessment of a part; a questionnaire's questions are drawn and frozen."""
    if kind == "chat":
        await verbs.add_part(connection, session_id, kind, None, at, key)
        return
    drawn = questionnaire.drawn_for(pinned.questionnaire, language)
    assessment_id = await verbs.add_part(connection, session_id, kind, drawn.to_json(), at, key)
    await questionnaire.store_questions(connection, session_id, assessment_id, drawn)


async def _study(connection: AsyncConnection, account: Account, wanted: str | None) -> Study:
    theirs = await studies.enrolled(connection, account.id)
    if wanted is not None:
        theirs = [study for study in theirs if wanted in (study.slug, str(study.id))]
    if not theirs:
        raise NotFound
    if len(theirs) > 1:
        raise Invalid([Detail("study", "missing")])
    return theirs[0]


async def _closed_past(connection: AsyncConnection, account_id: UUID, study_id: UUID) -> list[EarlierSession]:
    """Give the sessions somebody has had in a study, each with its end; raises SessionOpen."""
    earlier = await repository.select_sessions_of(connection, account_id, study_id)
    for one in earlier:
        if one.end_state is None and not one.past:
            raise SessionOpen(one.id)
    if all(one.end_state is not None for one in earlier):
        return earlier
    # A verb that began in time may end it still, even complete it: by that end its visit counts or does not.
    await repository.lock_open_session(connection, account_id, study_id)
    earlier = await repository.select_sessions_of(connection, account_id, study_id)
    for one in earlier:
        if one.end_state is None:
            await verbs.close(connection, one.id, "INCOMPLETE", "expired", one.expires_at)
    return earlier


async def pinned_now(connection: AsyncConnection, connections: Connections, study: Study) -> Pinned:
    """Read what a session started now is pinned to; raises StudyIncomplete."""
    version = await studies.newest_version(connection, study.id)
    check_complete(connections, study, version)
    return await studies.pinned(connection, version.id)


def check_complete(connections: Connections, study: Study, version: Version) -> None:
    """Check that no setting is missing; raises StudyIncomplete naming those that are."""
    chat, presentation = version.parts.get("chat"), version.parts.get("presentation")
    external = isinstance(chat, ChatSettings) and is_external(chat, connections)
    missing = [
        *missing_settings(version.parts, version.help, version.contacts, demo=study.demo, external=external)
    ]
    if isinstance(chat, ChatSettings) and isinstance(presentation, PresentationSettings):
        missing += missing_for_chat(chat, presentation.languages, connections)
    if missing:
        raise StudyIncomplete([Detail(name, "missing") for name in missing])


def placed(presentation: PresentationSettings, earlier: list[EarlierSession]) -> Place:
    """Find the place of a new session; only completed ones count as visits. Raises SessionLimit."""
    visit = 1 + sum(one.end_state == "COMPLETED" for one in earlier)
    attempts = sum(one.visit == visit for one in earlier)
    if visit > presentation.visits or attempts >= presentation.sessions_a_visit:
        raise SessionLimit
    return Place(visit, attempts + 1, attempts == 0)


def check_due(
    study: Study, presentation: PresentationSettings, earlier: list[EarlierSession], now: datetime
) -> None:
    """Check that the study is open and the next visit is due; raises SessionLimit or VisitNotDue."""
    if study.closes_at is not None and study.closes_at <= now:
        raise SessionLimit
    due = [one.ended_at for one in earlier if one.end_state == "COMPLETED" and one.ended_at is not None]
    days = timedelta(days=presentation.days_between_visits)
    dates = [at + days for at in due[-1:]] + [at for at in (study.opens_at,) if at is not None]
    if late := [at for at in dates if at > now]:
        raise VisitNotDue([Detail("due_at", rfc3339(max(late)))])


def _language(presentation: PresentationSettings, wanted: str | None) -> str:
    if wanted is None:
        return presentation.languages[0]
    if wanted not in presentation.languages:
        raise Invalid([Detail("language", "not spoken here")])
    return wanted


async def read(database: Database, caller: Caller, session_id: UUID) -> Data:
    """Give the caller's session; raises as `sessions.get_session`."""
    async with database.reading() as connection:
        return await overview.of_caller(connection, caller, session_id)


async def read_all(database: Database, caller: Caller) -> list[Data]:
    """Give all sessions of the caller, the oldest first; raises NotFound for staff."""
    async with database.reading() as connection:
        theirs = await sessions.all_sessions(connection, caller)
        if not theirs and (await accounts.account_of(connection, caller)).role != "participant":
            raise NotFound
        return await overview.of_sessions(connection, theirs)
