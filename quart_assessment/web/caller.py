"""Who is calling, and who may call what. Each route says its access; a route without one fails a test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar, cast
from uuid import UUID

from quart import Quart, Request, g, request

from quart_assessment.problems import CrossSite, LoginRequired
from quart_assessment.web.security import is_cross_site
from quart_assessment.web.state import settings_of

Access = Literal["public", "participant", "staff"]
View = TypeVar("View", bound=Callable[..., Any])
RULE = "qa.rule"


@dataclass(frozen=True, slots=True)
class Caller:
    """A holder of a login cookie: only the hash of its token. Who that is, the statement finds out."""

    token_hash: bytes


@dataclass(frozen=True, slots=True)
class Staff:
    """A researcher or an admin, looked up before anything else was done."""

    account_id: UUID
    role: Literal["researcher", "admin"]


class Callers(Protocol):
    """Finds the caller of the request being served."""

    def of_cookie(self) -> Caller | None:
        """Give the holder of a well-signed cookie, without asking the database."""
        ...

    async def staff(self, caller: Caller) -> Staff:
        """Look up staff; raises LoginRequired or Forbidden."""
        ...


def open_to(access: Access) -> Callable[[View], View]:
    """Say who may call a view: anyone, holders of a login, or staff."""

    def marked(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return marked


def access_of(view: Callable[..., Any]) -> Access | None:
    """Give what `open_to` said of a view."""
    return cast("Access | None", getattr(view, "access", None))


def caller() -> Caller:
    """Give who is calling.

    Raises:
        LoginRequired: the cookie is missing, forged or past its age.
    """
    found = cast("Caller | None", g.get("caller"))
    if found is None:
        raise LoginRequired
    return found


def staff() -> Staff:
    """Give the staff member who is calling; only in views open to staff."""
    return cast(Staff, g.staff)


def install(app: Quart, callers: Callers) -> None:
    """Check each request before its body is read: its site first, then its login."""
    settings = settings_of(app)

    async def check() -> None:
        # Each look at `request` finds the context anew.
        served: Request = request._get_current_object()  # type: ignore[attr-defined]
        rule = served.url_rule
        if rule is None:
            return
        cast("dict[str, Any]", served.scope)[RULE] = rule.rule
        if is_cross_site(settings, served.method, served.headers):
            raise CrossSite
        access = access_of(app.view_functions[rule.endpoint])
        found = callers.of_cookie()
        g.caller = found
        if access in ("participant", "staff") and found is None:
            raise LoginRequired
        if access == "staff" and found is not None:
            g.staff = await callers.staff(found)

    app.before_request(check)
