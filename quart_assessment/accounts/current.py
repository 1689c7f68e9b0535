"""This worker's threads for passwords."""

from __future__ import annotations

from typing import cast

from quart import Quart, current_app

from quart_assessment.accounts.passwords import Passwords
from quart_assessment.web.state import settings_of

PASSWORDS = "accounts.passwords"


def passwords() -> Passwords:
    """Give this worker's threads for passwords."""
    return cast(Passwords, current_app.extensions[PASSWORDS])


def install_passwords(app: Quart) -> None:
    """Have the threads made when the app starts, and ended when it stops."""

    async def start() -> None:
        app.extensions[PASSWORDS] = Passwords(settings_of(app))

    async def stop() -> None:
        app.extensions[PASSWORDS].close()

    app.before_serving(start)
    app.after_serving(stop)
