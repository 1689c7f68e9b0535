"""What must hold after any fault: the journal against the database and the store.

Nothing here knows which fault there was. Each finding is one sentence; none means that all was kept.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.faults.journal import Entry, Item, Journal
from tests.ground.postgres import Database

Row = Any
# That a lost worker's turn is interrupted is written down only when somebody goes on; it is one from its lease on.
_TURNS = """
    SELECT t.message_id, t.assessment_id, t.turn_number, t.message, t.received_at,
        CASE WHEN t.completed_at IS NULL AND t.lease_until <= now() THEN 'interrupted' ELSE t.state END AS state,
        CASE WHEN t.completed_at IS NULL THEN coalesce((
            SELECT string_agg(d.text, '' ORDER BY d.ends_at) FROM turn_deltas d
            WHERE d.session_id = t.session_id AND d.message_id = t.message_id), '') ELSE t.reply END AS reply
    FROM turns t WHERE t.turn_number > 0
"""


@dataclass(slots=True)
class Call:
    """One call as its client saw it."""

    login: str
    foreign: bool
    at: float
    items: Sequence[Item]
    kept: bool = False
    refused: bool = False
    left: bool = False


@dataclass(slots=True)
class Story:
    """The journal, read: calls, what was shown of replies, and when logins ended."""

    calls: dict[str, Call] = field(default_factory=dict)
    chunks: list[Entry] = field(default_factory=list)
    replies: list[Entry] = field(default_factory=list)
    contradictions: list[Entry] = field(default_factory=list)
    ended: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> Story:
        story = cls()
        for entry in entries:
            kind = entry.pop("kind")
            if kind == "sent":
                call = entry.pop("call")
                story.calls[call] = Call(**entry)
            elif kind in ("kept", "refused", "left"):
                setattr(story.calls[entry["call"]], kind, True)
            elif kind == "ended":
                story.ended[entry["login"]] = entry["at"]
            else:
                lists = {"chunk": story.chunks, "reply": story.replies, "contradiction": story.contradictions}
                lists[kind].append(entry)
        return story

    def items(self, what: str) -> Iterator[tuple[Call, Item]]:
        """Give the items of this kind, each with its call."""
        for call in self.calls.values():
            yield from ((call, item) for item in call.items if item["what"] == what)


@dataclass(slots=True)
class Stored:
    """What the service holds, and when it received each item."""

    responses: list[Row]
    revisions: list[Row]
    turns: dict[str, Row]
    captures: dict[str, Row]
    files: dict[str, Path]
    """Files under their final names, by their keys."""
    _revised: dict[tuple[str, int, int | None], Row] = field(init=False)

    def __post_init__(self) -> None:
        self._revised = {_revision(row): row for row in self.revisions}

    def when(self, item: Item) -> float | None:
        """Tell when this item was received, None where nothing of it is stored."""
        if item["what"] == "message":
            row = self.turns.get(item["id"])
        elif item["what"] == "capture":
            row = self.captures.get(item["id"])
            row = row if row is not None and row["kept"] else None
        else:
            row = self._revised.get(_answer(item))
        return None if row is None else row["received_at"].timestamp()


@dataclass(frozen=True, slots=True)
class Found:
    """What the comparison found: broken promises, and how many of each kind there were."""

    broken: list[str]
    answers: int
    messages: int
    chunks: int
    captures: int

    @property
    def writes(self) -> int:
        """Acknowledged writes."""
        return self.answers + self.messages + self.captures


async def compared(journal: Journal, database: Database, store: Path) -> Found:
    """Compare all that clients were promised with all that is stored."""
    story = Story.of(journal.entries())
    stored = await _stored(database, store)
    broken = [
        *_answers(story, stored),
        *_turns(story, stored),
        *_captures(story, stored),
        *_files(story, stored),
        *_strangers(story, stored),
        *_leavers(story, stored),
    ]
    counts = {
        what: sum(call.kept for call, _ in story.items(what)) for what in ("answer", "message", "capture")
    }
    return Found(broken, counts["answer"], counts["message"], len(story.chunks), counts["capture"])


async def all_kept(journal: Journal, database: Database, store: Path) -> Found:
    """Compare, and fail with the first findings where a promise was broken."""
    found = await compared(journal, database, store)
    assert found.broken == [], found.broken[:5]
    return found


async def _stored(database: Database, store: Path) -> Stored:
    connection = await database.connect(owner=True)
    try:
        responses = await connection.fetch("SELECT question_id, value, version FROM responses")
        revisions = await connection.fetch(
            "SELECT question_id, value, version, received_at FROM response_revisions"
        )
        turns = await connection.fetch(_TURNS)
        captures = await connection.fetch("SELECT * FROM captures")
    finally:
        await connection.close()
    files = {
        str(path.relative_to(store)): path
        for path in store.rglob("*")
        if path.is_file() and path.parent.name != "incoming"
    }
    return Stored(
        responses,
        revisions,
        {str(row["message_id"]): row for row in turns},
        {str(row["capture_id"]): row for row in captures},
        files,
    )


def _answer(item: Item) -> tuple[str, int, int | None]:
    return item["id"], item["version"], item["value"]


def _revision(row: Row) -> tuple[str, int, int | None]:
    return str(row["question_id"]), row["version"], row["value"]


def _answers(story: Story, stored: Stored) -> Iterator[str]:
    """Every acknowledged answer is there; what stands is the highest of them, or a newer one that was sent."""
    sent = {_answer(item) for _, item in story.items("answer")}
    kept = {_answer(item) for call, item in story.items("answer") if call.kept}
    standing = {str(row["question_id"]): _revision(row) for row in stored.responses}
    revised = Counter(_revision(row) for row in stored.revisions)
    yield from (f"an acknowledged answer is lost: {one}" for one in kept - set(revised))
    yield from (f"stored, though never sent: {one}" for one in set(revised) - sent)
    yield from (f"an answer was revised twice: {one}" for one, number in revised.items() if number > 1)
    yield from (
        f"an answer stands without its revision: {one}" for one in standing.values() if one not in revised
    )
    highest: dict[str, tuple[str, int, int | None]] = {}
    for one in kept:
        highest[one[0]] = max(one, highest.get(one[0], one), key=lambda answer: answer[1])
    for question, answer in highest.items():
        found = standing.get(question)
        if found is None or found[1] < answer[1] or (found[1] == answer[1] and found != answer):
            yield f"the highest acknowledged answer {answer} does not stand: {found}"


def _turns(story: Story, stored: Stored) -> Iterator[str]:
    """Every acknowledged message is there once, and every piece of a reply that was shown, where it was shown."""
    sent = {item["id"]: item["message"] for _, item in story.items("message")}
    written = Counter(row["message"] for row in stored.turns.values())
    for message_id, row in stored.turns.items():
        if sent.get(message_id) != row["message"]:
            yield f"a message was never sent: {message_id}"
    yield from (f"a message is stored twice: {one}" for one, number in written.items() if number > 1)
    for call, item in story.items("message"):
        if call.kept and item["id"] not in stored.turns:
            yield f"an acknowledged message is lost: {item['id']}"
    for entry in story.chunks:
        row = stored.turns.get(entry["message_id"])
        start, text = entry["start"], entry["text"]
        if row is None or row["reply"][start : start + len(text)] != text:
            yield f"a piece that was shown is not stored: {text!r} of {entry['message_id']}"
    for entry in story.replies:
        row = stored.turns.get(entry["message_id"])
        if row is None or (row["state"], row["reply"]) != (entry["state"], entry["text"]):
            yield f"a turn has ended otherwise than it was shown: {entry['message_id']}"
    yield from (f"{entry['sentence']}: {entry['message_id']}" for entry in story.contradictions)
    numbers: defaultdict[UUID, list[int]] = defaultdict(list)
    for row in stored.turns.values():
        numbers[row["assessment_id"]].append(row["turn_number"])
    yield from (
        f"an interview's turns are numbered {sorted(found)}"
        for found in numbers.values()
        if sorted(found) != list(range(1, len(found) + 1))
    )


def _captures(story: Story, stored: Stored) -> Iterator[str]:
    """Every acknowledged capture has its row, and every kept row its whole file, with the bytes that were sent."""
    sent: defaultdict[str, set[tuple[int, str]]] = defaultdict(set)
    for call, item in story.items("capture"):
        sent[item["id"]].add((item["size"], item["sha256"]))
        row = stored.captures.get(item["id"])
        if call.kept and (row is None or not row["kept"]):
            yield f"an acknowledged capture has no row: {item['id']}"
    for capture_id, row in stored.captures.items():
        if not row["kept"]:
            continue
        if (row["size"], row["sha256"].hex()) not in sent[capture_id]:
            yield f"a capture's row is not what was sent: {capture_id}"
        path = stored.files.get(row["store_key"])
        if path is None:
            yield f"a kept row has no file: {row['store_key']}"
            continue
        content = path.read_bytes()
        if (len(content), hashlib.sha256(content).digest()) != (row["size"], row["sha256"]):
            yield f"a kept row's file is not whole: {row['store_key']} has {len(content)} of {row['size']} bytes"


def _files(story: Story, stored: Stored) -> Iterator[str]:
    """Every final file has its row, or was left by a call of whose fate its client was told nothing."""
    open_calls = Counter(
        item["id"]
        for call, item in story.items("capture")
        if not call.kept and not call.refused and not call.left
    )
    named = {row["store_key"] for row in stored.captures.values() if row["kept"]}
    for key in stored.files.keys() - named:
        capture_id = key.partition("/")[2].partition(".")[0]
        if open_calls[capture_id] <= 0:
            yield f"a file has no row, and its call was answered: {key}"
        open_calls[capture_id] -= 1


def _strangers(story: Story, stored: Stored) -> Iterator[str]:
    """Nothing is stored of who may not write, nor of a login after its end was acknowledged."""
    for call in story.calls.values():
        end = story.ended.get(call.login)
        for item in call.items:
            when = stored.when(item)
            if when is None:
                continue
            if call.foreign:
                yield f"stored from a foreign login: {item}"
            elif end is not None and (call.at > end or when > end):
                yield f"stored after its login's end, by {when - end:.4f} s: {item}"


def _leavers(story: Story, stored: Stored) -> Iterator[str]:
    """What was read whole is stored though its client left, or (a capture) is not there at all."""
    for call in story.calls.values():
        for item in call.items if call.left else ():
            if item["what"] != "capture":
                if stored.when(item) is None:
                    yield f"its client left, and with it went what was read whole: {item}"
            elif stored.when(item) is None and any(item["id"] in key for key in stored.files):
                yield f"its client left, and a file without a row stayed: {item}"
