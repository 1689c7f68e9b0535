"""What can go wrong, as types: a status, a code and a sentence. Rooms subclass Problem; no route formats one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Detail:
    """One field of a request, or one fact beside a code, and what is the matter with it."""

    field: str
    problem: str


@dataclass(frozen=True, slots=True)
class Hotline:
    """Where a person in need can turn to."""

    name: str
    phone: str | None = None
    url: str | None = None
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class Help:
    """The help text shown after a risk answer or message, with its live version."""

    version: int
    text: str
    hotlines: tuple[Hotline, ...]


class Problem(Exception):
    """The request could not be served."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal"

    def __init__(
        self, details: Sequence[Detail] = (), *, retry_after: int | None = None, help_: Help | None = None
    ) -> None:
        super().__init__(self.code)
        self.details = tuple(details)
        self.retry_after = retry_after
        self.help = help_

    @property
    def sentence(self) -> str:
        """One sentence for a person: the first line of the type's docstring."""
        return (type(self).__doc__ or "").strip().splitlines()[0]


class BadJson(Problem):
    """The body is not valid JSON."""

    status, code = 400, "bad_json"


class BadRequest(Problem):
    """The request cannot be understood."""

    status, code = 400, "bad_request"


class LoginRequired(Problem):
    """Please log in, or open your link again."""

    status, code = 401, "login_required"


class Forbidden(Problem):
    """Your account may not do this."""

    status, code = 403, "forbidden"


class CrossSite(Problem):
    """Requests from other sites are not allowed."""

    status, code = 403, "cross_site"


class NotFound(Problem):
    """There is nothing here."""

    status, code = 404, "not_found"


class MethodNotAllowed(Problem):
    """This address does not take that method."""

    status, code = 405, "method_not_allowed"


class TimedOut(Problem):
    """The request took too long to arrive."""

    status, code = 408, "timeout"


class TooLarge(Problem):
    """The request is larger than allowed."""

    status, code = 413, "too_large"


class UnsupportedType(Problem):
    """This kind of content is not taken here."""

    status, code = 415, "unsupported_type"


class Invalid(Problem):
    """Some of the fields are not valid."""

    status, code = 422, "invalid"


class TooMany(Problem):
    """Too many attempts; please wait a while."""

    status, code = 429, "too_many"


class Unavailable(Problem):
    """The service is busy; please try again in a moment."""

    status, code = 503, "unavailable"

    def __init__(self, details: Sequence[Detail] = (), *, retry_after: int = 1) -> None:
        super().__init__(details, retry_after=retry_after)


class ClientLeft(Exception):
    """The client closed the connection before its request was read; nobody is there to be answered."""
