"""What spans rooms: arrival, the session object and every call that answers it, closing, and what staff see.

A 2xx of a verb means that its one transaction, with all it did in several rooms, was committed.
"""

from __future__ import annotations

from quart import Quart


def install(app: Quart) -> None:
    """Add the routes of arrival, of sessions and of staff."""
    from quart_assessment.journey import arrival_routes, linking_routes, routes, staff_routes

    for room in (arrival_routes, routes, linking_routes, staff_routes):
        app.register_blueprint(room.blueprint)
