"""The one statement of a save: login, owner, state, answer, revision, alert and its jobs in a single commit.

Its input are rows, each of one caller's call (`call`); its output one verdict a row that was found. A call with a
row that was not found, or that is refused, stores nothing, but for revisions of answers that came after the end.
Parts of a statement do not see each other's writes: what stands after it is the old rows plus RETURNING.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from quart_assessment.safety.fragments import HELP_SHOWN, LIVE_HELP, alerted
from quart_assessment.sessions.fragments import (
    ENDED_AT,
    OWNED_SESSIONS_JOIN,
    TAKES_LATE,
    before_the_end,
    clock_suspect,
    withdrawn,
)

INPUT = {
    "call": "integer",
    "call_rows": "integer",
    "token_hash": "bytea",
    "session_id": "uuid",
    "question_id": "uuid",
    "value": "smallint",
    "version": "integer",
    "response_time_ms": "bigint",
    "client_time": "timestamptz",
    "session_ms": "bigint",
    "help_shown": "integer",
    "revision_id": "uuid",
    "alert_id": "uuid",
}
_TIMING = (
    "response_time_ms",
    "client_time",
    "session_ms",
    "received_at",
    "clock_suspect",
    "late",
    "help_shown",
)
_STORED = ("value", "version", *_TIMING)
_WITHDRAWN = withdrawn("questionnaire")
_SHUT = "(skipped OR withdrawn OR (NOT replaced AND NOT reached))"
OF_ASSESSMENT = """
        a.completed_at IS NOT NULL AND a.end_reason <> 'skipped' AS completed,
        coalesce(a.end_reason = 'skipped', false) AS skipped,
        a.replaced_at IS NOT NULL AS replaced
