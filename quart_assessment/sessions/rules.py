"""What may be asked of a session in which state. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from quart_assessment.sessions.facts import Kind, Session
from quart_assessment.sessions.problems import SessionEnded, WrongStep

LATE = timedelta(days=7)
EARLIEST_MS = -1000
LATEST_MS = 5000


def milliseconds(span: timedelta) -> int:
    """Give a span in whole milliseconds."""
    return int(span / timedelta(milliseconds=1))


def clock_suspect(session: Session, session_ms: int | None, received_at: datetime) -> bool:
    """Tell whether the client's estimate of the session's clock cannot be true."""
    if session_ms is None:
        return False
    return not EARLIEST_MS <= session_ms <= milliseconds(received_at - session.created_at) + LATEST_MS


def check_open(session: Session) -> None:
    """Raise SessionEnded after the end."""
    if session.end is not None:
        raise SessionEnded


def check_part_open(session: Session, kind: Kind) -> None:
    """Check that `kind` is the part whose turn it is; raises SessionEnded or WrongStep."""
    check_open(session)
    if session.next_step != kind:
        raise WrongStep(session.next_step)


def check_captures_open(session: Session) -> None:
    """Check that captures are taken: from the end of the camera check to the end of the session."""
    check_open(session)
    if session.parts_open_at is None:
        raise WrongStep(session.next_step)


def takes_late(session: Session, session_ms: int | None) -> bool:
    """Tell whether a row from before the end is still taken: for 7 days after INCOMPLETE or a whole restart."""
    end = session.end
    if end is None or session_ms is None:
        return False
    ended_softly = end.state == "INCOMPLETE" or (end.state == "ABANDONED" and end.reason == "restarted")
    return (
        ended_softly
        and session.now < end.at + LATE
        and session_ms < milliseconds(end.at - session.created_at)
    )


def check_consented(session: Session) -> None:
    """Check that consent was given, from which on everything may be read; raises WrongStep."""
    if session.consent_scopes is None:
        raise WrongStep("consent")
