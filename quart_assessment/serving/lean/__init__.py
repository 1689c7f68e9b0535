"""A Quart that does for each request only what the request needs. Knows no room.

Each part replaces one of Quart's own at a documented point of extension, and hands what it is not made for to
the part that it replaces: what a client, a hook or an error handler sees is plain Quart's. Without LEAN_REQUESTS
none of them is in use. What each saves stands in docs/decisions/0011-a-lean-request.md.
"""

from __future__ import annotations

from quart import Quart

from quart_assessment.serving.lean.app import LeanQuart


def app_class(*, lean: bool) -> type[Quart]:
    """Give the class of the app: the one switch of all parts."""
    return LeanQuart if lean else Quart