"""
"""What of assessment `a` decides whether it takes an answer."""
_SAME = "r.version = {0}.version AND r.value IS NOT DISTINCT FROM {0}.value"

_ASKED = f"""
    SELECT * FROM unnest({", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in INPUT.items())})
        WITH ORDINALITY AS k({", ".join(INPUT)}, n)
"""  # noqa: S608


def _found(locking: str) -> str:
    return f"""
    SELECT k.*, now() AS received_at, s.study_id, s.language,
        q.assessment_id, q.risk, q.scale_min,
        {OF_ASSESSMENT},
        coalesce(s.end_reason = 'withdrawn', false) OR {_WITHDRAWN} AS withdrawn,
        {ENDED_AT} IS NOT NULL AS ended,
        {ENDED_AT} IS NOT NULL AND coalesce({TAKES_LATE} AND {before_the_end("k.session_ms")}, false)
            AND NOT {_WITHDRAWN} AS takes_late,
        s.parts_open_at IS NOT NULL AND (s.first_part = 'phq' OR EXISTS (
            SELECT 1 FROM assessments o WHERE o.session_id = s.id AND o.kind = 'chat'
            AND o.replaced_at IS NULL AND o.completed_at IS NOT NULL)) AS reached,
        CASE WHEN k.value IS NULL THEN NOT q.required ELSE k.value BETWEEN q.scale_min AND q.scale_max END AS fits,
        {clock_suspect("k.session_ms")} AS clock_suspect
    FROM asked k {OWNED_SESSIONS_JOIN}
    JOIN questions q ON q.id = k.question_id AND q.session_id = s.id
    JOIN assessments a ON a.id = q.assessment_id
    ORDER BY s.id, q.id
    FOR SHARE OF s, a {locking}
"""  # noqa: S608


_JUDGED = f"""
    SELECT f.*,
        (replaced OR takes_late) AS late,
        EXISTS (SELECT 1 FROM response_revisions r WHERE r.session_id = f.session_id
            AND r.question_id = f.question_id AND {_SAME.format("f")}) AS known,
        CASE
            WHEN EXISTS (SELECT 1 FROM response_revisions r WHERE r.session_id = f.session_id
                AND r.question_id = f.question_id AND {_SAME.format("f")} AND NOT r.after_completion) THEN 'repeat'
            WHEN completed THEN 'completed'
            WHEN ended AND (NOT takes_late OR {_SHUT}) THEN 'session_ended'
            WHEN {_SHUT} THEN 'wrong_step'
            WHEN NOT fits THEN 'invalid'
            ELSE 'ok'
        END AS verdict
    FROM found f
"""  # noqa: S608
_CALLS = """
    SELECT call, bool_and(verdict IN ('ok', 'repeat')) AND count(*) = min(call_rows) AS stored,
        bool_and(fits AND NOT withdrawn) AND count(*) = min(call_rows) AS whole
    FROM judged GROUP BY call
"""
_WRITTEN = """
    SELECT j.* FROM judged j JOIN calls c ON c.call = j.call AND c.stored WHERE j.verdict = 'ok'
"""
_NEWEST = """
    SELECT DISTINCT ON (session_id, question_id) * FROM written ORDER BY session_id, question_id, version DESC, n
"""
_UPSERTED = f"""
    INSERT INTO responses (session_id, question_id, assessment_id, {", ".join(_STORED)})
    SELECT session_id, question_id, assessment_id, {", ".join(_STORED)} FROM newest
    ON CONFLICT (session_id, question_id) DO UPDATE SET
    {
    ", ".join(
        f"{column} = CASE WHEN excluded.version > responses.version THEN excluded.{column} "
        f"ELSE responses.{column} END"
        for column in _STORED
    )
}
    RETURNING session_id, question_id, assessment_id, value, version, received_at
"""  # noqa: S608
_REVISED = f"""
    INSERT INTO response_revisions (id, session_id, question_id, value, version, applied, after_completion,
        {", ".join(_TIMING)})
    SELECT w.revision_id, w.session_id, w.question_id, w.value, w.version,
        coalesce(r.version = w.version AND r.value IS NOT DISTINCT FROM w.value, false), w.verdict = 'completed',
        {", ".join(f"w.{column}" for column in _TIMING)}
    FROM (SELECT * FROM written UNION ALL
          SELECT j.* FROM judged j JOIN calls c ON c.call = j.call AND c.whole
          WHERE j.verdict = 'completed' AND NOT j.known) w
    LEFT JOIN upserted r ON r.session_id = w.session_id AND r.question_id = w.question_id
        AND w.verdict = 'ok'
    ON CONFLICT ON CONSTRAINT uq_response_revisions_once DO NOTHING
"""  # noqa: S608
_RISKY = f"""
    SELECT s.*, h.shown AS help, coalesce(p.version, h.version) AS page_version,
        coalesce(p.shown, h.shown) AS page_help
    FROM (SELECT j.*, c.stored, c.whole, j.risk AND j.value > j.scale_min AS at_risk
          FROM judged j JOIN calls c USING (call)) s
    LEFT JOIN LATERAL (SELECT * FROM ({LIVE_HELP}) l WHERE s.at_risk) h ON true
    LEFT JOIN LATERAL (SELECT * FROM ({HELP_SHOWN}) l WHERE s.at_risk) p ON true
"""  # noqa: S608
_HITS = """
    SELECT DISTINCT ON (session_id) alert_id, session_id, 'phq' AS source, CAST(value AS double precision) AS value,
        'risk_item' AS detector, session_ms, received_at, page_version AS help_version, page_help AS help_shown
    FROM risky
    WHERE at_risk AND NOT known AND ((verdict = 'ok' AND stored) OR (verdict = 'completed' AND whole))
    ORDER BY session_id, value DESC, n
"""
# By hashes, not by a join of `upserted`, whose size the planner cannot know.
_COUNTED = """
    SELECT q.assessment_id, count(*) AS total, count(a.question_id) AS answered
    FROM questions q
    LEFT JOIN (SELECT r.question_id FROM responses r WHERE r.assessment_id IN (SELECT assessment_id FROM judged)
               UNION SELECT u.question_id FROM upserted u) a ON a.question_id = q.id
    WHERE q.scored AND q.assessment_id IN (SELECT assessment_id FROM judged) GROUP BY q.assessment_id
"""


def _save(locking: str) -> sa.TextualSelect:
    return sa.text(f"""
    WITH asked AS ({_ASKED}), found AS ({_found(locking)}), judged AS ({_JUDGED}), calls AS ({_CALLS}),
    written AS ({_WRITTEN}), newest AS ({_NEWEST}), upserted AS ({_UPSERTED}), revised AS ({_REVISED}),
    risky AS ({_RISKY}), hits AS ({_HITS}), {alerted("hits")}, counted AS ({_COUNTED})
    SELECT j.call, j.question_id, j.verdict, j.late, j.fits,
        CASE WHEN j.at_risk THEN j.help END AS help,
        coalesce(u.value, CASE WHEN u.version IS NULL THEN r.value END) AS value,
        coalesce(u.version, r.version) AS version,
        coalesce(u.received_at, r.received_at) AS saved_at,
        coalesce(u.version, r.version) <> j.version
            OR coalesce(u.value, CASE WHEN u.version IS NULL THEN r.value END) IS DISTINCT FROM j.value AS stale,
        coalesce(c.answered, 0) AS answered, coalesce(c.total, 0) AS total
    FROM risky j
    LEFT JOIN upserted u ON u.session_id = j.session_id AND u.question_id = j.question_id
    LEFT JOIN responses r ON r.session_id = j.session_id AND r.question_id = j.question_id
    LEFT JOIN counted c ON c.assessment_id = j.assessment_id
    ORDER BY j.n
""").columns(help=postgresql.JSONB)  # noqa: S608


SAVE = _save("SKIP LOCKED")
"""For many callers: a row whose session or assessment a verb holds locked is left out, like one that is not found."""
SAVE_ALONE = _save("")
"""For one caller: it waits for such a lock, and then sees what the verb has done."""
