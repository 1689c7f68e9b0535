"""Loading a study, reading the settings a session is pinned to, and who takes part."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed
from quart_assessment.remembered import Remembered
from quart_assessment.studies import repository
from quart_assessment.studies.definition import ContactSetting, HelpSettings, Part, StudyFile
from quart_assessment.studies.rows import MODELS, PartSettings, Pinned, Study, Version
from quart_assessment.studies.study_file import as_json, content_hash

MOST_PINNED = 64
FirstPart = Literal["phq", "chat"]
Order = Literal["balanced", "phq_first", "chat_first"]
BLOCK: tuple[FirstPart, ...] = ("phq", "phq", "chat", "chat")
INVITATION_BYTES = 16
_parts: tuple[Part, ...] = get_args(Part)
_pinned: Remembered[UUID, Pinned] = Remembered(MOST_PINNED)
_random = secrets.SystemRandom()


async def load_study(database: Database, file: StudyFile) -> tuple[UUID, int]:
    """Store a study: a changed part becomes its next version, live settings are replaced. Gives id and number."""

    async def work(connection: AsyncConnection) -> tuple[UUID, int]:
        live = {name: getattr(file, name) for name in Study.__slots__ if name != "id"}
        study_id = await repository.upsert_study(connection, live)
        parts = {part: await _stored_part(connection, study_id, part, getattr(file, part)) for part in _parts}
        await _store_help(connection, study_id, file.help)
        await repository.replace_contacts(connection, study_id, file.contacts)
        return study_id, await _stored_version(connection, study_id, parts)

    return await committed(database, work)


async def _stored_part(
    connection: AsyncConnection, study_id: UUID, part: Part, settings: PartSettings | None
) -> UUID | None:
    if settings is None:
        return None
    digest = bytes.fromhex(content_hash(settings))
    newest = await repository.select_newest_settings(connection, study_id, part)
    if newest is not None and newest[2] == digest:
        return newest[0]
    return await repository.insert_settings(
        connection,
        {
            "study_id": study_id,
            "part": part,
            "number": 1 if newest is None else newest[1] + 1,
            "content": as_json(settings),
            "content_sha256": digest,
        },
    )


async def _store_help(connection: AsyncConnection, study_id: UUID, settings: HelpSettings | None) -> None:
    if settings is None:
        return
    digest = bytes.fromhex(content_hash(settings))
    newest = await repository.select_newest_help(connection, study_id)
    if newest is None or newest[2] != digest:
        await repository.insert_help(
            connection,
            {
                "study_id": study_id,
                "version": 1 if newest is None else newest[0] + 1,
                "content": as_json(settings),
                "content_sha256": digest,
            },
        )


async def _stored_version(connection: AsyncConnection, study_id: UUID, parts: dict[Part, UUID | None]) -> int:
    newest = await repository.select_newest_version(connection, study_id)
    if newest is not None and all(newest[f"{part}_id"] == parts[part] for part in _parts):
        number: int = newest["number"]
        return number
    number = 1 if newest is None else newest["number"] + 1
    await repository.insert_version(connection, study_id, number, parts)
    return number


async def newest_version(connection: AsyncConnection, study_id: UUID) -> Version:
    """Read what a session started now would be pinned to; parts may be missing."""
    newest = await repository.select_newest_version(connection, study_id)
    if newest is None:
        raise LookupError("a study has no version")
    row = await repository.select_version(connection, newest["id"])
    help_ = await repository.select_newest_help(connection, study_id)
    return Version(
        id=row["id"],
        number=row["number"],
        parts={part: _settings(part, row) for part in _parts if row[part] is not None},
        help=None if help_ is None else HelpSettings.model_validate(help_[1]),
        contacts=await repository.select_contacts(connection, study_id),
    )


async def contacts_of(connection: AsyncConnection, study_id: UUID) -> tuple[ContactSetting, ...]:
    """Read who of the study is told of alerts, as it is now: the first at once, the others later."""
    return await repository.select_contacts(connection, study_id)


def _settings(part: Part, row: dict[str, Any]) -> PartSettings:
    return MODELS[part].model_validate(row[part])


async def pinned(connection: AsyncConnection, version_id: UUID) -> Pinned:
    """Read the settings a session is pinned to. They never change, so a worker keeps the last few."""
    if (known := _pinned.get(version_id)) is not None:
        return known
    row = await repository.select_version(connection, version_id)
    read: dict[str, Any] = {part: _settings(part, row) for part in _parts}
    return _pinned.note(
        version_id,
        Pinned(
            version_id=row["id"],
            study_id=row["study_id"],
            number=row["number"],
            camera_number=row["camera_number"],
            consent_number=row["consent_number"],
            **read,
        ),
    )


async def find_study(connection: AsyncConnection, slug: str) -> Study | None:
    """Find a study by its slug."""
    return await repository.select_study(connection, slug=slug)


async def get_study(connection: AsyncConnection, study_id: UUID) -> Study:
    """Read a study that is known to exist."""
    found = await repository.select_study(connection, study_id=study_id)
    if found is None:
        raise LookupError("a study is gone")
    return found


async def all_studies(connection: AsyncConnection) -> list[Study]:
    """Read all studies, the oldest first."""
    return await repository.select_studies(connection)


async def taking_registrations(connection: AsyncConnection) -> list[Study]:
    """Read the studies in which people may make accounts now."""
    return await repository.select_taking_registrations(connection)


async def languages_of(connection: AsyncConnection, study_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Tell in which languages a session of each study can be begun now; a study without a presentation is left out."""
    return await repository.select_languages(connection, study_ids)


