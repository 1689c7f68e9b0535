"""Saying which assessment captures belong to. All statements are of sets, and none moves a linked capture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import repository
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.problems import LinkedElsewhere
from quart_assessment.camera.tables import captures
from quart_assessment.database.schema import Json, Uuid
from quart_assessment.problems import Detail, Invalid

AssessmentType = Literal["PHQ", "LLM"]
CaptureType = Literal["PHQ", "LLM", "GENERAL"]
_KIND = {"PHQ": "phq", "LLM": "chat"}

_RETURNED = ", ".join(f"c.{name}" for name in Capture.__slots__)
_LINK = sa.text(f"""
    WITH parts AS (
        SELECT a.id, extract(epoch FROM coalesce(
                a.started_at,
                (SELECT min(r.received_at) FROM questions q
                    JOIN response_revisions r ON r.session_id = q.session_id AND r.question_id = q.id
                    WHERE q.assessment_id = a.id),
                (SELECT min(u.received_at) FROM turns u WHERE u.assessment_id = a.id)
            ) - s.created_at) * 1000 AS began_ms,
            extract(epoch FROM least(a.completed_at, a.replaced_at) - s.created_at) * 1000 AS ended_ms
        FROM assessments a JOIN sessions s ON s.id = a.session_id
        WHERE a.session_id = :session_id
          AND (CAST(:assessment_id AS uuid) IS NULL OR a.id = :assessment_id)
    ), unlinked AS (
        SELECT c.capture_id, coalesce(q.assessment_id, u.assessment_id) AS belongs_to,
            CASE WHEN q.id IS NOT NULL THEN 'PHQ' WHEN u.message_id IS NOT NULL THEN 'LLM'
                 ELSE c.capture_type END AS capture_type,
            coalesce(c.session_ms, extract(epoch FROM c.received_at - s.created_at) * 1000) AS at_ms
        FROM captures c
        JOIN sessions s ON s.id = c.session_id
        LEFT JOIN questions q ON q.session_id = c.session_id AND q.id = c.question_id
        LEFT JOIN turns u ON u.session_id = c.session_id AND u.message_id = c.message_id
        WHERE c.session_id = :session_id AND c.kept AND c.assessment_id IS NULL
    ), chosen AS (
        SELECT DISTINCT ON (x.capture_id) x.capture_id, x.capture_type, p.id AS assessment_id
        FROM unlinked x
        JOIN parts p ON p.id = x.belongs_to
            OR (x.belongs_to IS NULL AND x.at_ms >= p.began_ms
                AND (p.ended_ms IS NULL OR x.at_ms <= p.ended_ms))
        ORDER BY x.capture_id, p.began_ms DESC NULLS LAST
    )
    UPDATE captures c SET assessment_id = chosen.assessment_id, capture_type = chosen.capture_type
    FROM chosen
    WHERE c.session_id = :session_id AND c.capture_id = chosen.capture_id AND c.assessment_id IS NULL
    RETURNING {_RETURNED}
""").bindparams(sa.bindparam("session_id", type_=Uuid), sa.bindparam("assessment_id", type_=Uuid))  # noqa: S608
_ATTACH = sa.text(f"""
    UPDATE captures c SET assessment_id = :assessment_id,
        capture_type = coalesce(CAST(:capture_type AS text), c.capture_type), timing = c.timing || :timing
    WHERE c.session_id = :session_id AND c.capture_id = ANY(:ids) AND c.kept
      AND c.assessment_id IS NULL
    RETURNING {_RETURNED}
