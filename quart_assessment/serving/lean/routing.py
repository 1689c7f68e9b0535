"""Routes as a tree of path segments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from quart.routing import QuartRule
from werkzeug.routing import Map, UnicodeConverter

Match = tuple[QuartRule, dict[str, Any]]
_ANY_TEXT = UnicodeConverter(Map()).regex


@dataclass(slots=True)
class _Node:
    """One step of a path. `text` is where any text leads; `mixed`: other variables begin here, too."""

    static: dict[str, _Node] = field(default_factory=dict)
    text: _Node | None = None
    mixed: bool = False
    rules: dict[str, QuartRule] = field(default_factory=dict)


class RouteTree:
    """Matches rules of static segments and of variables that take a whole segment of text, `<name>`.

    A hit is what werkzeug would find: it, too, tries a static segment first. A miss says nothing. Rules with
    any other variable are not in the tree, and what a variable could take beside them is left to werkzeug.
    """

    def __init__(self, url_map: Map) -> None:
        self._root = _Node()
        for rule in url_map.iter_rules():
            self._add(cast(QuartRule, rule))

    def match(self, path: str, method: str) -> Match | None:
        """Give the rule of a path and the values of its variables, None where werkzeug has to look."""
        node = self._root
        values: list[str] = []
        for segment in path[1:].split("/"):
            following = node.static.get(segment)
            if following is None:
                following = node.text
                if following is None or node.mixed or not segment:
                    return None
                values.append(segment)
            node = following
        rule = node.rules.get(method)
        return None if rule is None else (rule, dict(zip(rule._converters, values, strict=True)))

    def _add(self, rule: QuartRule) -> None:
        node = self._root
        for segment in rule.rule[1:].split("/"):
            if "<" not in segment:
                node = node.static.setdefault(segment, _Node())
            elif _takes_any_text(rule, segment):
                node.text = node.text or _Node()
                node = node.text
            else:
                node.mixed = True
                return
        special = rule.host or rule.subdomain or rule.defaults or rule.redirect_to or rule.alias
        if special or rule.websocket or rule.methods is None:
            node.rules = _Nothing()
            return
        for method in rule.methods:
            node.rules.setdefault(method, rule)


class _Nothing(dict[str, QuartRule]):
    """The rules of a place where some rule needs more than a method to be told from others."""

    def setdefault(self, _method: str, default: QuartRule) -> QuartRule:
        """Keep nothing."""
        return default


def _takes_any_text(rule: QuartRule, segment: str) -> bool:
    converter = rule._converters.get(segment[1:-1])
    return isinstance(converter, UnicodeConverter) and converter.regex == _ANY_TEXT