async def enrolled(connection: AsyncConnection, account_id: UUID) -> list[Study]:
    """Read the studies somebody takes part in."""
    return await repository.select_enrolled(connection, account_id)


async def staffed(connection: AsyncConnection, account_id: UUID) -> list[UUID]:
    """Name the studies somebody is staff of."""
    return await repository.select_staffed(connection, account_id)


async def make_staff(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> None:
    """Make somebody staff of a study."""
    await repository.insert_staff(connection, study_id, account_id)


async def enrol(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> None:
    """Let somebody take part, under a code that says nothing of them."""
    code = "P-" + "".join(secrets.choice("23456789ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(8))
    await repository.insert_enrolment(connection, study_id, account_id, code)


async def code_of(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> str | None:
    """Give the code under which somebody takes part, which says nothing of them; None for who does not."""
    return await repository.select_code(connection, study_id, account_id)


async def draw_order(
    connection: AsyncConnection, study_id: UUID, account_id: UUID, rule: Order, *, swap: bool
) -> FirstPart:
    """Give the part somebody has first, and keep it.

    Balanced: permuted blocks of four (Efron 1971 compares the designs), drawn under a lock on the study's row,
    so that the two orders never differ by more than two. A rule that names the order needs no draw.
    """
    kept = await repository.lock_enrolment(connection, study_id, account_id)
    if rule != "balanced":
        return "phq" if rule == "phq_first" else "chat"
    if kept is not None:
        if not swap:
            return kept
        other: FirstPart = "chat" if kept == "phq" else "phq"
        await repository.update_order(connection, study_id, account_id, other, None)
        return other
    left = await repository.lock_order_block(connection, study_id)
    if not left:
        left = _random.sample(BLOCK, len(BLOCK))
    first = left.pop()
    await repository.update_order(connection, study_id, account_id, first, left)
    return first


async def invite(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> str:
    """Make an invitation and give its token (128 random bits); only the token's hash is kept."""
    token = secrets.token_urlsafe(INVITATION_BYTES)
    await repository.insert_invitation(connection, invitation_hash(token), study_id, account_id)
    return token


def invitation_hash(token: str) -> bytes:
    """Give what is kept of an invitation's token."""
    return hashlib.sha256(token.encode()).digest()


async def lock_invitation(connection: AsyncConnection, token: str) -> dict[str, Any] | None:
    """Lock an invitation and read it; None where there is none."""
    return await repository.lock_invitation(connection, invitation_hash(token))


async def mark_used(connection: AsyncConnection, invitation: dict[str, Any], at: datetime) -> None:
    """Store that an invitation was used."""
    await repository.update_invitation_used(connection, invitation["id"], at)
