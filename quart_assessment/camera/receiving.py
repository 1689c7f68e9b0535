"""A picture as a raw body: decided, received, kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from uuid import UUID

from quart_assessment.camera.doors import Doors
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.images import IMAGE_TYPES
from quart_assessment.camera.looking import View, look
from quart_assessment.camera.metadata import Metadata, content_digests, parse_metadata
from quart_assessment.camera.offers import Offer, Saved
from quart_assessment.camera.problems import BadMetadata, CaptureIdReused
from quart_assessment.camera.saving import save_capture
from quart_assessment.camera.sharing import Shared
from quart_assessment.camera.stores import Store
from quart_assessment.camera.uploads import Budget, receive_body
from quart_assessment.database.engine import Database
from quart_assessment.problems import UnsupportedType
from quart_assessment.web.body import RequestBody
from quart_assessment.web.caller import Caller


@dataclass(frozen=True, slots=True)
class PutCapture:
    """One call as it came: its head and its body, of which nothing was read yet; `limit` in bytes."""

    session_id: UUID
    capture_id: UUID
    content_type: str
    content_digest: str | None
    metadata: bytes
    body: RequestBody
    limit: int


async def put_capture(
    database: Database, doors: Doors, store: Store, budget: Budget, caller: Caller, call: PutCapture
) -> Saved:
    """Keep the picture in the body, or say why it is not kept; a repeat is answered as the first call.

    Raises:
        LoginRequired, NotFound, SessionEnded, WrongStep: the session does not take it.
        CaptureIdReused: other bytes were kept under its id.
        BadMetadata, UnsupportedType, BadDigest, BadImage: what was sent is not what it should be.
        TooLarge, TimedOut, ClientLeft, BadRequest: the body cannot be read.
        Unavailable: the store, the database or this worker has no room now.
    """
    usual = await doors.look(caller, call.session_id, call.capture_id)
    if usual is not None and usual.wants(None):
        offer = Offer(call.capture_id, parse_metadata(call.metadata))
        if usual.wants(offer.metadata.trigger):
            with budget.share(call.body.length, call.limit) as share:
                await _receive(store, call, offer, share.chunks(call.body, call.limit))
                saved = await save_capture(
                    database,
                    store,
                    caller,
                    call.session_id,
                    [offer],
                    alone=False,
                    shared=Shared(doors, usual),
                )
                return saved[0]
    return await _put_looked_at(database, store, budget, caller, call)


async def _put_looked_at(
    database: Database, store: Store, budget: Budget, caller: Caller, call: PutCapture
) -> Saved:
    async with database.reading() as connection:
        view = await look(connection, caller, call.session_id, [call.capture_id])
    with budget.share(call.body.length, call.limit) as share:
        chunks = share.chunks(call.body, call.limit)
        offer = _offered(view, call)
        if offer.code is not None:
            async for _ in chunks:
                pass
        else:
            await _receive(store, call, offer, chunks)
            if (kept := view.kept(call.capture_id)) is not None:
                return await _repeated(kept, offer)
        alone = view.near_its_limit
        return (await save_capture(database, store, caller, call.session_id, [offer], alone=alone))[0]


def _offered(view: View, call: PutCapture) -> Offer:
    """Decide by the head alone: what refuses the call is raised, what is not wanted is named in `code`."""
    unreadable: BadMetadata | None = None
    try:
        offer = Offer(call.capture_id, parse_metadata(call.metadata))
    except BadMetadata as problem:
        unreadable, offer = problem, Offer(call.capture_id, Metadata())
    repeated = view.kept(call.capture_id) is not None
    if not repeated:
        view.check_taken(call.capture_id, offer.metadata)
        offer.code = view.why_unwanted(offer.metadata.trigger if unreadable is None else None)
    if unreadable is not None and offer.code is None:
        raise unreadable
    return offer


async def _receive(store: Store, call: PutCapture, offer: Offer, chunks: AsyncIterator[bytes]) -> None:
    if call.content_type not in IMAGE_TYPES:
        raise UnsupportedType
    digests = offer.metadata.sha256 | content_digests(call.content_digest)
    offer.metadata = replace(offer.metadata, sha256=digests)
    offer.incoming = store.incoming(call.session_id)
    try:
        await receive_body(chunks, offer.incoming)
    except BaseException:
        offer.discard()
        raise


async def _repeated(kept: Capture, offer: Offer) -> Saved:
    try:
        await offer.look()
    finally:
        offer.discard()
    offer.check()
    if offer.sealed is None or offer.sealed.sha256 != kept.sha256:
        raise CaptureIdReused
    return Saved(kept, created=False)
