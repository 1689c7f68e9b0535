"""Parts of SQL by which another room's statement reads how far a questionnaire is."""

from __future__ import annotations

FIRST_RECEIVED = """
    (SELECT min(v.received_at) FROM questions f
        JOIN response_revisions v ON v.session_id = f.session_id AND v.question_id = f.id
        WHERE f.assessment_id = p.id)
"""
"""When the first answer of assessment `p` came, NULL where none has."""

PROGRESS = f"""
    SELECT count(*) FILTER (WHERE q.scored) AS total,
        count(r.question_id) FILTER (WHERE q.scored) AS answered,
        {FIRST_RECEIVED} AS first_at
    FROM questions q
    LEFT JOIN responses r ON r.session_id = q.session_id AND r.question_id = q.id
    WHERE q.assessment_id = p.id
"""  # noqa: S608
"""One row for assessment `p`: scored questions, how many of them have an answer, when the first answer came."""
