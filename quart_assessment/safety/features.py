"""What the learned detector looks at in a message: words, what they are about, and parts of words. Pure.

Words alone say little about a sentence that nobody has written before. Therefore words are also read as concepts
(me, want, die), by a table of the language, each with whether it is denied in its clause and who was named last.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from quart_assessment.safety.patterns import as_met, sources

_FOLDER = "concepts"
_FAR = 7
_NO_WORDS = frozenset('|,"')

Feature = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Concepts:
    """What words are about: whole words, and beginnings of words, the longest first."""

    whole: Mapping[str, tuple[str, ...]]
    beginnings: Mapping[str, tuple[str, ...]]
    longest: int
    negators: frozenset[str]
    ends_clause: frozenset[str]

    def of(self, word: str) -> tuple[str, ...]:
        """Name what a word is about; nothing for most words."""
        found = self.whole.get(word)
        if found is not None:
            return found
        for end in range(min(len(word), self.longest), 2, -1):
            found = self.beginnings.get(word[:end])
            if found is not None:
                return found
        return ()


@lru_cache(maxsize=8)
def concepts(language: str, *, doubles_fold: bool) -> Concepts:
    """Read the table of a language."""
    written = tomllib.loads(sources(_FOLDER)[language])
    data = cast("Mapping[str, Any]", as_met(written, doubles_fold=doubles_fold))
    whole: dict[str, tuple[str, ...]] = {}
    beginnings: dict[str, tuple[str, ...]] = {}
    for name, words in data["concepts"].items():
        for word in dict.fromkeys(words.split()):
            table, key = (beginnings, word[:-1]) if word.endswith("*") else (whole, word)
            table[key] = (*table.get(key, ()), name)
    return Concepts(
        whole,
        beginnings,
        max(len(one) for one in beginnings),
        frozenset(data["negators"].split()),
        frozenset(data["ends_clause"].split()),
    )


def pieces(word: str) -> list[Feature]:
    """Cut a word into runs of three to five letters, so that a new ending or a slip of the hand leaves some."""
    whole = f"<{word}>"
    return [
        ("c", whole[start : start + size])
        for size in (3, 4, 5)
        for start in range(len(whole) - size + 1)
        if len(whole) > size or size == 3
    ]


def features(words: Sequence[str], table: Concepts, asked: str | None) -> Iterator[tuple[int, Feature]]:
    """Give what is seen in the words of one sentence, each with the place at which it is complete.

    `asked` is what kind of question they answer, if one that asks for risk.
    """
    before = prior = "<"
    subject, denied_until = "", -1
    seen: list[tuple[int, str]] = []
    for place, word in enumerate(words):
        if word in _NO_WORDS:
            denied_until = -1
            continue
        yield place, ("w", word)
        yield place, ("b", before, word)
        yield place, ("s", prior, word)
        prior, before = before, word
        if word in table.ends_clause:
            denied_until = -1
        denied = place <= denied_until
        for about in table.of(word):
            if about in ("me", "other", "mine"):
                subject = "me" if about == "mine" else about
            named = f"{about}!" if denied else about
            yield place, ("k", named)
            yield place, ("u", subject, named)
            if asked is not None:
                yield place, ("a", asked, named)
            near = [name for at, name in seen[-4:] if place - at <= _FAR and at < place]
            for name in near:
                yield place, ("p", name, named)
            if len(near) > 1:
                yield place, ("t", near[-2], near[-1], named)
            seen.append((place, named))
        if word in table.negators:
            denied_until = place + _FAR
            yield place, ("k", "no")
            seen.append((place, "no"))
