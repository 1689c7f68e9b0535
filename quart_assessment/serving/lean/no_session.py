"""No session cookie of Quart's: logins have a table of their own."""

from __future__ import annotations

from quart import Quart
from quart.sessions import NullSession, SessionInterface, SessionMixin
from quart.wrappers import BaseRequestWebsocket, Response

_NONE = NullSession()


class NoSessions(SessionInterface):
    """Gives every request the same session, which holds nothing and takes nothing."""

    async def open_session(self, app: Quart, request: BaseRequestWebsocket) -> SessionMixin:  # noqa: ARG002
        """Give the empty session."""
        return _NONE

    async def save_session(self, app: Quart, session: SessionMixin, response: Response) -> None:  # type: ignore[override]
        """Keep nothing."""
