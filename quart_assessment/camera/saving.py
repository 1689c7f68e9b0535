"""Keeping captures: the file first, its row second, the reply third; all of a request in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from quart_assessment.camera import linking, repository
from quart_assessment.camera.facts import Capture
from quart_assessment.camera.looking import View, lock_and_look
from quart_assessment.camera.offers import Offer, Saved
from quart_assessment.camera.problems import CaptureIdReused
from quart_assessment.camera.sharing import Shared
from quart_assessment.camera.stores import Store
from quart_assessment.camera.triggers import create_settings_snapshot
from quart_assessment.database.engine import Database
from quart_assessment.database.transactions import committed, shielded
from quart_assessment.problems import Problem
from quart_assessment.sessions.rules import clock_suspect
from quart_assessment.web.caller import Caller


class _Overtaken(Exception):
    """A capture of the same id was kept a moment ago."""


async def save_capture(
    database: Database,
    store: Store,
    caller: Caller,
    session_id: UUID,
    offers: Sequence[Offer],
    *,
    alone: bool = True,
    shared: Shared | None = None,
) -> list[Saved]:
    """Keep the captures offered, all or none, in their order.

    `alone` keeps other captures of the session waiting meanwhile, so that its limit is met exactly. With `shared`,
    which is for a single one, its row is first tried in the statement that it shares with others.

    It runs to its end though the caller is cancelled: a capture is there with its row, or nothing of it is.
    Everything is decided once more under the session's lock.

    Raises:
        BadDigest, BadImage: one of them is not what it should be; see `Offer.keep`.
        LoginRequired, NotFound, SessionEnded, WrongStep: see `look` and `check_taken`.
        CaptureIdReused: other bytes were kept under the id of one of them.
        Unavailable: the store or the database could not; a retry with the same ids is safe.
    """
    begun = False

    async def unit() -> list[Saved]:
        nonlocal begun
        begun = True
        try:
            return await _keep(database, store, caller, session_id, offers, alone=alone, shared=shared)
        finally:
            for offer in offers:
                offer.discard()

    try:
        return await shielded(database, unit())
    finally:
        if not begun:
            for offer in offers:
                offer.discard()


async def _keep(
    database: Database,
    store: Store,
    caller: Caller,
    session_id: UUID,
    offers: Sequence[Offer],
    *,
    alone: bool,
    shared: Shared | None,
) -> list[Saved]:
    may_be_stored = False

    async def work(connection: AsyncConnection) -> list[Saved]:
        nonlocal may_be_stored
        saved = await _write_rows(connection, caller, session_id, offers, alone=alone)
        may_be_stored = True
        return saved

    try:
        await _store_files(offers)
        if shared is not None:
            if (stored := await shared.keep(caller, session_id, offers[0])) is not None:
                return [stored]
            alone = not shared.doors.is_far(session_id)
        try:
            saved = await committed(database, work)
        except _Overtaken:
            alone = True
            saved = await committed(database, work)
    except BaseException:
        # A commit whose answer was lost may have been done: then its row needs the file.
        if not may_be_stored:
            await _remove(store, [offer.key for offer in offers])
        raise
    named = {one.capture.store_key for one in saved if one.created}
    await _remove(store, [offer.key for offer in offers if offer.key not in named])
    return saved


async def _store_files(offers: Sequence[Offer]) -> None:
    wanted = [one for one in offers if one.code is None and one.incoming is not None]
    if len(wanted) == 1:
        await wanted[0].keep()
        return
    done = await asyncio.gather(*(one.keep() for one in wanted), return_exceptions=True)
    for failure in done:
        if failure is not None:
            raise failure


async def _remove(store: Store, keys: Sequence[str | None]) -> None:
    for key in keys:
        if key is not None:
            await store.remove(key)


async def _write_rows(
    connection: AsyncConnection, caller: Caller, session_id: UUID, offers: Sequence[Offer], *, alone: bool
) -> list[Saved]:
    ids, said = [offer.capture_id for offer in offers], [offer.metadata for offer in offers]
    view = await lock_and_look(connection, caller, session_id, ids, said, alone=alone)
    stored = dict(view.stored)
    rows: dict[UUID, dict[str, Any]] = {}
    saved: list[Saved] = []
    refusals: list[Problem] = []
    kept = view.around.kept
    for offer in offers:
        before = stored.get(offer.capture_id)
        if before is not None and before.kept and offer.sealed is not None and offer.code is None:
            if before.sha256 != offer.sealed.sha256:
                raise CaptureIdReused
            saved.append(Saved(before, created=False))
            continue
        try:
            late = view.check_taken(offer.capture_id, offer.metadata)
        except Problem as problem:
            refusals.append(problem)
            saved.append(Saved(_capture(view, offer, late=False, code="not_wanted"), created=False))
            continue
        code = offer.code or view.why_unwanted(offer.metadata.trigger, kept)
        capture = _capture(view, offer, late=late, code=code)
        saved.append(Saved(capture, created=capture.kept))
        if before is None or not before.kept:
            stored[offer.capture_id] = capture
            rows[offer.capture_id] = _row(view, session_id, offer, capture)
            kept += capture.kept
    if refusals and len(refusals) == len(offers):
        raise refusals[0]
    if rows and await repository.upsert_captures(connection, list(rows.values())) < len(rows):
        raise _Overtaken
    if any(capture.late and capture.kept for capture in stored.values()):
        # No verb of an ended session will link them.
        await linking.link_all_captures(connection, session_id)
    return saved


def _capture(view: View, offer: Offer, *, late: bool, code: str | None) -> Capture:
    sealed = offer.sealed
    return Capture(
        capture_id=offer.capture_id,
        assessment_id=None,
        field=offer.field,
        filename=offer.filename,
        trigger=offer.metadata.trigger,
        capture_type=view.capture_type(offer.metadata),
        received_at=view.session.now,
        late=late,
        kept=code is None,
        code=code,
        size=None if sealed is None else sealed.size,
        type=None if sealed is None or sealed.image is None else sealed.image.type,
        sha256=None if sealed is None else sealed.sha256,
        store_key=offer.key if code is None else None,
    )


def _row(view: View, session_id: UUID, offer: Offer, capture: Capture) -> dict[str, Any]:
    said = offer.metadata
    return {name: getattr(capture, name) for name in Capture.__slots__} | {
        "session_id": session_id,
        "question_id": said.question_id,
        "message_id": said.message_id,
        "client_time": said.client_time,
        "session_ms": said.session_ms,
        "clock_suspect": clock_suspect(view.session, said.session_ms, capture.received_at),
        "timing": said.timing,
        "settings": create_settings_snapshot(view.settings, view.version),
    }
