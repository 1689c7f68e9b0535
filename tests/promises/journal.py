"""What clients were promised, written down outside of the service, and compared with what the service keeps."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.ground.postgres import Database

Entry = dict[str, Any]
# That a lost worker's turn is interrupted is written down only when somebody goes on; it is one from its lease on.
_TURNS = """
    SELECT t.message_id, t.assessment_id, t.turn_number, t.message,
        CASE WHEN t.completed_at IS NULL AND t.lease_until <= now() THEN 'interrupted' ELSE t.state END AS state,
        CASE WHEN t.completed_at IS NULL THEN coalesce((
            SELECT string_agg(d.text, '' ORDER BY d.ends_at) FROM turn_deltas d
            WHERE d.session_id = t.session_id AND d.message_id = t.message_id), '') ELSE t.reply END AS reply
    FROM turns t WHERE t.turn_number > 0
"""


class Journal:
    """Lines of JSON, each on the disk before the client that wrote it goes on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.writes = 0
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, kind: str, **facts: object) -> None:
        """Keep one promise that a client received."""
        line = json.dumps({"kind": kind} | facts).encode() + b"\n"
        assert os.write(self._handle, line) == len(line)
        os.fdatasync(self._handle)
        # Chunks are promises, too, but no calls of a client.
        self.writes += kind != "chunk"

    def close(self) -> None:
        """Write nothing more."""
        os.close(self._handle)

    def entries(self) -> list[Entry]:
        """Read all of it back from the disk."""
        return [json.loads(line) for line in self.path.read_bytes().splitlines()]


@dataclass(frozen=True, slots=True)
class Kept:
    """How many promises of each kind were found to be kept."""

    answers: int
    messages: int
    chunks: int
    captures: int

    @property
    def writes(self) -> int:
        """Acknowledged writes."""
        return self.answers + self.messages + self.captures


async def check_kept(journal: Journal, database: Database, store: Path, *, all_answered: bool = True) -> Kept:
    """Compare every entry with the database and the store; fails on the first that is not there.

    `all_answered`: every client repeated each call until it was acknowledged, so nothing more is stored.
    """
    by_kind: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in journal.entries():
        by_kind[entry["kind"]].append(entry)
    connection = await database.connect(owner=True)
    try:
        responses = await connection.fetch("SELECT question_id, value, version FROM responses")
        revisions = await connection.fetch(
            "SELECT question_id, value, version, applied FROM response_revisions"
        )
        turns = await connection.fetch(_TURNS)
        captures = await connection.fetch("SELECT * FROM captures")
    finally:
        await connection.close()
    _check_answers(by_kind["answer"], responses, revisions, all_answered=all_answered)
    _check_turns(by_kind, turns)
    _check_captures(by_kind["capture"], captures, store)
    return Kept(
        len(by_kind["answer"]), len(by_kind["message"]), len(by_kind["chunk"]), len(by_kind["capture"])
    )


def _check_answers(
    acknowledged: Iterable[Entry], responses: Iterable[Any], revisions: Iterable[Any], *, all_answered: bool
) -> None:
    highest: dict[str, tuple[int, int]] = {}
    promised = set()
    for entry in acknowledged:
        answer = (entry["version"], entry["value"])
        promised.add((entry["question_id"], *answer))
        highest[entry["question_id"]] = max(answer, highest.get(entry["question_id"], answer))
    stored = {str(row["question_id"]): (row["version"], row["value"]) for row in responses}
    revised = Counter((str(row["question_id"]), row["version"], row["value"]) for row in revisions)
    assert all(stored[question] >= answer for question, answer in highest.items())
    assert promised <= set(revised)
    assert all((question, *answer) in revised for question, answer in stored.items())
    assert set(revised.values()) <= {1}
    assert all(row["applied"] for row in revisions)
    if all_answered:
        assert stored == highest
        assert set(revised) == promised


def _check_turns(by_kind: defaultdict[str, list[Entry]], turns: Iterable[Any]) -> None:
    stored = {str(row["message_id"]): row for row in turns}
    written = Counter(row["message"] for row in stored.values())
    for entry in by_kind["message"]:
        assert stored[entry["message_id"]]["message"] == entry["message"]
        assert written[entry["message"]] == 1
    for entry in by_kind["chunk"]:
        start = entry["start"]
        reply = stored[entry["message_id"]]["reply"]
        assert reply[start : start + len(entry["text"])] == entry["text"]
    for entry in by_kind["reply"]:
        row = stored[entry["message_id"]]
        assert (row["state"], row["reply"]) == (entry["state"], entry["text"])
    numbers: defaultdict[UUID, list[int]] = defaultdict(list)
    for row in stored.values():
        numbers[row["assessment_id"]].append(row["turn_number"])
    assert all(sorted(found) == list(range(1, len(found) + 1)) for found in numbers.values())


def _check_captures(acknowledged: Iterable[Entry], captures: Iterable[Any], store: Path) -> None:
    stored = {(str(row["session_id"]), str(row["capture_id"])): row for row in captures}
    for entry in acknowledged:
        row = stored[entry["session_id"], entry["capture_id"]]
        assert row["kept"]
        content = (store / row["store_key"]).read_bytes()
        assert len(content) == entry["size"] == row["size"]
        assert hashlib.sha256(content).hexdigest() == entry["sha256"] == row["sha256"].hex()
