"""A picture on its way to be kept, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from quart_assessment.camera.facts import Capture
from quart_assessment.camera.metadata import Metadata
from quart_assessment.camera.problems import BadDigest, BadImage
from quart_assessment.camera.stores import Incoming, Sealed
from quart_assessment.problems import Problem

FAULTS: dict[str, type[Problem]] = {"bad_image": BadImage, "bad_digest": BadDigest}


@dataclass(slots=True)
class Offer:
    """A picture that was received, or one whose bytes were dropped: `code` says why it is not kept.

    `sealed` is None until its bytes were looked at, `key` names its file in the store once it has one.
    """

    capture_id: UUID
    metadata: Metadata
    field: str | None = None
    filename: str | None = None
    incoming: Incoming | None = None
    sealed: Sealed | None = None
    code: str | None = None
    key: str | None = None

    def discard(self) -> None:
        """Drop what was received and not kept."""
        if self.incoming is not None:
            self.incoming.discard()

    def drop(self, code: str) -> None:
        """Drop what was received, because of `code`; it counts as not looked at."""
        self.discard()
        self.incoming, self.sealed, self.code = None, None, code

    def fault(self) -> str | None:
        """Tell what is wrong with the picture itself."""
        return None if self.sealed is None else self._fault_of(self.sealed)

    def check(self) -> None:
        """Check the picture itself; raises BadDigest or BadImage."""
        if fault := self.fault():
            raise FAULTS[fault]

    async def look(self) -> None:
        """Look at the bytes received, of which none are to be kept; raises Unavailable."""
        if self.incoming is not None:
            self.sealed, _ = await self.incoming.finish(self.capture_id, lambda _: False)

    async def keep(self) -> None:
        """Make what was received durable, where nothing is wrong with it.

        Raises:
            BadDigest, BadImage: something is; nothing is kept.
            Unavailable: the store cannot.
        """
        if self.incoming is None:
            return
        if self.sealed is not None:
            self.key = await self.incoming.keep(self.capture_id)
            return
        self.sealed, self.key = await self.incoming.finish(
            self.capture_id, lambda sealed: self._fault_of(sealed) is None
        )
        self.check()

    def _fault_of(self, sealed: Sealed) -> str | None:
        if self.metadata.sha256 - {sealed.sha256}:
            return "bad_digest"
        return "bad_image" if sealed.image is None else None


@dataclass(frozen=True, slots=True)
class Saved:
    """What is stored of an offer; `created` tells whether this call kept it."""

    capture: Capture
    created: bool
