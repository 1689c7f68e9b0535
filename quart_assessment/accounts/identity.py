"""The login cookie: a random token of 256 bits, signed by quart-auth; only its hash is kept."""

from __future__ import annotations

import hashlib
import secrets

from quart import Quart
from quart_auth import AuthUser, QuartAuth, login_user, logout_user

from quart_assessment.accounts.presence import Presence
from quart_assessment.accounts.service import staff_of
from quart_assessment.database.current import database
from quart_assessment.serving.lean.tokens import RememberingAuth
from quart_assessment.web.caller import Caller, Staff
from quart_assessment.web.state import settings_of

TOKEN_BYTES = 32


def install_cookie(app: Quart) -> QuartAuth:
    """Set the cookie up: HttpOnly, SameSite=Lax, Secure with the __Host- prefix but on a loopback name."""
    settings = settings_of(app)
    auth = RememberingAuth if settings.lean_requests else QuartAuth
    return auth(
        app,
        cookie_name="qa_login" if settings.loopback else "__Host-qa_login",
        cookie_secure=not settings.loopback,
        cookie_http_only=True,
        cookie_samesite="Lax",
        cookie_path="/",
        duration=int(settings.login_absolute_hours * 3600),
    )


def token_hash(token: str) -> bytes:
    """Give what is kept of a login's token."""
    return hashlib.sha256(token.encode()).digest()


def new_token() -> str:
    """Make a login's token."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def give_cookie(token: str) -> None:
    """Send the cookie of a login with the reply, kept for as long as the login may last."""
    login_user(AuthUser(token), remember=True)


def take_cookie() -> None:
    """Have the browser drop the cookie."""
    logout_user()


class CookieCallers:
    """Finds the caller by the cookie; notes that a login is in use."""

    def __init__(self, auth: QuartAuth, presence: Presence) -> None:
        self._auth = auth
        self._presence = presence

    def of_cookie(self) -> Caller | None:
        """Give the holder of a well-signed cookie, without asking the database."""
        token = self._auth.load_user().auth_id
        if token is None:
            return None
        found = Caller(token_hash(token))
        self._presence.note(database(), found.token_hash)
        return found

    async def staff(self, caller: Caller) -> Staff:
        """Look up staff; raises LoginRequired or Forbidden."""
        return await staff_of(database(), caller)
