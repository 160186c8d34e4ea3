"""A listing's text out of a model's answer, however the model has wrapped or broken it."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import json_repair

from pwb.content.answer_fields import field_named
from pwb.content.plain_text import cut_at_sentence, cut_at_word, from_markup, one_line
from pwb.content.stream import FieldStream

LIMITS = {"title": 80, "description": 2000, "meta_description": 160}
"""The longest each field may be, in characters."""

_LONGEST_RAW_FIELD = 40_000
# Repairing takes long where text nests deeply; an answer neither nests nor runs on like that.
_LONGEST_TO_REPAIR = 16_000
_MOST_BRACKETS_TO_REPAIR = 20
# Five posts, each an object with a list in it, wrapped once or twice.
_MOST_BRACKETS_OF_POSTS = 32
_MOST_QUOTES_TO_REPAIR = 400
_MOST_OBJECTS_TRIED = 10
_SURROGATE = re.compile("[\ud800-\udfff]")
_QUOTES = "\"'“”„«»"

# json_repair promises an answer for any text, but wanders off a list or a stack on some.
_REPAIR_FAILURES = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


class UnreadableText(ValueError):
    """The answer holds no description."""


@dataclass(frozen=True, slots=True)
class ListingText:
    """A listing's text as plain text within LIMITS; `notes` says what was changed to get there."""

    title: str
    description: str
    meta_description: str
    notes: tuple[str, ...] = ()


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as pairs in the order of the document, repeated names included."""


def parse_listing(text: str) -> ListingText:
    """Reads a model's answer.

    Takes code fences, prose around the object, objects around the fields, broken JSON and markup
    in the fields. Raises UnreadableText when there is no description.
    """
    raw = raw_fields(text)
    notes: list[str] = []
    description = _fitted_description(raw.get("description", ""), notes)
    if not description:
        raise UnreadableText("The answer holds no description.")
    title = _fitted_line("title", raw.get("title", ""), notes)
    meta = _fitted_line("meta_description", raw.get("meta_description", ""), notes)
    if not title:
        notes.append("The model gave no title.")
    if not meta:
        meta = cut_at_word(one_line(description), LIMITS["meta_description"])
        notes.append("The model gave no meta description: the start of the description stands in.")
    return ListingText(title, description, meta, tuple(notes))


def answer_documents(text: str) -> Iterator[Any]:
    """Every JSON value that an answer may mean, the strictest reading first, as plain dicts and
    lists without halves of characters. Where a name stands twice, the last counts."""
    for document in _documents(text, _MOST_BRACKETS_OF_POSTS):
        try:
            yield _plain(document)
        except RecursionError:
            continue


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, _Pairs):
        return {name: _plain(inner) for name, inner in value}
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


def raw_fields(text: str) -> dict[str, str]:
    """The fields as the answer has them, before any cleaning; {} when none can be found."""
    for document in _documents(text):
        found = _first_strings(document)
        if found.get("description"):
            return found
    return _streamed_fields(text)


def member(text: str, name: str) -> Any:
    """A value under this name in the answer's object, at any depth; None where there is none."""
    for document in answer_documents(text):
        waiting = [document]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                if name in value:
                    return value[name]
                waiting.extend(value.values())
            elif isinstance(value, list):
                waiting.extend(value)
    return None


def _documents(text: str, most_brackets: int = _MOST_BRACKETS_TO_REPAIR) -> Iterator[Any]:
    """What the answer may mean, the strictest reading first."""
    yield from _strict(text)
    yield from _objects_in_prose(text)
    start = text.find("{")
    if start >= 0:
        yield from _repaired(text[start : start + _LONGEST_TO_REPAIR], most_brackets)


def _strict(text: str) -> Iterator[Any]:
    try:
        document = json.loads(text, strict=False, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return
    # Some models send the object as a string of JSON.
    if isinstance(document, str) and "{" in document:
        yield from _strict(document)
    yield document


def _objects_in_prose(text: str) -> Iterator[Any]:
    decoder = json.JSONDecoder(strict=False, object_pairs_hook=_Pairs)
    position = -1
    for _ in range(_MOST_OBJECTS_TRIED):
        position = text.find("{", position + 1)
        if position < 0:
            return
        try:
            document, end = decoder.raw_decode(text, position)
        except (ValueError, RecursionError):
            continue
        yield document
        position = end - 1


def _repaired(text: str, most_brackets: int) -> Iterator[Any]:
    brackets = sum(map(text.count, "{[]}"))
    if brackets > most_brackets or text.count('"') > _MOST_QUOTES_TO_REPAIR:
        return
    try:
        yield json_repair.loads(text, skip_json_loads=True)
    except _REPAIR_FAILURES:
        return


def _first_strings(document: Any) -> dict[str, str]:
    """The first string under each field's name, in the order of the document, at any depth."""
    found: dict[str, str] = {}
    waiting: list[Iterator[tuple[str, Any]]] = [_entries(document)]
    while waiting:
        entry = next(waiting[-1], None)
        if entry is None:
            waiting.pop()
            continue
        name, value = entry
        field = field_named(name) if isinstance(value, str) else None
        if field is not None:
            found.setdefault(field, _SURROGATE.sub("\ufffd", value))
        elif not isinstance(value, str):
            waiting.append(_entries(value))
    return found


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, _Pairs):
        return iter(value)
    if isinstance(value, dict):
        return ((str(name), inner) for name, inner in value.items())
    if isinstance(value, list):
        return (("", inner) for inner in value)
    return iter(())


def _streamed_fields(text: str) -> dict[str, str]:
    """What FieldStream makes of the whole answer: reads on where no parser can."""
    found: dict[str, str] = {}
    for field, piece in FieldStream().feed(text):
        found[field] = found.get(field, "") + piece
    return found


def _fitted_description(raw: str, notes: list[str]) -> str:
    text = from_markup(raw[:_LONGEST_RAW_FIELD])
    fitted = cut_at_sentence(text, LIMITS["description"])
    if fitted != text:
        notes.append(_note_of_cut("description", "after a whole sentence"))
    return fitted


def _fitted_line(field: str, raw: str, notes: list[str]) -> str:
    text = one_line(from_markup(raw[:_LONGEST_RAW_FIELD]))
    if text[:1] in _QUOTES and text[-1:] in _QUOTES:
        text = text[1:-1].strip()
    fitted = cut_at_word(text, LIMITS[field])
    if fitted != text:
        notes.append(_note_of_cut(field, "after a whole word"))
    return fitted


def _note_of_cut(field: str, where: str) -> str:
    name = field.replace("_", " ")
    return f"The {name} was longer than {LIMITS[field]} characters and was cut {where}."
