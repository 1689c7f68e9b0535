"""How the learned detector does on wordings it has not learned from: python -m tests.safety.training.evaluate en

Families of texts at risk are left out whole, one part in FOLDS at a time, so no text is judged by weights that know
its own construction. Texts without risk are left out one in FOLDS, since what people talk of is known beforehand.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from quart_assessment.safety.features import Feature
from quart_assessment.safety.rules import check_by_rules
from tests.safety.training.texts import Text, development_texts, training_texts
from tests.safety.training.train import BIAS, SCALES, Example, examples, trained

FOLDS = 10
THRESHOLDS = (0.0, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.8, 1.0)
# The families of ordinary answers that were not written to look like something else.
NATURAL = (
    "sleep", "appetite", "tired", "low mood", "concentration", "long", "anger", "natural", "jawaban", "tidur", "makan",
    "capek", "sedih", "pikiran", "kecemasan", "panjang", "neutral", "netral",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Judged:
    """A text, the score that weights gave it which never saw its part, and whether the rules see it."""

    text: Text
    score: float
    by_rules: bool

    @property
    def kind(self) -> str:
        if self.text.hit:
            return "at risk"
        subject = self.text.family.removeprefix("[none] ")
        return "ordinary" if subject.startswith(NATURAL) else "look-alikes, denials, others"


def score(example: Example, weights: Mapping[Feature, float]) -> float:
    """Give the highest sum of an example's windows."""
    sums = (
        fsum(weights.get(seen, 0.0) * value / SCALES[seen[0]] for seen, value in window.items())
        for window in example.windows
    )
    return weights[BIAS] + max(sums)


def left_out(texts: Sequence[Text], always: Iterable[Text], language: str) -> list[float]:
    """Score each text by weights that were learned without its part."""
    families = sorted({text.family for text in texts if text.hit})
    random.Random(3).shuffle(families)
    parts = [(families.index(text.family) if text.hit else place) % FOLDS for place, text in enumerate(texts)]
    read, more = examples(texts, language), examples(always, language)
    scores = [0.0] * len(texts)
    for fold in range(FOLDS):
        weights = trained([one for one, part in zip(read, parts, strict=True) if part != fold] + more)
        for place, part in enumerate(parts):
            if part == fold:
                scores[place] = score(read[place], weights)
    return scores


def main(language: str) -> None:
    """Print, for thresholds, how many texts of each kind that the rules do not see are hits."""
    texts = training_texts(language)
    scores = left_out(texts, development_texts(language), language)
    judged = [
        Judged(text, one, check_by_rules(text.text, language, text.asked) is not None)
        for text, one in zip(texts, scores, strict=True)
    ]
    for kind in sorted({one.kind for one in judged}):
        of = [one for one in judged if one.kind == kind]
        unseen = [one for one in of if not one.by_rules]
        print(
            f"{kind}: {len(of)}, of which the rules see {len(of) - len(unseen)}; of the others, by threshold:"
        )
        found = {threshold: sum(one.score >= threshold for one in unseen) for threshold in THRESHOLDS}
        print("  ", {threshold: f"{hits} ({hits / len(unseen):.1%})" for threshold, hits in found.items()})


if __name__ == "__main__":
    main(sys.argv[1])
