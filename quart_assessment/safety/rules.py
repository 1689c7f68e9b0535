"""Rules over what a person wrote: does it say that they may think of suicide or self-harm?

Pure. The rules of a language stand in safety/words/<language>.toml, read once. A message is judged in time
linear in its length: patterns repeat nothing without a bound.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

_FALLBACK = "en"
_SPACE = "(?: ,)? "
_GAP = r"(?:(?: ,)? [^\s|]+){0,3}"
_SIGNIFICANT = re.compile(r" ~ |\(\?:~ \)\?| ")
_LONGEST_EXPANSION = 4
_LONGEST_WORD = 20

# Letters of other alphabets that are drawn like Latin ones; case and accents are gone before this is asked.
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕԁһӏԛԝ", "abekmhopctyxijsdhlqw", strict=True)),
        **dict(zip("αβεηικνορτυχω", "abenikvoptuxw", strict=True)),
        **dict(zip("ɑɡıłøđħ", "agilodh", strict=True)),
    }
)
_DIGITS = str.maketrans("013457@$!", "oieast" + "asi")
_DISGUISED = re.compile(r"(?<![a-z0-9])[0-9@$]{0,3}[a-z](?:[a-z0-9@$]|!(?=[a-z]))*")
_SPELLED = re.compile(r"(?<![a-z])(?:[a-z][ .*_-]){3,40}[a-z](?![a-z])")
_NO_LETTER = re.compile(r"[^a-z]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼʹ\"“”«»*_~")
_SENTENCE_END = re.compile(r"[.!?;:\n\r()\[\]…—–|/\\]+")
_OTHER = re.compile(r"[^a-z0-9,|]+")


@dataclass(frozen=True, slots=True)
class Hit:
    """The rule a message met, in which version. `score` is 2, or 3 for intent, plan or method."""

    rule: str
    version: str
    score: float


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    score: float
    negatable: bool
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class _Language:
    version: str
    rules: tuple[_Rule, ...]
    negator: re.Pattern[str]
    opener: re.Pattern[str]
    reach: int


def check_message(text: str, language: str) -> Hit | None:
    """Return the rule of highest score that `text` meets, or None.

    A language without rules of its own is judged by the English ones.
    """
    spoken = _language(language)
    said = normalised(text)
    for rule in spoken.rules:
        for found in rule.pattern.finditer(said):
            if not (rule.negatable and _is_negated(said[: found.start()], spoken)):
                return Hit(rule.name, spoken.version, rule.score)
    return None


def normalised(text: str) -> str:
    """Bring a message to the form patterns are written in; the head of words/en.toml describes it."""
    plain = "".join(_composed(letter) for letter in text)
    plain = unicodedata.normalize("NFKD", plain.casefold())
    plain = "".join(letter for letter in plain if unicodedata.category(letter) not in ("Mn", "Cf", "Me"))
    plain = plain.translate(_APOSTROPHES).translate(_LOOKALIKES)
    plain = _SPELLED.sub(lambda spelled: _NO_LETTER.sub("", spelled[0]), plain)
    plain = _DISGUISED.sub(lambda word: word[0].translate(_DIGITS), plain)
    plain = _STRETCHED.sub(r"\1", plain)
    plain = _SENTENCE_END.sub(" | ", plain).replace(",", " , ")
    return " ".join(_OTHER.sub(" ", plain).split())


def _composed(letter: str) -> str:
    # A few signs stand for whole sentences; written out they would make a short message very long.
    plain = unicodedata.normalize("NFKC", letter)
    return plain if len(plain) <= _LONGEST_EXPANSION else " "


def _is_negated(before: str, spoken: _Language) -> bool:
    """Tell whether the clause that ends with `before` holds a negator within reach."""
    clause = " ".join(before[-spoken.reach * _LONGEST_WORD :].split()[-spoken.reach :]) + " "
    opened = 0
    for opener in spoken.opener.finditer(clause):
        opened = opener.end()
    return spoken.negator.search(clause, opened) is not None


@lru_cache
def _language(name: str) -> _Language:
    folder = files(__package__) / "words"
    sources = {source.name: source for source in folder.iterdir()}
    source = sources.get(f"{name.partition('-')[0]}.toml", sources[f"{_FALLBACK}.toml"])
    return _read(tomllib.loads(source.read_text("utf-8")))


def _read(data: Mapping[str, Any]) -> _Language:
    words: Mapping[str, str] = data["words"]
    joined = "".join(f"(?<!(?<!\\w){word} )" for word in data["before_i"])
    openers = "|".join(data["openers"])
    after_comma = "|".join(data["after_comma"])
    rules = [
        _Rule(
            name=rule["id"],
            score=rule["score"],
            negatable=rule.get("negatable", True),
            pattern=_whole_words(_spread("|".join(rule["patterns"]), words)),
        )
        for rule in data["rule"]
    ]
    return _Language(
        version=data["version"],
        rules=tuple(sorted(rules, key=lambda rule: -rule.score)),
        negator=_whole_words("|".join(data["negators"])),
        opener=re.compile(
            rf"\||,(?! (?:{after_comma})\b)|(?<!\S)(?:{openers})(?!\S)|(?<!\S){joined}(?:i|im|ive|id)(?!\S)"
        ),
        reach=data["reach"],
    )


def _spread(pattern: str, words: Mapping[str, str]) -> str:
    """Write a pattern out: the words it names, its gaps, and the commas its spaces pass over."""
    while "{" in (rest := re.sub(r"\{\d,\d\}", "", pattern)) and any(f"{{{name}}}" in rest for name in words):
        for name, alternatives in words.items():
            pattern = pattern.replace(f"{{{name}}}", alternatives)
    spread = {" ~ ": f"{_GAP}{_SPACE}", "(?:~ )?": r"(?:[^\s|]+(?: ,)? ){0,3}", " ": _SPACE}
    return _SIGNIFICANT.sub(lambda found: spread[found[0]], pattern)


def _whole_words(alternatives: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{alternatives})(?!\S)")
