"""How the learned detector does on wordings it has not learned from: python -m tests.safety.training.evaluate en

Families of texts at risk are left out whole, one part in FOLDS at a time, so a text is never judged by weights that
know its own construction. Texts without risk are left out one in FOLDS, since their subjects are known beforehand.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from math import fsum

from quart_assessment.safety.features import Feature
from quart_assessment.safety.rules import check_by_rules as by_rules
from tests.safety.training.texts import Text, development_texts, training_texts
from tests.safety.training.train import Example, Seen, examples, trained, _BIAS, SCALES

FOLDS = 10
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)
NATURAL = (
    "sleep", "appetite", "tired", "low mood", "concentration", "long", "anger", "natural", "jawaban", "tidur", "makan",
    "capek", "sedih", "pikiran", "kecemasan", "panjang",
)  # fmt: skip


def score(example: Example, weights: dict[Feature, float]) -> float:
    def of(seen: Seen) -> float:
        return fsum(weights.get(one, 0.0) * value / 1 for one, value in seen.items())
    return weights[_BIAS] + max(of({f: v / SCALES[f[0]] for f, v in seen.items()}) for seen in example.windows)


def left_out(texts: Sequence[Text], others: Sequence[Text], language: str) -> list[float]:
    """Score each text by weights that were learned without its part."""
    families = sorted({text.family for text in texts if text.hit})
    random.Random(3).shuffle(families)
    part = [families.index(text.family) % FOLDS if text.hit else place % FOLDS for place, text in enumerate(texts)]
    read, always = examples(texts, language), examples(others, language)
    scores = [0.0] * len(texts)
    for fold in range(FOLDS):
        weights = trained([one for one, own in zip(read, part, strict=True) if own != fold] + always)
        for place, own in enumerate(part):
            if own == fold:
                scores[place] = score(read[place], weights)
    return scores


def main(language: str, show: int = 0) -> None:
    texts = training_texts(language)
    scores = left_out(texts, development_texts(language), language)
    rules = [by_rules(text.text, language, text.asked) is not None for text in texts]
    rows = list(zip(texts, scores, rules, strict=True))

    def share(threshold: float, of: list[tuple[Text, float, bool]]) -> str:
        found = sum(one >= threshold for _, one, _ in of)
        return f"{found} of {len(of)} ({found / len(of):.1%})"

    hits = [row for row in rows if row[0].hit]
    natural = [row for row in rows if not row[0].hit and row[0].family.removeprefix("[none] ").split(",")[0].startswith(NATURAL)]
    other = [row for row in rows if not row[0].hit and row not in natural]
    print("rules alone", sum(row[2] for row in hits), len(hits), "false", sum(row[2] for row in natural), len(natural), sum(row[2] for row in other), len(other))
    for threshold in THRESHOLDS:
        print(threshold, "hits", share(threshold, hits), "| missed by rules", share(threshold, [r for r in hits if not r[2]]), "| natural", share(threshold, natural), "| other none", share(threshold, other),
          "| new false", share(threshold, [r for r in other if not r[2]]))
    none = sorted((r for r in natural if not r[2]), key=lambda r: -r[1])[:show]
    for r in none: print("FALSE", round(r[1], 2), r[0].family, r[0].text[:140])
    for r in sorted((r for r in hits if not r[2]), key=lambda r: r[1])[:show]: print("MISS", round(r[1], 2), r[0].family, r[0].asked, r[0].text[:140])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
