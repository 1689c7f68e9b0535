"""Pictures in a form: a receipt for each file, all of them kept in one transaction at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from quart_assessment.camera.looking import View, look
from quart_assessment.camera.metadata import Metadata, parse_metadata
from quart_assessment.camera.offers import Offer, Saved
from quart_assessment.camera.problems import BadCapture, BadMetadata
from quart_assessment.camera.rules import may_take_late
from quart_assessment.camera.saving import save_capture
from quart_assessment.camera.stores import Incoming, Store
from quart_assessment.camera.uploads import Budget, ReceivedFile, UploadForm
from quart_assessment.database.engine import Database
from quart_assessment.database.schema import new_id
from quart_assessment.problems import BadRequest, UnsupportedType
from quart_assessment.sessions.problems import SessionEnded
from quart_assessment.sessions.rules import check_captures_open
from quart_assessment.sessions.service import check_login
from quart_assessment.settings import Settings
from quart_assessment.web.body import RequestBody
from quart_assessment.web.caller import Caller

FORM = "multipart/form-data"
BAD = frozenset({"bad_image", "bad_digest", "bad_metadata"})


@dataclass(frozen=True, slots=True)
class PostedForm:
    """One call as it came: its head and its body, of which nothing was read yet."""

    content_type: str
    boundary: str | None
    body: RequestBody


class FormDesk:
    """Looks at the session once it is named, and says of each file whether its bytes are wanted."""

    def __init__(self, database: Database, store: Store, caller: Caller) -> None:
        self._database = database
        self._store = store
        self._caller = caller
        self.view: View | None = None

    async def open(self, session_id: UUID) -> None:
        """Check the session before a file is read; raises what refuses the whole form."""
        async with self._database.reading() as connection:
            view = await look(connection, self._caller, session_id)
        if view.session.end is None:
            check_captures_open(view.session)
        elif not may_take_late(view.session) and view.around.kept == 0:
            raise SessionEnded
        self.view = view

    async def admit(self, metadata: bytes | None) -> Incoming | None:
        """Give a place for a file whose bytes may be kept, or may repeat what was kept."""
        view = self.opened
        try:
            trigger = None if metadata is None else parse_metadata(metadata).trigger
        except BadMetadata:
            return None
        if view.why_unwanted(trigger) and view.around.kept == 0:
            return None
        return self._store.incoming(view.session.id)

    async def decide(self, files: Sequence[ReceivedFile]) -> list[Offer]:
        """Say of each file what is known against it, now that all metadata have come."""
        view = self.opened
        offers = [_offer(file) for file in files]
        for offer in offers:
            if offer.code is not None and (why := view.why_unwanted(None)):
                offer.drop(why)
        unwanted = {
            offer.capture_id: why
            for offer in offers
            if offer.code is None and (why := view.why_unwanted(offer.metadata.trigger))
        }
        if unwanted:
            async with self._database.reading() as connection:
                view = await look(connection, self._caller, view.session.id, list(unwanted))
        for offer in offers:
            if view.kept(offer.capture_id) is None and offer.capture_id in unwanted:
                offer.drop(unwanted[offer.capture_id])
            elif offer.code is None:
                offer.code = "not_wanted" if offer.sealed is None else offer.fault()
        return offers

    @property
    def opened(self) -> View:
        """The session as it was seen when it was named."""
        if self.view is None:
            raise RuntimeError("no session was named yet")
        return self.view


async def upload_form(
    database: Database, store: Store, budget: Budget, caller: Caller, settings: Settings, posted: PostedForm
) -> list[Saved]:
    """Keep the pictures of a form; each file is answered, kept or not, in the order of the form.

    Raises:
        UnsupportedType, BadRequest, SessionIdFirst, TooManyFiles, TooLarge: it is no form as it should be.
        LoginRequired, NotFound, SessionEnded, WrongStep: the session does not take it.
        BadCapture: there was no file, or every file was bad.
        CaptureIdReused: other bytes were kept under the id of one of them.
        TimedOut, ClientLeft, Unavailable: the body, the store or the database failed.
    """
    async with database.reading() as connection:
        await check_login(connection, caller)
    if posted.content_type != FORM:
        raise UnsupportedType
    if not posted.boundary:
        raise BadRequest
    limit = settings.captures_a_request * settings.capture_bytes
    desk = FormDesk(database, store, caller)
    form = UploadForm(desk, settings)
    with budget.share(posted.body.length, limit) as share:
        try:
            await form.read(share.chunks(posted.body, limit), posted.boundary)
            offers = await desk.decide(form.files)
            if all(offer.code in BAD for offer in offers):
                raise BadCapture
        except BaseException:
            for file in form.files:
                file.discard()
            raise
        session_id, alone = desk.opened.session.id, desk.opened.near_its_limit
        return await save_capture(database, store, caller, session_id, offers, alone=alone)


def _offer(file: ReceivedFile) -> Offer:
    try:
        said, code = parse_metadata(file.metadata), None
    except BadMetadata:
        said, code = Metadata(), "bad_metadata"
    return Offer(
        capture_id=said.capture_id or new_id(),
        metadata=said,
        field=file.field,
        filename=file.filename,
        incoming=file.incoming,
        sealed=file.sealed,
        code=code,
    )
