"""What clients sent and what they were promised, written down outside of the service."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
Item = dict[str, Any]
"""One answer, message or capture of a call, with all that is said of it; `id` is its client-made id."""


def answer_item(session_id: str, question_id: str, version: int, value: int | None) -> Item:
    """One answer as it is sent."""
    facts = {"id": question_id, "version": version, "value": value}
    return {"what": "answer", "session_id": session_id} | facts


def message_item(session_id: str, message_id: str, message: str) -> Item:
    """One message as it is sent."""
    return {"what": "message", "session_id": session_id, "id": message_id, "message": message}


def capture_item(session_id: str, capture_id: str, picture: bytes) -> Item:
    """One picture as it is sent."""
    digest = hashlib.sha256(picture).hexdigest()
    facts = {"id": capture_id, "size": len(picture), "sha256": digest}
    return {"what": "capture", "session_id": session_id} | facts


class Journal:
    """Lines of JSON. A promise is on the disk before the client that received it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writes = 0
        self.chunks = 0
        self._calls = count(1)
        self._items: dict[str, int] = {}
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def sent(self, login: str, items: Sequence[Item], *, foreign: bool = False) -> str:
        """Note a call before its last byte is sent, and name it; `foreign`: the login may write none of it."""
        call = f"{os.getpid()}.{next(self._calls)}"
        self._items[call] = len(items)
        # Not worth an fsync: it only ever excuses what is found, and a line too few fails a check.
        self._put("sent", call=call, login=login, foreign=foreign, at=time.time(), items=list(items))
        return call

    def kept(self, call: str) -> None:
        """Note that all of a call was acknowledged as kept."""
        self._put("kept", call=call)
        os.fdatasync(self._handle)
        self.writes += self._items[call]

    def refused(self, call: str) -> None:
        """Note that a call was answered, and nothing of it kept; a 503 is no such answer, what it means is open."""
        self._put("refused", call=call)

    def left(self, call: str) -> None:
        """Note that the client has left a call whose request the service had read whole."""
        self._put("left", call=call)

    def chunk(self, message_id: str, start: int, text: str) -> None:
        """Note a piece of a reply that was shown, from code point `start` on."""
        self._put("chunk", message_id=message_id, start=start, text=text)
        os.fdatasync(self._handle)
        self.chunks += 1

    def reply(self, message_id: str, state: str, text: str) -> None:
        """Note how a turn ended, and its whole text."""
        self._put("reply", message_id=message_id, state=state, text=text)
        os.fdatasync(self._handle)

    def contradicted(self, message_id: str, sentence: str) -> None:
        """Note that the service has told something else of a turn than before."""
        self._put("contradiction", message_id=message_id, sentence=sentence)

    def ended(self, login: str) -> None:
        """Note that the end of a login was acknowledged."""
        self._put("ended", login=login, at=time.time())
        os.fdatasync(self._handle)

    def close(self) -> None:
        """Write nothing more."""
        os.close(self._handle)

    def entries(self) -> list[Entry]:
        """Read all of it back from the disk; what other processes wrote into it, too."""
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]

    def _put(self, kind: str, **facts: object) -> None:
        line = json.dumps({"kind": kind} | facts).encode() + b"\n"
        assert os.write(self._handle, line) == len(line)
