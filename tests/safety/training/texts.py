"""The labelled texts from which the learned detector's weights are made."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.safety.labelled import read_cases

HERE = Path(__file__).parent
LANGUAGES = ("en", "id")


@dataclass(frozen=True, slots=True)
class Text:
    """A message, the question it answers, its label, and the family of wordings or of subjects that it is of."""

    text: str
    asked: str | None
    hit: bool
    family: str


def training_texts(language: str) -> list[Text]:
    """Read <language>_hits.txt and <language>_none.txt.

    A family stands in brackets; then a text a line, after its question and `>>` if it has one.
    """
    texts = []
    for name, hit in (("hits", True), ("none", False)):
        family = ""
        for line in (HERE / f"{language}_{name}.txt").read_text("utf-8").splitlines():
            if line.startswith("["):
                family = line
            elif line:
                asked, _, text = line.rpartition(" >> ")
                texts.append(Text(text, asked or None, hit, family))
    return texts


def development_texts(language: str) -> list[Text]:
    """Give the development cases of a language."""
    return [
        Text(case.text, case.asked, case.hit, f"development, {case.kind}")
        for case in read_cases("development")
        if case.language == language
    ]
