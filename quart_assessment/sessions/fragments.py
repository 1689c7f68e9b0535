"""Parts of SQL that other rooms' statements take in, so that the owner is checked in the statement itself."""

from __future__ import annotations

from quart_assessment.sessions.facts import ALL

LIVE_LOGIN = """
    l.ended_at IS NULL AND l.expires_at > now() AND l.idle_until > now()
"""

OWNED_SESSION = f"""
    SELECT s.*
    FROM logins l
    JOIN accounts c ON c.id = l.account_id AND c.role = 'participant' AND c.disabled_at IS NULL
    JOIN sessions s ON s.account_id = l.account_id
    WHERE l.token_hash = :token_hash AND s.id = :session_id AND {LIVE_LOGIN}
"""  # noqa: S608
"""One row, the caller's session, or none. Takes :token_hash (bytea) and :session_id (uuid)."""

OWNED_SESSIONS_JOIN = f"""
    JOIN logins l ON l.token_hash = k.token_hash AND {LIVE_LOGIN}
    JOIN accounts c ON c.id = l.account_id AND c.role = 'participant' AND c.disabled_at IS NULL
    JOIN sessions s ON s.id = k.session_id AND s.account_id = l.account_id
"""
"""The set form: joins `k` (token_hash, session_id), each row with its caller's session `s`, or leaves it out."""

ENDED_AT = "coalesce(s.ended_at, CASE WHEN s.expires_at <= now() THEN s.expires_at END)"
"""When session `s` ended; an expired one ended when it expired, though no row says so. NULL while it is open."""

TAKES_LATE = f"""
    (CASE WHEN s.end_state IS NULL OR s.end_state = 'INCOMPLETE' THEN s.expires_at <= now()
          ELSE s.end_state = 'ABANDONED' AND s.end_reason = 'restarted' END
     AND now() < {ENDED_AT} + interval '7 days')
"""
"""Whether `s` has ended in a way after which answers and captures from before its end are still taken."""


def withdrawn(scope: str) -> str:
    """Give the condition that `scope` was taken back in session `s`, by itself or with all others."""
    return f"(s.withdrawn_scopes && '{{{ALL},{scope}}}')"


def before_the_end(session_ms: str) -> str:
    """Give the condition that a row's `session_ms` lies before the end of session `s`."""
    return f"({session_ms} < extract(epoch FROM {ENDED_AT} - s.created_at) * 1000)"


def clock_suspect(session_ms: str) -> str:
    """Give the condition that `session_ms` cannot be true: outside -1 s .. now + 5 s since the session's start."""
    return (
        f"coalesce({session_ms} NOT BETWEEN -1000 AND "
        "extract(epoch FROM now() - s.created_at) * 1000 + 5000, false)"
    )
