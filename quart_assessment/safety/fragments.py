"""Parts of SQL by which another room's statement opens alerts, and shows help, in its own transaction."""

from __future__ import annotations

_HELP = """
    SELECT h.version, jsonb_build_object(
        'version', h.version,
        'text', coalesce(h.content -> 'text' ->> s.language, h.content -> 'text' ->> 'en',
            (SELECT min(t.value) FROM jsonb_each_text(h.content -> 'text') t)),
        'hotlines', h.content -> 'hotlines') AS shown
    FROM help_texts h WHERE h.study_id = s.study_id
"""
LIVE_HELP = f"{_HELP} ORDER BY h.version DESC LIMIT 1"
"""The newest help text of session `s`, in its language; for a lateral join."""
HELP_SHOWN = f"{_HELP} AND h.version = s.help_shown"
"""The help text of session `s` that its page says it showed, if there is one of that version."""


def opened(hits: str) -> str:
    """Give the statement part that opens or raises the alerts of `hits`.

    `hits` names rows (alert_id, session_id, source, value, detector, session_ms, received_at, help_version,
    help_shown), one a session and source at most. An open alert is raised by a higher value only.
    """
    return f"""
        INSERT INTO alerts (id, session_id, source, value, detector, session_ms, received_at,
                            help_version, help_shown)
        SELECT alert_id, session_id, source, value, detector, session_ms, received_at, help_version, help_shown
        FROM {hits}
        ON CONFLICT (session_id, source) WHERE state = 'open' DO UPDATE
        SET value = excluded.value, detector = excluded.detector, session_ms = excluded.session_ms,
            received_at = excluded.received_at, help_version = excluded.help_version,
            help_shown = excluded.help_shown, raised_at = now()
        WHERE excluded.value > alerts.value
        RETURNING id
    """  # noqa: S608
