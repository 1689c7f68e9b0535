"""Login cookies whose signature was checked before."""

from __future__ import annotations

import re
import time
from typing import cast

from itsdangerous.encoding import base64_decode, bytes_to_int
from quart import Quart, Response, g, has_request_context, request
from quart.ctx import _AppCtxGlobals
from quart_auth import Action, AuthUser, QuartAuth

from quart_assessment.remembered import Remembered

MOST_TOKENS = 4096


class RememberingAuth(QuartAuth):
    """quart-auth, which takes a cookie's signature apart once for each cookie and not twice for each request.

    The last MOST_TOKENS cookies that passed are remembered with the time of their signature, and their age is
    looked at each time. That grants no more than the signature does: whether the login still lives is asked of
    the database by the statement that does the work.
    """

    _cookie: re.Pattern[str] | None = None
    _passed: Remembered[str, tuple[str, int]] | None = None

    def load_user(self) -> AuthUser:
        """Give who the request is of; looked up once a request."""
        if not has_request_context():
            return super().load_user()
        kept: _AppCtxGlobals = g._get_current_object()
        user = cast("AuthUser | None", kept.get(self.attribute_name or ""))
        if user is None:
            user = self.resolve_user()
            setattr(kept, self.attribute_name or "", user)
        return user

    def load_cookie(self) -> str | None:
        """Give what the request's cookie says, taken out of the header by one expression where it is a plain one."""
        if self._cookie is None:
            self._cookie = re.compile(rf"(?:^|; *){re.escape(self.cookie_name or '')}=([^;, \"]+)(?=;|$)")
        header = request.headers.get("Cookie") if has_request_context() else None
        found = None if header is None else self._cookie.match(header) or self._cookie.search(header)
        return super().load_cookie() if found is None else self.load_token(found[1])

    def load_token(self, token: str, app: Quart | None = None) -> str | None:
        """Give what a cookie says, None where it is forged or past its age."""
        if self._passed is None:
            self._passed = Remembered(MOST_TOKENS)
        passed = self._passed.get(token)
        if passed is not None:
            auth_id, issued = passed
            return auth_id if 0 <= int(time.time()) - issued <= (self.duration or 0) else None
        found = super().load_token(token, app)
        if found is not None:
            # Two dots: what is signed, when, and the signature (itsdangerous, TimestampSigner).
            issued = bytes_to_int(base64_decode(token.rsplit(".", 2)[1]))
            self._passed.note(token, (found, issued))
        return found

    async def after_request(self, response: Response) -> Response:
        """Write or delete the cookie where a view logged somebody in or out."""
        user = cast("AuthUser | None", g.get(self.attribute_name))
        if user is None or user.action is Action.PASS:
            return response
        return await super().after_request(response)
