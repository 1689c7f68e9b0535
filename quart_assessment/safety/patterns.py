"""How the rules' files write patterns: in shorthand, in the form that messages have when they meet them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from quart_assessment.safety.wording import DOUBLED

_SPACE = '(?: [,"]){0,2} '
_WORD = r"[^\s|]++"
_GAP = rf"(?:(?: ,)? {_WORD}){{0,3}}"
_FAR = rf"(?: {_WORD}){{0,8}}? "
_BEHIND = r"\(\?<[!=][^()]*\)"
_WRITTEN_SHORT = re.compile(rf"{_BEHIND}| ~~ | ~ |\(\?:~ \)\?|\(\?: ~\)\?| ")
_IN_FULL = {
    " ~~ ": _FAR,
    " ~ ": f"{_GAP}{_SPACE}",
    "(?:~ )?": rf"(?:{_WORD}(?: ,)? ){{0,3}}",
    "(?: ~)?": _GAP,
    " ": _SPACE,
}
_NAME = re.compile(r"\{([a-z_]+)\}")
_SAID_TWICE = re.compile(r"(?<![\w\\])(\w+) \1(?!\w)")
_NESTED = 4


@lru_cache
def sources(folder: str) -> Mapping[str, str]:
    """Read the rules' files of a folder of this room, by language."""
    return {
        source.name.removesuffix(".toml"): source.read_text("utf-8")
        for source in (files(__package__) / folder).iterdir()
        if source.name.endswith(".toml")
    }


def as_met(value: object, *, doubles_fold: bool) -> object:
    """Write what a file says, but not its keys, as messages are when they meet it."""
    if isinstance(value, str):
        once = _SAID_TWICE.sub(r"\1", value)
        return DOUBLED.sub(r"\1", once) if doubles_fold else once
    if isinstance(value, list):
        return [as_met(one, doubles_fold=doubles_fold) for one in value]
    if isinstance(value, dict):
        return {key: as_met(one, doubles_fold=doubles_fold) for key, one in value.items()}
    return value


def phrases(patterns: Iterable[str], words: Mapping[str, str], leading: str = "") -> re.Pattern[str]:
    """Write patterns out (the words they name, their gaps, what their spaces pass over) and match whole words."""
    joined = f"{leading}(?:{'|'.join(patterns)})"
    for _ in range(_NESTED):
        joined = _NAME.sub(lambda name: words[name[1]], joined)
    written = _WRITTEN_SHORT.sub(lambda found: _IN_FULL.get(found[0], found[0]), joined)
    return re.compile(rf"(?<!\S)(?:{written})(?!\S)")
