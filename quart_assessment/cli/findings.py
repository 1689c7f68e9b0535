"""What an examination finds, as one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    level: Level
    subject: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.level:5} {self.subject}: {self.sentence}"


def ok(subject: str, sentence: str) -> Finding:
    """All is well."""
    return Finding("ok", subject, sentence)


def warn(subject: str, sentence: str) -> Finding:
    """It works, at a cost that the sentence names."""
    return Finding("warn", subject, sentence)


def fail(subject: str, sentence: str) -> Finding:
    """It does not work, or it can lose or show what it must not."""
    return Finding("fail", subject, sentence)
