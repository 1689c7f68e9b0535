"""Makes the learned detector's weights: python -m tests.safety.training.train [--check]

A support vector machine with squared hinge loss, by dual coordinate descent over the examples in a fixed order of
passes: it takes only sums, products and comparisons, so the weights are the same on each machine.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from pathlib import Path

import quart_assessment.safety
from quart_assessment.safety.answers import asked_for
from quart_assessment.safety.features import Feature, concepts, features, pieces
from quart_assessment.safety.learned import windows
from quart_assessment.safety.rule_sets import rule_sets
from quart_assessment.safety.rules import own_words
from quart_assessment.safety.wording import normalised, plain
from tests.safety.training.texts import LANGUAGES, Text, development_texts, training_texts

# How much each kind of feature counts before its weight is learned: pieces of words are many and say little.
SCALES = {"w": 1.0, "b": 0.7, "s": 0.5, "k": 1.0, "u": 1.0, "a": 1.0, "p": 0.7, "t": 0.7, "c": 0.3}
COST = 0.1
HITS_COUNT = 1.5
PASSES = 30
LEAST_TEXTS = 2
VERSIONS = {"en": "en-model-1", "id": "id-model-1"}
# Where evaluate.py finds one ordinary answer in a hundred above it, of those it has not learned from.
THRESHOLDS = {"en": 0.6, "id": 0.5}
BIAS: Feature = ("bias",)
_BIAS_SCALE = 3.0
WEIGHTS = Path(quart_assessment.safety.__file__).parent / "weights"

Seen = dict[Feature, float]


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text as its windows, each by the values of its features."""

    windows: tuple[Seen, ...]
    hit: bool


def examples(texts: Iterable[Text], language: str) -> list[Example]:
    """Read texts as the detector does."""
    sets = rule_sets(language)
    rules = sets[0]
    table = concepts(language, doubles_fold=rules.spelling.doubles_fold)
    found = []
    for text in texts:
        asked = None if text.asked is None else asked_for(text.asked, sets)
        seen: list[Seen] = []
        said = own_words(normalised(plain(text.text), rules.spelling), rules)
        for sentence in said.split("|"):
            words = sentence.split()
            at: list[list[Feature]] = [pieces(word) for word in words]
            for place, feature in features(words, table, asked):
                at[place].append(feature)
            for start, end in windows(len(words)):
                counted = Counter(feature for place in at[start:end] for feature in place)
                seen.append({feature: count * SCALES[feature[0]] for feature, count in counted.items()})
        found.append(Example(tuple(one for one in seen if one) or ({},), text.hit))
    return found


def trained(given: Sequence[Example]) -> dict[Feature, float]:
    """Learn weights: all windows of a text without risk are negative, of one at risk the one that says most."""
    texts_with = Counter(feature for one in given for feature in {f for seen in one.windows for f in seen})
    kept = sorted(feature for feature, count in texts_with.items() if count >= LEAST_TEXTS)
    number = {feature: place for place, feature in enumerate(kept)}
    bias = len(number)

    def numbered(seen: Seen) -> list[tuple[int, float]]:
        return [*((number[one], value) for one, value in seen.items() if one in number), (bias, _BIAS_SCALE)]

    none = [numbered(seen) for one in given if not one.hit for seen in one.windows]
    hits = [[numbered(seen) for seen in one.windows] for one in given if one.hit]
    weights = _machine([one[0] for one in hits if len(one) == 1], none, bias + 1)

    def score(seen: list[tuple[int, float]]) -> float:
        return fsum(weights[place] * value for place, value in seen)

    weights = _machine([max(one, key=score) for one in hits], none, bias + 1)
    found = {feature: weights[place] * SCALES[feature[0]] for feature, place in number.items()}
    return {BIAS: weights[bias] * _BIAS_SCALE, **found}


def _machine(
    hits: list[list[tuple[int, float]]], none: list[list[tuple[int, float]]], size: int
) -> list[float]:
    """Minimise half the squared weights and the squared hinge losses (Hsieh and others, ICML 2008, algorithm 1)."""
    sides = [(1.0, COST * HITS_COUNT, seen) for seen in hits] + [(-1.0, COST, seen) for seen in none]
    damping = [0.5 / cost for _, cost, _ in sides]
    curvature = [
        fsum(value * value for _, value in seen) + damp
        for (_, _, seen), damp in zip(sides, damping, strict=True)
    ]
    weights, alphas, order = [0.0] * size, [0.0] * len(sides), list(range(len(sides)))
    shuffle = random.Random(1).shuffle
    for _ in range(PASSES):
        shuffle(order)
        for one in order:
            label, _, seen = sides[one]
            margin = 0.0
            for place, value in seen:
                margin += weights[place] * value
            slope = label * margin - 1.0 + damping[one] * alphas[one]
            before = alphas[one]
            if before == 0.0 and slope >= 0.0:
                continue
            alphas[one] = max(before - slope / curvature[one], 0.0)
            step = (alphas[one] - before) * label
            for place, value in seen:
                weights[place] += step * value
    return weights


def written(language: str) -> str:
    """Make the file of a language's weights: in hundredths, the small ones left out."""
    weights = trained(examples([*training_texts(language), *development_texts(language)], language))
    lines = [
        "# Made by tests/safety/training. A feature a line, with its weight in hundredths.",
        f"version {VERSIONS[language]}",
        f"bias {round(weights.pop(BIAS), 2)}",
        f"threshold {THRESHOLDS[language]}",
        "",
    ]
    hundredths = {feature: round(100 * weight) for feature, weight in weights.items()}
    lines += [
        f"{' '.join(feature)} {weight}" for feature, weight in sorted(hundredths.items()) if abs(weight) >= 2
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the weights of each language."""
    for language in LANGUAGES:
        (WEIGHTS / f"{language}.txt").write_text(written(language), "utf-8")
        print(WEIGHTS / f"{language}.txt", file=sys.stderr)


if __name__ == "__main__":
    main()
