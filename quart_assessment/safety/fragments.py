"""Parts of SQL by which another room's statement opens alerts, and shows help, in its own transaction."""

from __future__ import annotations

from uuid import UUID

from quart_assessment.jobs.fragments import asked

NOTIFY, ESCALATE = "notify_staff", "escalate_alert"
"""The kinds of jobs that tell the study's contacts of an alert: the first at once, the others later."""
TRIAL = "trial_mail"
"""The kind of job that sends a contact of a study a mail without an alert; its key: the study, and `place_of`."""

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


def place_of(position: int) -> UUID:
    """Give a contact's place in the study's file, from 1, as an id in a job's key."""
    return UUID(int=position)


def position_of(place: UUID) -> int:
    """Give the place back."""
    return place.int


def alerted(hits: str) -> str:
    """Give the statement parts that open or raise the alerts of `hits`, and ask for the jobs that tell staff of each.

    `hits` names rows (alert_id, session_id, source, value, detector, session_ms, received_at, help_version,
    help_shown), one a session and source at most. An open alert is raised by a higher value only. The parts are
    named `alerted` (the ids of those opened or raised), `alert_jobs` and `alert_jobs_asked`.
    """
    return f"""
        alerted AS ({_opened(hits)}),
        alert_jobs AS ({_JOBS}),
        alert_jobs_asked AS ({asked("alert_jobs")})
    """


# The study is looked up for each alert there is: a join would read studies for saves that open none.
_JOBS = f"""
    SELECT j.kind, ARRAY[a.id] AS key, j.run_after
    FROM alerted a CROSS JOIN LATERAL (
        SELECT '{NOTIFY}' AS kind, now() AS run_after
        UNION ALL
        SELECT '{ESCALATE}', now() + make_interval(mins => (
            SELECT t.escalate_after_minutes FROM sessions s JOIN studies t ON t.id = s.study_id
            WHERE s.id = a.session_id))
    ) j
"""  # noqa: S608


def _opened(hits: str) -> str:
    return f"""
        INSERT INTO alerts (id, session_id, source, value, detector, session_ms, received_at,
                            help_version, help_shown)
        SELECT alert_id, session_id, source, value, detector, session_ms, received_at, help_version, help_shown
        FROM {hits}
        ON CONFLICT (session_id, source) WHERE state = 'open' DO UPDATE
        SET value = excluded.value, detector = excluded.detector, session_ms = excluded.session_ms,
            received_at = excluded.received_at, help_version = excluded.help_version,
            help_shown = excluded.help_shown, raised_at = now(), raises = alerts.raises + 1
        WHERE excluded.value > alerts.value
        RETURNING id, session_id
    """  # noqa: S608
