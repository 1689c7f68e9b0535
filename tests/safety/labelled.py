"""The labelled messages of tests/safety/cases, and how the rules take them."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from quart_assessment.safety.rules import check_message

CASES = Path(__file__).parent / "cases"
File = Literal["development", "held_out"]
# Language, kind, and whether the label says that the rules should react.
Group = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Case:
    """A message, what was asked before it, and its label."""

    id: str
    language: str
    kind: str
    asked: str | None
    text: str
    hit: bool

    @property
    def group(self) -> Group:
        return self.language, self.kind, self.hit

    @property
    def judged_right(self) -> bool:
        return (check_message(self.text, self.language, self.asked) is not None) == self.hit


def read_cases(file: File) -> list[Case]:
    lines = (CASES / f"{file}.jsonl").read_text("utf-8").splitlines()
    return [Case(**json.loads(line)) for line in lines]


@dataclass(frozen=True, slots=True)
class Figures:
    """How many messages each group has, and how many of them were judged as labelled. Holds no text."""

    all: Counter[Group]
    right: Counter[Group]

    def of(self, *kinds: str, hit: bool, language: str | None = None) -> tuple[int, int]:
        """Give (right, all) of some kinds, of one language or of both."""
        groups = [g for g in self.all if g[1] in kinds and g[2] == hit and language in (None, g[0])]
        return sum(self.right[g] for g in groups), sum(self.all[g] for g in groups)

    def lines(self) -> dict[str, str]:
        """Give a line a group: `en direct, at risk: 14 of 14`."""
        return {
            f"{language} {kind}, {'at risk' if hit else 'not at risk'}": f"{self.right[group]} of {count} right"
            for group, count in sorted(self.all.items())
            for language, kind, hit in [group]
        }


def count(file: File) -> Figures:
    """Judge a whole file and give counts alone; a message is not named, not even by a failure."""
    figures = Figures(Counter(), Counter())
    for case in read_cases(file):
        figures.all[case.group] += 1
        figures.right[case.group] += _right(case)
    return figures


def _right(case: Case) -> bool:
    try:
        return case.judged_right
    except Exception:
        # The message would be in the traceback.
        return False
