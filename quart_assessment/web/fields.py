"""The kinds of fields that several forms share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from quart_assessment.problems import NotFound

MOST_MILLISECONDS = 2**53 - 1


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("NUL")
    return text


def _uuid(value: object) -> UUID:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or len(value) != 36:
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


def path_id(text: str) -> UUID:
    """Read an id out of a path; a malformed one is no other than an unknown one.

    Raises:
        NotFound: `text` is no UUID.
    """
    try:
        return _uuid(text)
    except ValueError:
        raise NotFound from None
