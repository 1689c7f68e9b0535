"""The rows of studies, their settings, and who takes part."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.database.schema import new_id
from quart_assessment.studies.definition import PARTS, ContactSetting, Part
from quart_assessment.studies.rows import Study
from quart_assessment.studies.tables import (
    enrolments,
    help_texts,
    invitations,
    studies,
    study_contacts,
    study_settings,
    study_staff,
    study_versions,
)

_STUDY = [studies.c[name] for name in Study.__slots__]
_CONTENT = ", ".join(f"{part}.content AS {part}, {part}.number AS {part}_number" for part in PARTS)
_JOINS = " ".join(f"LEFT JOIN study_settings {part} ON {part}.id = v.{part}_id" for part in PARTS)
_SETTINGS_OF = sa.text(f"""
    SELECT v.id, v.study_id, v.number, {_CONTENT} FROM study_versions v {_JOINS} WHERE v.id = :version_id
""")  # noqa: S608


async def select_studies(connection: AsyncConnection) -> list[Study]:
    """Read all studies, the oldest first."""
    found = await connection.execute(sa.select(*_STUDY).order_by(studies.c.id))
    return [Study(**row._mapping) for row in found]


async def select_taking_registrations(connection: AsyncConnection) -> list[Study]:
    """Read the studies in which people may make accounts now, the oldest first."""
    now = sa.func.now()
    taking = (
        studies.c.registration,
        sa.or_(studies.c.opens_at.is_(None), studies.c.opens_at <= now),
        sa.or_(studies.c.closes_at.is_(None), now < studies.c.closes_at),
    )
    found = await connection.execute(sa.select(*_STUDY).where(*taking).order_by(studies.c.id))
    return [Study(**row._mapping) for row in found]


async def select_languages(connection: AsyncConnection, study_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Read what each study's newest version is presented in; nothing of those without a presentation."""
    newest = (
        sa.select(study_versions.c.study_id, study_versions.c.presentation_id)
        .where(study_versions.c.study_id.in_(study_ids))
        .ext(distinct_on(study_versions.c.study_id))
        .order_by(study_versions.c.study_id, study_versions.c.number.desc())
        .subquery()
    )
    statement = sa.select(newest.c.study_id, study_settings.c.content["languages"]).join(
        study_settings, study_settings.c.id == newest.c.presentation_id
    )
    return {row[0]: row[1] for row in await connection.execute(statement)}


async def select_study(
    connection: AsyncConnection, *, slug: str | None = None, study_id: UUID | None = None
) -> Study | None:
    """Find a study by its slug or its id."""
    wanted = studies.c.slug == slug if slug is not None else studies.c.id == study_id
    row = (await connection.execute(sa.select(*_STUDY).where(wanted))).one_or_none()
    return None if row is None else Study(**row._mapping)


async def upsert_study(connection: AsyncConnection, values: dict[str, Any]) -> UUID:
    """Store the live part of a study under its slug, and lock its row."""
    statement = insert(studies).values({"id": new_id()} | values)
    stored = statement.on_conflict_do_update(
        index_elements=["slug"], set_={name: statement.excluded[name] for name in values if name != "slug"}
    ).returning(studies.c.id)
    made: UUID = (await connection.execute(stored)).scalar_one()
    return made


