"""The rules of the Fair Housing check, read from pwb/content/rules/ when first asked for.

Two kinds of tables: classes.toml says what each protected class is, which law protects it and
why; the files of a language's folder together hold its words (named lists of patterns), the frames
(sentences with a hole for people: "perfect for <people>") and the rules, each a class, its people
and the frames that its people go into.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, cast

from pwb.content.fair_housing_language import compile_list
from pwb.content.fair_housing_patterns import Choice, Pattern
from pwb.content.fair_housing_sieve import Sieve
from pwb.content.once import once_each

Level = Literal["violation", "advice"]

_TEXTS = ("why", "suggestion", "source")
_RULE_KEYS = frozenset(
    ("id", "class", "level", "people", "frames", "extra", "allow", "softened_by", *_TEXTS)
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one language; `softened_by` are contexts that turn a violation into advice."""

    rule_id: str
    level: Level
    locale: str
    protected_class: str
    jurisdictions: tuple[str, ...]
    why: str
    suggestion: str
    source: str
    patterns: tuple[Choice, ...]
    allow: tuple[Pattern, ...]
    softened_by: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of a language. `entries` are the patterns, each with its rule's place in `rules`;
    `sieve` finds the places in `entries` that are worth trying in a text.
    """

    rules: tuple[Rule, ...]
    entries: tuple[tuple[int, Pattern], ...]
    sieve: Sieve
    allow: Pattern


@lru_cache(maxsize=1)
def locales() -> frozenset[str]:
    """The languages that have rules: each has a folder named after it."""
    return frozenset(entry.name for entry in _folder().iterdir() if len(entry.name) == 2)


@once_each
def rules_of(locale: str) -> RuleSet:
    """The rules of a language that has some; no other language's tables are read.

    Raises ValueError where a table cannot be read.
    """
    return _Builder(locale, _table_of(locale), _read(_folder() / "classes.toml")).rule_set()


def _folder() -> Traversable:
    return files("pwb.content") / "rules"


def _read(file: Traversable) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _table_of(locale: str) -> dict[str, Any]:
    """The files of a language in the order of their numbered names, as if they were one."""
    whole: dict[str, Any] = {}
    for file in sorted((_folder() / locale).iterdir(), key=lambda entry: entry.name):
        for key, part in _read(file).items():
            whole[key] = (
                _joined(whole[key], part, f"{locale}/{file.name}") if key in whole else part
            )
    return whole


def _joined(above: Any, part: Any, place: str) -> Any:
    """The rules of two files, or their named lists; nothing else may stand in two."""
    if isinstance(above, list):
        return [*above, *part]
    twice = sorted(above.keys() & part.keys()) if isinstance(above, dict) else ["allow"]
    if twice:
        raise ValueError(f"{place} has {twice} again; another file of the language has it already.")
    return {**above, **part}


class _Builder:
    def __init__(self, locale: str, table: Mapping[str, Any], classes: Mapping[str, Any]) -> None:
        self._locale, self._table, self._classes = locale, table, classes
        self._lists: dict[str, Pattern] = {}
        for name, text in table["words"].items():
            self._lists[name] = compile_list(text, self._lists)

    def rule_set(self) -> RuleSet:
        rules = tuple(self._rule(entry) for entry in self._table["rule"])
        entries = tuple(
            (number, alternative)
            for number, rule in enumerate(rules)
            for pattern in rule.patterns
            for alternative in pattern.parts
        )
        return RuleSet(
            rules=rules,
            entries=entries,
            sieve=Sieve(pattern for _, pattern in entries),
            allow=compile_list(self._table["allow"], self._lists),
        )

    def _rule(self, entry: Mapping[str, Any]) -> Rule:
        unknown = set(entry) - _RULE_KEYS
        if unknown:
            raise ValueError(f"{self._locale}: the rule {entry.get('id')} has {sorted(unknown)}.")
        about = self._about(entry)
        return Rule(
            rule_id=f"{self._locale}.{entry['id']}",
            level=cast(Level, entry.get("level", "violation")),
            locale=self._locale,
            protected_class=about["label"],
            jurisdictions=tuple(about["jurisdictions"]),
            why=about["why"],
            suggestion=about["suggestion"],
            source=about["source"],
            patterns=tuple(self._patterns(entry)),
            allow=self._compiled(entry.get("allow", "")),
            softened_by=tuple(self._lists[name] for name in entry.get("softened_by", ())),
        )

    def _about(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        """What is said of the class, then of the class in this language, then of the rule."""
        name = entry["class"]
        local = self._table.get("classes", {}).get(name, {})
        own = {key: entry[key] for key in _TEXTS if key in entry}
        return {**self._classes[name], **local, **own}

    def _patterns(self, entry: Mapping[str, Any]) -> Iterator[Choice]:
        if "people" in entry:
            lists = {**self._lists, "people": compile_list(entry["people"], self._lists)}
            for frame in entry["frames"]:
                yield compile_list(self._table["frames"][frame], lists)
        yield from self._compiled(entry.get("extra", ""))

    def _compiled(self, text: str) -> tuple[Choice, ...]:
        return (compile_list(text, self._lists),) if text else ()
