"""The instruments that can be asked, one data file each: official texts, codes, scale and bands.

The files beside this module are read once a process, at the first use of each. Every text in them is the
authors' own, word for word; a study's wordings stand in the study, never here.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

InstrumentCode = Literal["phq-9", "phq-8", "gad-7"]
Provenance = Literal["official", "validated_translation", "study_wording"]
"""Where a text comes from, best grade first."""

INSTRUMENT_CODES: tuple[InstrumentCode, ...] = get_args(InstrumentCode)
DIFFICULTY = "FUNCTIONAL_DIFFICULTY"
"""The category of the item on everyday functioning: asked last, never scored."""
SUICIDAL_IDEATION = "SUICIDAL_IDEATION"
"""The category whose questions are risk questions, whatever their wording or place."""


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScaleLabel(_Fact):
    """One answer of a scale, its words by language and its LOINC answer code where one is known."""

    value: int
    loinc: str | None = None
    text: dict[str, str]


class Scale(_Fact):
    """The answers that can be given: every integer from the first label's value to the last one's."""

    labels: tuple[ScaleLabel, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _counts_up_by_one(self) -> Self:
        if [label.value for label in self.labels] != list(range(self.min, self.max + 1)):
            raise ValueError("labels must name each value from the least to the greatest, in order")
        return self

    @property
    def min(self) -> int:
        """The value of the least answer."""
        return self.labels[0].value

    @property
    def max(self) -> int:
        """The value of the greatest answer."""
        return self.labels[-1].value


class Item(_Fact):
    """One item as its authors worded it. `number` is its place in the original form, from 1."""

    number: int = Field(ge=1)
    category: str
    loinc: str | None = None
    text: dict[str, str]


class DifficultyItem(Item):
    """The item on everyday functioning, with answers of its own."""

    scale: Scale


class Band(_Fact):
    """A severity and the totals it spans, both ends included."""

    severity: str
    min: int
    max: int


class Instrument(_Fact):
    """An instrument as published.

    `provenance` is the grade of every text in the file. `loinc` is the panel's code, `total_loinc` the
    total's; a code that is not known is None. `maximum` is the highest total, the lowest is 0. `algorithm`
    names the rule that sorts answers into syndromes beside the total, where the authors gave one.
    """

    code: InstrumentCode
    title: str
    source: str
    provenance: Provenance
    loinc: str | None = None
    total_loinc: str | None = None
    maximum: int
    default_cut_off: float
    cut_off_source: str
    algorithm: Literal["phq_depression"] | None = None
    stem: dict[str, str]
    scale: Scale
    items: tuple[Item, ...] = Field(min_length=1)
    difficulty: DifficultyItem | None = None
    bands: tuple[Band, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.maximum != len(self.items) * self.scale.max or self.scale.min != 0:
            raise ValueError("maximum must be the number of items times the greatest answer, counted from 0")
        if len(set(self.categories)) != len(self.items) or DIFFICULTY in self.categories:
            raise ValueError("each scored item needs a category of its own")
        spanned = [total for band in self.bands for total in range(band.min, band.max + 1)]
        if spanned != list(range(self.maximum + 1)):
            raise ValueError("the bands must span each total once, in order")
        return self

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of the scored items, in the order of the original form."""
        return tuple(item.category for item in self.items)


@cache
def instrument(code: InstrumentCode) -> Instrument:
    """Return the instrument named `code`, read from its data file at the first call of a process."""
    text = files(__package__).joinpath(f"{code}.toml").read_text(encoding="utf-8")
    return Instrument.model_validate(tomllib.loads(text))
