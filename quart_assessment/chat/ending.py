"""What of a model's reply is shown: the text without the tag that ends the interview, however it was cut."""

from __future__ import annotations

import re
import string

from quart_assessment.studies.interview import TAG

_TAG = re.compile(re.escape(TAG), re.IGNORECASE | re.ASCII)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# Shorter remains at the end of a reply may be meant ("a <"); longer ones are a tag cut off by a limit.
_MEANT = 2


class ReplyText:
    """Filters one reply as it streams.

    The tag is found in any mix of capitals and over any number of pieces. Where it ends the interview
    (`may_end`), what follows it is dropped; otherwise only the tag itself is. White space before the first
    word is dropped. Only what may turn out to be the tag is held back.
    """

    def __init__(self, *, may_end: bool) -> None:
        self._may_end = may_end
        self._held = ""
        self._tail = ""
        self.ended = False

    def feed(self, piece: str) -> str:
        """Take a piece and return what of it, and of what was held back, may be shown now."""
        if self.ended:
            return ""
        text = self._held + piece
        self._held = ""
        shown: list[str] = []
        while (tag := _TAG.search(text)) is not None:
            shown.append(self._show(text[: tag.start()]))
            if self._may_end:
                self.ended = True
                return "".join(shown)
            text = text[tag.end() :]
            # What stood before the removed tag must not make a new one with what comes after.
            if _opening(self._tail) < len(self._tail):
                shown.append(self._show(" "))
        at = _opening(text)
        self._held = text[at:]
        shown.append(self._show(text[:at]))
        return "".join(shown)

    def finish(self) -> str:
        """Return what is left to show once the reply has ended."""
        held, self._held = self._held, ""
        return self._show(held) if len(held) <= _MEANT else ""

    def _show(self, text: str) -> str:
        if not self._tail:
            text = text.lstrip()
        if text:
            self._tail = (self._tail + text)[-len(TAG) :]
        return text


def _opening(text: str) -> int:
    """Where a beginning of the tag stands at the end of `text`; its length if there is none."""
    at = text.rfind("<", max(0, len(text) - len(TAG) + 1))
    if at >= 0 and TAG.startswith(text[at:].translate(_LOWER)):
        return at
    return len(text)
