"""The kinds of fields that several forms share."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from quart_assessment.problems import NotFound

NOBODYS = UUID(int=0)
"""The nil UUID (RFC 9562, 5.9), which nothing that we make has."""

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOST_MILLISECONDS = 2**53 - 1


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("NUL")
    return text


def _uuid(value: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise ValueError("not a UUID")
    return UUID(value)


def _moment(value: object) -> datetime:
    # RFC 3339 wants an offset; a bare local time would be a guess.
    if not isinstance(value, str) or not 20 <= len(value) <= 40:
        raise ValueError("not an RFC 3339 time")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None or not 1900 < moment.year < 9998:
        raise ValueError("not an RFC 3339 time")
    return moment.astimezone(UTC)


Id = Annotated[UUID, BeforeValidator(_uuid)]
Moment = Annotated[datetime, BeforeValidator(_moment)]
Milliseconds = Annotated[int, Field(ge=-MOST_MILLISECONDS, le=MOST_MILLISECONDS)]
Duration = Annotated[int, Field(ge=0, le=MOST_MILLISECONDS)]
Note = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_without_nul)]


def our_id(text: str) -> UUID:
    """Read an id that we made out of a path; a malformed one is looked for, and not found, like an unknown one."""
    return UUID(text) if _UUID.fullmatch(text) else NOBODYS


def path_id(text: str) -> UUID:
    """Read an id that a client made out of a path.

    Raises:
        NotFound: `text` is no UUID.
    """
    try:
        return _uuid(text)
    except ValueError:
        raise NotFound from None
