"""What a rule or the learned detector has seen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hit:
    """The rule a text met, in which version. `score` is 2, or 3 for intent, plan or method.

    Of the learned detector it is the sum of its weights, below 2.
    """

    rule: str
    version: str
    score: float

    @property
    def detector(self) -> str:
        """The name under which it is kept."""
        return f"{self.version}:{self.rule}"
