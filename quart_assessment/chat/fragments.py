"""Parts of SQL about turns `u`, for statements of this room and of those above it."""

from __future__ import annotations

RUNNING = "(u.state IN ('pending', 'streaming') AND u.lease_until > now())"
"""Whether the reply of turn `u` is being made; past its lease its worker counts as lost."""

LOST = "(u.state IN ('pending', 'streaming') AND u.lease_until <= now())"
"""Whether turn `u` stands as running, though its worker counts as lost."""

STATE = f"CASE WHEN {LOST} THEN 'interrupted' ELSE u.state END"
"""The state of turn `u`, also where its worker was lost and nobody has written so yet."""

ANSWERED = f"(u.turn_number > 0 AND u.first_token_at IS NOT NULL AND NOT {RUNNING})"
"""Whether turn `u` counts: a participant's message with a reply, be it a safety reply or the tag alone."""

PROGRESS = f"""
    SELECT count(*) FILTER (WHERE {ANSWERED}) AS turns, min(u.received_at) AS first_at
    FROM turns u WHERE u.assessment_id = t.id
"""  # noqa: S608
"""One row for assessment `t`: turns that count, when the first turn was asked for."""
