"""People, their logins, and what staff may do.

A login's 200 means that the login is kept, a logout's that it is dead in all workers.
"""

from __future__ import annotations

from quart import Quart

from quart_assessment.accounts.current import install_passwords
from quart_assessment.accounts.identity import CookieCallers, install_cookie
from quart_assessment.web import caller


def install(app: Quart) -> None:
    """Add the cookie, the check of who is calling, and the routes of login and logout."""
    from quart_assessment.accounts.presence import Presence
    from quart_assessment.accounts.routes import blueprint
    from quart_assessment.web.state import settings_of

    install_passwords(app)
    auth = install_cookie(app)
    caller.install(app, CookieCallers(auth, Presence(settings_of(app))))
    app.register_blueprint(blueprint)
