"""The two statements of an upload in the usual case, each for all callers who wait: the look, and the row.

The usual case: an open session of the caller's whose parts are open, consent to the camera given and not withdrawn,
no row of this id. Both find the login, the owner and the state themselves; what they do not find has not been
decided, and goes the way that decides everything (`looking`, `saving`). Each takes its columns as arrays, in order.
"""

from __future__ import annotations

from quart_assessment.camera.rules import SCOPE
from quart_assessment.sessions.fragments import ENDED_AT, OWNED_SESSIONS_JOIN, clock_suspect, withdrawn

ASKED = {
    "token_hash": "bytea",
    "session_id": "uuid",
    "capture_id": "uuid",
    "count_kept": "boolean",
}
NEW = {
    "token_hash": "bytea",
    "session_id": "uuid",
    "capture_id": "uuid",
    "trigger": "text",
    "question_id": "uuid",
    "message_id": "uuid",
    "client_time": "timestamptz",
    "session_ms": "bigint",
    "timing": "text",
    "settings": "text",
    "size": "integer",
    "type": "text",
    "sha256": "bytea",
    "store_key": "text",
}
_USUAL = f"""
    {ENDED_AT} IS NULL AND s.parts_open_at IS NOT NULL
    AND '{SCOPE}' = ANY(s.consent_scopes) AND NOT {withdrawn(SCOPE)}
"""


def _rows(columns: dict[str, str]) -> str:
    arrays = ", ".join(f"CAST(${place} AS {kind}[])" for place, kind in enumerate(columns.values(), start=1))
    return f"unnest({arrays}) WITH ORDINALITY AS k({', '.join(columns)}, n)"


LOOK = f"""
    SELECT k.n, s.study_version_id, CASE WHEN k.count_kept THEN
        (SELECT count(*) FROM captures c WHERE c.session_id = s.id AND c.kept) END AS kept
    FROM {_rows(ASKED)} {OWNED_SESSIONS_JOIN}
    WHERE {_USUAL} AND NOT EXISTS (
        SELECT FROM captures c WHERE c.session_id = s.id AND c.capture_id = k.capture_id)
"""  # noqa: S608
"""A row for each caller in the usual case: their place from 1, the version pinned, and the captures kept if asked."""

# Verbs of a session wait until its captures are in, as behind `repository.lock_owned`; a session that one holds
# locked is left out, so that its neighbours need not wait. Rows in one order: batches cannot deadlock.
_FOUND = f"""
    SELECT k.*, now() AS received_at, {clock_suspect("k.session_ms")} AS clock_suspect
    FROM {_rows(NEW)} {OWNED_SESSIONS_JOIN}
    WHERE {_USUAL}
    ORDER BY s.id, k.capture_id
    FOR SHARE OF s SKIP LOCKED
"""  # noqa: S608
INSERT = f"""
    WITH found AS ({_FOUND})
    INSERT INTO captures (session_id, capture_id, trigger, capture_type, question_id, message_id, client_time,
        session_ms, received_at, clock_suspect, timing, settings, kept, size, type, sha256, store_key)
    SELECT session_id, capture_id, trigger,
        CASE WHEN EXISTS (SELECT FROM questions q WHERE q.session_id = f.session_id AND q.id = f.question_id)
             THEN 'PHQ'
             WHEN EXISTS (SELECT FROM turns u WHERE u.session_id = f.session_id AND u.message_id = f.message_id)
             THEN 'LLM' ELSE 'GENERAL' END,
        question_id, message_id, client_time, session_ms, received_at, clock_suspect,
        CAST(timing AS jsonb), CAST(settings AS jsonb), true, size, type, sha256, store_key
    FROM found f
    ORDER BY session_id, capture_id
    ON CONFLICT (session_id, capture_id) DO NOTHING
    RETURNING store_key, received_at, capture_type
"""  # noqa: S608
"""A row for each capture that is stored by it, named by the key of its file, which no other upload has."""