""").bindparams(  # noqa: S608
    sa.bindparam("session_id", type_=Uuid),
    sa.bindparam("assessment_id", type_=Uuid),
    sa.bindparam("ids", type_=ARRAY(Uuid)),
    sa.bindparam("timing", type_=Json),
)


async def link_incremental_captures(
    connection: AsyncConnection, session_id: UUID, assessment_id: UUID, assessment_type: AssessmentType
) -> list[Capture]:
    """Link every unlinked capture that belongs to an assessment, and give those that were linked now.

    It belongs by the question or message it names or, where it names none of the session's, by its time
    (session_ms, else received_at) between the assessment's start and end. May be run again at any time.

    Raises:
        Invalid: the session has no such assessment.
    """
    await _check_assessment(connection, session_id, assessment_id, assessment_type)
    return await _link(connection, session_id, assessment_id)


async def link_all_captures(connection: AsyncConnection, session_id: UUID) -> list[Capture]:
    """Link every unlinked capture to the assessment of the session it belongs to, replaced ones included."""
    return await _link(connection, session_id, None)


async def _link(connection: AsyncConnection, session_id: UUID, assessment_id: UUID | None) -> list[Capture]:
    found = await connection.execute(_LINK, {"session_id": session_id, "assessment_id": assessment_id})
    return _in_order(found)


async def linked_captures(
    connection: AsyncConnection, session_id: UUID, assessment_id: UUID
) -> list[Capture]:
    """Read the captures linked to an assessment of the session, in the order of storing."""
    statement = sa.select(*(captures.c[name] for name in Capture.__slots__)).where(
        captures.c.session_id == session_id, captures.c.assessment_id == assessment_id
    )
    return _in_order(await connection.execute(statement))


async def create_batch_capture(
    connection: AsyncConnection,
    session_id: UUID,
    assessment_id: UUID,
    *,
    capture_ids: Sequence[UUID] = (),
    filenames: Sequence[str] = (),
    capture_type: CaptureType | None = None,
    timing: dict[str, Any] | None = None,
) -> tuple[int, list[Capture]]:
    """Attach kept captures to an assessment by their ids or file names; all or none.

    Gives how many were attached now, and all those named. May be run again at any time.

    Raises:
        Invalid: the session has no such assessment or capture, or the type is the other part's.
        LinkedElsewhere: one of them belongs to another assessment; nothing is changed.
    """
    named, unknown = await _named(connection, session_id, capture_ids, filenames)
    if any(capture.assessment_id not in (None, assessment_id) for capture in named):
        raise LinkedElsewhere
    kind = {"PHQ": "PHQ", "LLM": "LLM"}.get(capture_type or "")
    await _check_assessment(connection, session_id, assessment_id, kind)
    if unknown:
        raise Invalid(unknown)
    ids = [capture.capture_id for capture in named]
    values = {"assessment_id": assessment_id, "capture_type": capture_type, "timing": timing or {}}
    attached = await connection.execute(_ATTACH, {"session_id": session_id, "ids": ids} | values)
    now = {capture.capture_id: capture for capture in _in_order(attached)}
    if any(one.assessment_id is None and one.capture_id not in now for one in named):
        raise LinkedElsewhere
    return len(now), [now.get(capture.capture_id, capture) for capture in named]


async def _named(
    connection: AsyncConnection, session_id: UUID, capture_ids: Sequence[UUID], filenames: Sequence[str]
) -> tuple[list[Capture], list[Detail]]:
    """Read the captures that are named, and tell which there are not."""
    by_id = await repository.select_captures(connection, session_id, capture_ids) if capture_ids else {}
    by_name = await repository.select_named(connection, session_id, filenames) if filenames else []
    known = {capture.filename for capture in by_name}
    unknown = [
        Detail("capture_ids", str(one)) for one in capture_ids if one not in by_id or not by_id[one].kept
    ]
    # A file name may hold a person's: it is counted, not repeated.
    unknown += [
        Detail(f"filenames.{place}", "unknown") for place, one in enumerate(filenames) if one not in known
    ]
    if not (capture_ids or filenames):
        unknown = [Detail("capture_ids", "missing")]
    found = {capture.capture_id: capture for capture in [*by_id.values(), *by_name]}
    return list(found.values()), unknown


async def _check_assessment(
    connection: AsyncConnection, session_id: UUID, assessment_id: UUID, kind: str | None
) -> None:
    found = await repository.select_assessment_kind(connection, session_id, assessment_id)
    if found is None:
        raise Invalid([Detail("assessment_id", "unknown")])
    if kind is not None and _KIND[kind] != found:
        raise Invalid([Detail("assessment_type", "mismatch")])


def _in_order(found: sa.CursorResult[Any] | sa.Result[Any]) -> list[Capture]:
    rows = [Capture(**row._mapping) for row in found]
    return sorted(rows, key=lambda one: (one.received_at, one.capture_id))
