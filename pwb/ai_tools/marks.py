"""What the checks found in a text, made ready to be drawn without a script.

`static/js/writing/` does the same in the browser; both read the JSON of the checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import heappop, heappush
from itertools import pairwise
from typing import Any

from pwb.ai_tools import bp

Item = dict[str, Any]
FIELDS = ("title", "description", "meta_description", "caption", "hashtags")

STATE_WORDS = {
    "violation": "may break fair housing law",
    "contradicted": "contradicts the record",
    "unsupported": "not in the record",
    "word": "a word to avoid",
    "advice": "worth a second look",
    "supported": "supported by the record",
}
"""State of a finding to what it means, gravest first."""

_GRAVITY = {state: rank for rank, state in enumerate(STATE_WORDS)}


def items_of(checked: Mapping[str, Any] | None) -> list[Item]:
    """Everything that was found, each with its `state`, gravest first, then as the text has it."""
    checked = checked or {}
    compliance, claims = checked.get("compliance") or {}, checked.get("claims") or {}
    lists = {
        "violation": compliance.get("violations"),
        "advice": compliance.get("advice"),
        "word": checked.get("words"),
    }
    items = [item | {"state": state} for state, found in lists.items() for item in found or ()]
    items += [item for item in claims.get("items", ()) if item.get("state") in _GRAVITY]
    return sorted(items, key=_place)


def _place(item: Item) -> tuple[int, int, int]:
    return _GRAVITY[item["state"]], FIELDS.index(item["field"]), item["start"]


def in_field(items: Iterable[Item], field: str) -> list[Item]:
    """Those of the items that are about one part of the text."""
    return [item for item in items if item["field"] == field]


def by_id(items: Iterable[Item]) -> dict[str, Item]:
    """The items by their ids: of several with the same wording the first."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item["id"], item)
    return found


def stretches(text: str, items: Iterable[Item]) -> list[tuple[str, Item | None]]:
    """The text in pieces, each with the gravest item that covers it."""
    found: list[tuple[str, Item | None]] = []
    for start, end, item in _gravest(len(text), sorted(items, key=_place)):
        piece = text[start:end]
        if found and found[-1][1] is item:
            piece = found.pop()[0] + piece
        found.append((piece, item))
    return found


def _gravest(length: int, spans: list[Item]) -> Iterator[tuple[int, int, Item | None]]:
    """Where each stretch begins and ends, with the first of the spans that covers it. Spans that
    are passed stay in the heap until they come up: a long text has thousands of them."""
    cuts = sorted({0, length, *(min(i[at], length) for i in spans for at in ("start", "end"))})
    ahead = sorted(range(len(spans)), key=lambda rank: spans[rank]["start"], reverse=True)
    begun: list[int] = []
    for start, end in pairwise(cuts):
        while ahead and spans[ahead[-1]]["start"] <= start:
            heappush(begun, ahead.pop())
        while begun and spans[begun[0]]["end"] <= start:
            heappop(begun)
        yield start, end, spans[begun[0]] if begun else None


def count_words(checked: Mapping[str, Any] | None) -> str:
    """ "7 claims supported · 1 contradicted · 1 unsupported"; empty where nothing was checked."""
    claims = (checked or {}).get("claims") or {}
    if "supported" not in claims:
        return ""
    violations = len(((checked or {}).get("compliance") or {}).get("violations") or ())
    counts = [
        f"{claims['supported']} {'claim' if claims['supported'] == 1 else 'claims'} supported",
        *(f"{claims[name]} {name}" for name in ("contradicted", "unsupported") if claims[name]),
    ]
    if violations:
        counts.append(f"{violations} fair housing violation{'' if violations == 1 else 's'}")
    return " · ".join(counts)


def told(item: Item) -> tuple[str, str]:
    """A finding's first line: the part in bold, and the rest."""
    about = f" ({item['protected_class']})" if item.get("protected_class") else ""
    quoted = f"“{item['text']}”"
    if item["state"] in {"violation", "advice"}:
        return quoted, f" {_verb(item)}{about}."
    message = item.get("message") or f"{quoted} is {STATE_WORDS[item['state']]}."
    claimed = str(item.get("claimed") or "")
    for words in (claimed[:1].upper() + claimed[1:], quoted):
        if words and message.startswith(words):
            return words, message[len(words) :]
    return "", message


def _verb(item: Item) -> str:
    words = STATE_WORDS[item["state"]]
    return words if item["state"] == "violation" else f"is {words}"


def advice(item: Item) -> str:
    """What to do about a finding."""
    if item["state"] == "contradicted":
        return "Change the text, or the fact if the record is wrong."
    if item["state"] == "unsupported":
        where = "features" if item.get("kind") == "feature" else "record if it is true"
        return f"Add it to the {where}, or take it out."
    if item["state"] == "word":
        return item.get("suggestion") or "Say it in other words, or take it out."
    return " ".join(filter(None, (item.get("why"), item.get("suggestion"))))


@bp.app_context_processor
def mark_context() -> dict[str, Any]:
    """The functions above, for the macros of `ai_tools/_marks.html`."""
    return {
        "finding_items": items_of,
        "findings_by_id": by_id,
        "items_in_field": in_field,
        "marked_stretches": stretches,
        "finding_counts": count_words,
        "finding_told": told,
        "finding_advice": advice,
        "finding_states": STATE_WORDS,
    }