async def select_newest_settings(
    connection: AsyncConnection, study_id: UUID, part: Part
) -> tuple[UUID, int, bytes] | None:
    """Find the newest version of a part: id, number, hash."""
    found = await connection.execute(
        sa.select(study_settings.c.id, study_settings.c.number, study_settings.c.content_sha256)
        .where(study_settings.c.study_id == study_id, study_settings.c.part == part)
        .order_by(study_settings.c.number.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row.id, row.number, row.content_sha256)


async def insert_settings(connection: AsyncConnection, values: dict[str, Any]) -> UUID:
    """Store a version of a part."""
    made = new_id()
    await connection.execute(study_settings.insert().values({"id": made} | values))
    return made


async def select_newest_version(connection: AsyncConnection, study_id: UUID) -> dict[str, Any] | None:
    """Find the newest version of a study, with the ids of its parts."""
    found = await connection.execute(
        sa.select(study_versions)
        .where(study_versions.c.study_id == study_id)
        .order_by(study_versions.c.number.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else dict(row._mapping)


async def insert_version(
    connection: AsyncConnection, study_id: UUID, number: int, parts: dict[Part, UUID | None]
) -> UUID:
    """Store a version of a study."""
    made = new_id()
    columns = {f"{part}_id": settings_id for part, settings_id in parts.items()}
    await connection.execute(
        study_versions.insert().values(id=made, study_id=study_id, number=number, **columns)
    )
    return made


async def select_version(connection: AsyncConnection, version_id: UUID) -> dict[str, Any]:
    """Read a version with the content and number of each part; None for those it lacks."""
    row = (await connection.execute(_SETTINGS_OF, {"version_id": version_id})).one()
    return dict(row._mapping)


async def select_newest_help(
    connection: AsyncConnection, study_id: UUID
) -> tuple[int, dict[str, Any], bytes] | None:
    """Read the live help text: version, content, hash."""
    found = await connection.execute(
        sa.select(help_texts.c.version, help_texts.c.content, help_texts.c.content_sha256)
        .where(help_texts.c.study_id == study_id)
        .order_by(help_texts.c.version.desc())
        .limit(1)
    )
    row = found.one_or_none()
    return None if row is None else (row.version, row.content, row.content_sha256)


async def insert_help(connection: AsyncConnection, values: dict[str, Any]) -> None:
    """Store a new version of the live help text."""
    await connection.execute(help_texts.insert().values(values))


async def replace_contacts(
    connection: AsyncConnection, study_id: UUID, contacts: Sequence[ContactSetting]
) -> None:
    """Store who of the study is told of alerts."""
    await connection.execute(study_contacts.delete().where(study_contacts.c.study_id == study_id))
    if contacts:
        await connection.execute(
            study_contacts.insert(),
            [
                {"study_id": study_id, "position": place} | contact.model_dump()
                for place, contact in enumerate(contacts, 1)
            ],
        )


async def select_contacts(connection: AsyncConnection, study_id: UUID) -> tuple[ContactSetting, ...]:
    """Read who of the study is told of alerts, in their order."""
    found = await connection.execute(
        sa.select(study_contacts.c.name, study_contacts.c.email, study_contacts.c.language)
        .where(study_contacts.c.study_id == study_id)
        .order_by(study_contacts.c.position)
    )
    # Loaded by an earlier release, an address may be one that is no longer taken; it is tried all the same.
    return tuple(ContactSetting.model_construct(**row._mapping) for row in found)


async def select_code(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> str | None:
    """Give the code under which somebody takes part."""
    found = await connection.execute(
        sa.select(enrolments.c.code).where(
            enrolments.c.study_id == study_id, enrolments.c.account_id == account_id
        )
    )
    return found.scalar_one_or_none()


async def insert_enrolment(connection: AsyncConnection, study_id: UUID, account_id: UUID, code: str) -> None:
    """Let somebody take part; who does already stays as they are."""
    statement = insert(enrolments).values(study_id=study_id, account_id=account_id, code=code)
    await connection.execute(statement.on_conflict_do_nothing(index_elements=["study_id", "account_id"]))


async def select_enrolled(connection: AsyncConnection, account_id: UUID) -> list[Study]:
    """Read the studies somebody takes part in, the newest enrolment last."""
    found = await connection.execute(
        sa.select(*_STUDY)
        .select_from(studies.join(enrolments, enrolments.c.study_id == studies.c.id))
        .where(enrolments.c.account_id == account_id)
        .order_by(enrolments.c.enrolled_at, studies.c.id)
    )
    return [Study(**row._mapping) for row in found]


async def lock_enrolment(
    connection: AsyncConnection, study_id: UUID, account_id: UUID
) -> Literal["phq", "chat"] | None:
    """Lock somebody's place in a study and tell which part they had first; None before their first session."""
    found = await connection.execute(
        sa.select(enrolments.c.first_part)
        .where(enrolments.c.study_id == study_id, enrolments.c.account_id == account_id)
        .with_for_update()
    )
    return cast("Literal['phq', 'chat'] | None", found.scalar_one_or_none())


async def lock_order_block(connection: AsyncConnection, study_id: UUID) -> list[Literal["phq", "chat"]]:
    """Lock the study's row and read what is left of its block of orders."""
    found = await connection.execute(
        sa.select(studies.c.order_block).where(studies.c.id == study_id).with_for_update(key_share=True)
    )
    return list(found.scalar_one())


async def update_order(
    connection: AsyncConnection, study_id: UUID, account_id: UUID, first_part: str, left: Sequence[str] | None
) -> None:
    """Store which part somebody has first and, where it was drawn from a block, what is left of it."""
    if left is not None:
        await connection.execute(
            studies.update().where(studies.c.id == study_id).values(order_block=list(left))
        )
    await connection.execute(
        enrolments.update()
        .where(enrolments.c.study_id == study_id, enrolments.c.account_id == account_id)
        .values(first_part=first_part)
    )


async def insert_staff(connection: AsyncConnection, study_id: UUID, account_id: UUID) -> None:
    """Make somebody staff of a study."""
    statement = insert(study_staff).values(study_id=study_id, account_id=account_id)
    await connection.execute(statement.on_conflict_do_nothing())


async def select_staffed(connection: AsyncConnection, account_id: UUID) -> list[UUID]:
    """Name the studies somebody is staff of."""
    found = await connection.execute(
        sa.select(study_staff.c.study_id).where(study_staff.c.account_id == account_id)
    )
    return [row.study_id for row in found]


async def insert_invitation(
    connection: AsyncConnection, token_hash: bytes, study_id: UUID, account_id: UUID
) -> UUID:
    """Store an invitation."""
    made = new_id()
    await connection.execute(
        invitations.insert().values(id=made, token_hash=token_hash, study_id=study_id, account_id=account_id)
    )
    return made


async def lock_invitation(connection: AsyncConnection, token_hash: bytes) -> dict[str, Any] | None:
    """Lock an invitation by its token's hash and read it."""
    found = await connection.execute(
        sa.select(invitations).where(invitations.c.token_hash == token_hash).with_for_update()
    )
    row = found.one_or_none()
    return None if row is None else dict(row._mapping)


async def update_invitation_used(connection: AsyncConnection, invitation_id: UUID, at: datetime) -> None:
    """Store that an invitation was used."""
    await connection.execute(invitations.update().where(invitations.c.id == invitation_id).values(used_at=at))
