"""Somebody who is further on already: by the service's calls, where the way there is not the subject."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.ground.participant import Participant, kept
from tests.journeys.site import Site


@asynccontextmanager
async def ahead(
    site: Site, link: str, scopes: Iterable[str] | None = None, *, language: str = "en"
) -> AsyncIterator[Participant]:
    """Begin a session and agree to `scopes`, to all there are without them; opening the link ends this login."""
    async with site.service.client() as client:
        someone = Participant(client)
        kept(await client.post("/api/auth/invitation", json={"token": link.rsplit("/", 1)[1]}))
        await someone.start(language=language)
        await someone.agree(scopes)
        yield someone
