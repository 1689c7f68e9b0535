"""The learned detector: sums weights of what it sees in a message. It stands beside the rules and can only add hits.

Rules know phrases; this one generalises from labelled texts to wordings that nobody has listed. It is linear: the
score of a run of words is a bias and the sum of the weights of its features. The weights stand in
safety/weights/<language>.txt, made by tests/safety/training. Pure, and linear in the length of a message.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import accumulate

from quart_assessment.safety.features import Concepts, Feature, concepts, features, pieces
from quart_assessment.safety.hits import Hit

WINDOW = 16
STEP = 4
_FOLDER = "weights"
_NAME = "stated"
# Rules score 2 or 3: what they see outranks what this detector takes for it.
_HIGHEST = 1.99


@dataclass(frozen=True, slots=True)
class Learned:
    """The weights of a language; `threshold` is the sum from which on a run of words is a hit."""

    version: str
    bias: float
    threshold: float
    weights: Mapping[Feature, float]
    table: Concepts

    def judged(self, text: str, asked: str | None) -> Hit | None:
        """Judge a text in its normal form, which answers a question of the kind `asked`."""
        score = self.score(text, asked)
        return None if score < self.threshold else Hit(_NAME, self.version, min(round(score, 2), _HIGHEST))

    def score(self, text: str, asked: str | None) -> float:
        """Give the highest sum that a run of WINDOW words of one sentence comes to."""
        known: dict[str, float] = {}
        sums = (self._of_sentence(sentence.split(), asked, known) for sentence in text.split("|"))
        return max(sums, default=self.bias)

    def _of_sentence(self, words: Sequence[str], asked: str | None, known: dict[str, float]) -> float:
        weight = self.weights.get
        at = [0.0] * (len(words) + 1)
        for place, seen in features(words, self.table, asked):
            at[place + 1] += weight(seen, 0.0)
        for place, word in enumerate(words):
            if word not in known:
                known[word] = sum(weight(piece, 0.0) for piece in pieces(word))
            at[place + 1] += known[word]
        sums = list(accumulate(at))
        return self.bias + max(sums[end] - sums[start] for start, end in windows(len(words)))


def windows(count: int) -> Iterator[tuple[int, int]]:
    """Give the runs of words of a sentence that are judged by themselves: all of a short one."""
    start = 0
    while start == 0 or start + WINDOW < count + STEP:
        yield start, min(start + WINDOW, count)
        start += STEP


def learned(language: str, *, doubles_fold: bool) -> Learned | None:
    """Give the weights of a language that has some."""
    written = _sources().get(language)
    return None if written is None else _read(language, written, doubles_fold)


@lru_cache
def _sources() -> Mapping[str, str]:
    return {
        source.name.removesuffix(".txt"): source.read_text("utf-8")
        for source in (files(__package__) / _FOLDER).iterdir()
        if source.name.endswith(".txt")
    }


@lru_cache(maxsize=8)
def _read(language: str, text: str, doubles_fold: bool) -> Learned:
    head, _, body = text.partition("\n\n")
    said = dict(line.split(" ", 1) for line in head.splitlines() if not line.startswith("#"))
    weights = {}
    for line in body.splitlines():
        *feature, weight = line.split(" ")
        weights[tuple(feature)] = int(weight) / 100
    return Learned(
        version=said["version"],
        bias=float(said["bias"]),
        threshold=float(said["threshold"]),
        weights=weights,
        table=concepts(language, doubles_fold=doubles_fold),
    )
