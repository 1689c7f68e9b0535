"""Bringing a message to the form in which the rules of a language read it. Pure, and linear in its length."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from string import ascii_lowercase

_LONGEST_EXPANSION = 4
_SHORTEST_GUESSED = 5

# Capitals that are drawn like other letters than their small forms are; accents are gone before this is asked.
_LOOKALIKE_CAPITALS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX")
# Letters of other alphabets that are drawn like Latin ones; case and accents are gone before this is asked.
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕԁһӏԛԝ", "abekmhopctyxijsdhlqw", strict=True)),
        **dict(zip("αβεηικνορτυχω", "abenikvoptuxw", strict=True)),
        **dict(zip("ɑɡıłøđħ", "agilodh", strict=True)),
        **dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz", strict=True)),
        **{
            chr(first + place): letter
            for first in (0x1F150, 0x1F170, 0x1F1E6)
            for place, letter in enumerate(ascii_lowercase)
        },
    }
)
# Letters and signs without a shape, which are no space to the eye.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_UNSEEN_KINDS = frozenset({"Mn", "Cf", "Me"})
_SPACES = frozenset("\t\n\v\f\r\x1c\x1d\x1e\x1f\x85")
_DIGITS = str.maketrans("013457@$!", "oieastasi")
# A 1 is an i, but for where nearly all words have an l: doubled, at the end after one, at the beginning before a
# vowel, and as in "self" and "help".
_ONES_FOR_L = re.compile(r"1(?=1(?!1))|(?<=1)1|(?<=l)1(?![a-z0-9])|(?<![a-z0-9])1(?=[eiou])|(?<=e)1(?=[flp])")
_DISGUISED = re.compile(r"(?<![a-z0-9])[0-9@$]{0,3}[a-z](?:[a-z0-9@$]|!(?=[a-z]))*")
_SPELLED = re.compile(r"(?<![a-z0-9])(?:[a-z][^a-z0-9,|\"\n\r]{1,3}){2,40}[a-z](?![a-z0-9])")
_SHORTEST_SPELLED = 4
# The one shorter word that matters; other short runs of letters are initials.
_SPELLED_SHORT = re.compile(r"([ia]?)(die)([ia]?)")
_NO_LETTER = re.compile(r"[^a-z]")
_STRETCHED = re.compile(r"([a-z])\1{2,}")
DOUBLED = re.compile(r"(?<!\\)([a-z])\1")
_TWICE = re.compile(r"(?<![a-z0-9])([a-z]{2,20})2(?=(?:an|nya|in)?(?![a-z0-9]))")
_APOSTROPHES = str.maketrans("", "", "'’‘`´ʼʹ*_~")
_MARKED = re.compile(r"(?<![^\s(,.:;!?-])['‘’](?=\w)|(?<=[\w.!?,])['’](?![^\s),.:;!?-])|[\"“”„«»「」]")
# A point or colon within a number or a time of day ends nothing.
_SENTENCE_END = re.compile(r"(?:[!?;\n\r()\[\]…—–|\\]|[.:](?![0-9])|(?<![0-9])[.:])+")
_OTHER = re.compile(r"[^a-z0-9,|\"]+")
_SIGNS = re.compile(r"[,\"]")


@dataclass(frozen=True, slots=True)
class Spelling:
    """How people write a language in chat.

    `words` gives what a word stands for, misspelt ones too. `doubles_fold`: a doubled letter is read as one.
    `twice`: a 2 after a word says it again, as Indonesian plurals do.
    """

    words: Mapping[str, str]
    doubles_fold: bool
    twice: bool


def plain(text: str) -> str:
    """Undo disguises: case, accents, other alphabets, digits for letters, spelled-out words, unseen signs.

    Quotation marks become `"`; a single one does only where it cannot be an apostrophe.
    """
    shown = "".join(_composed(letter) for letter in text)
    shown = unicodedata.normalize("NFKD", shown).translate(_LOOKALIKE_CAPITALS)
    shown = unicodedata.normalize("NFKD", shown.casefold())
    shown = "".join(letter for letter in shown if _is_seen(letter))
    shown = _MARKED.sub(' " ', shown).translate(_APOSTROPHES).translate(_LOOKALIKES)
    shown = _SPELLED.sub(_joined, shown)
    shown = _DISGUISED.sub(lambda word: _ONES_FOR_L.sub("l", word[0]).translate(_DIGITS), shown)
    return _STRETCHED.sub(r"\1", shown)


def normalised(shown: str, spelling: Spelling) -> str:
    """Give plain text as words, `,`, `"` and `|` (the end of a sentence), joined by single spaces.

    What is said twice in a row is written once.
    """
    if spelling.twice:
        shown = _TWICE.sub(r"\1 \1 ", shown)
    if spelling.doubles_fold:
        shown = DOUBLED.sub(r"\1", shown)
    shown = _SIGNS.sub(lambda sign: f" {sign[0]} ", _SENTENCE_END.sub(" | ", shown))
    words = _OTHER.sub(" ", shown).split()
    meant = (part for word in words for part in spelling.words.get(word, word).split())
    return " ".join(_once(meant))


def read_spelling(
    words: Mapping[str, str], guessed: Iterable[str], kept: Iterable[str], *, doubles_fold: bool, twice: bool
) -> Spelling:
    """Make the spelling of a language from what its file says.

    A word of five letters or more in `guessed` is also read from what one slip of the hand makes of it, but for
    the words in `kept`, which are words of their own.
    """

    def folded(word: str) -> str:
        return DOUBLED.sub(r"\1", word) if doubles_fold else word

    own = {folded(word) for word in (*guessed, *kept)}
    known = {folded(word): folded(meaning) for word, meaning in words.items()}
    slips = {
        slip: known.get(folded(word), folded(word))
        for word in guessed
        if len(word) >= _SHORTEST_GUESSED
        for slip in _slips(folded(word)) - own
    }
    return Spelling(slips | known, doubles_fold, twice)


def _composed(letter: str) -> str:
    # A few signs stand for whole sentences; written out they would make a short message very long.
    shown = unicodedata.normalize("NFKC", letter)
    return shown if len(shown) <= _LONGEST_EXPANSION else " "


def _joined(spelled: re.Match[str]) -> str:
    word = _NO_LETTER.sub("", spelled[0])
    short = _SPELLED_SHORT.fullmatch(word)
    if short is not None:
        return " ".join(part for part in short.groups() if part)
    return word if len(word) >= _SHORTEST_SPELLED else spelled[0]


def _is_seen(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return not (kind in _UNSEEN_KINDS or letter in _UNSEEN or (kind == "Cc" and letter not in _SPACES))


def _once(words: Iterable[str]) -> Iterator[str]:
    before = ""
    for word in words:
        if word != before:
            yield word
        before = word


def _slips(word: str) -> set[str]:
    """Give what one letter left out, put in, changed or swapped with the next makes of a word.

    Its first letter stays: people get that one right, and many more words differ by it alone.
    """
    parts = [(word[:place], word[place:]) for place in range(1, len(word) + 1)]
    left_out = {head + tail[1:] for head, tail in parts if tail}
    swapped = {head + tail[1] + tail[0] + tail[2:] for head, tail in parts if len(tail) > 1}
    changed = {head + letter + tail[1:] for head, tail in parts if tail for letter in ascii_lowercase}
    put_in = {head + letter + tail for head, tail in parts for letter in ascii_lowercase}
    return (left_out | swapped | changed | put_in | {word[1] + word[0] + word[2:]}) - {word}
