"""Finding the one JSON document that a user message carries."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

_TRIES = 50
_DECODER = json.JSONDecoder()


def plain_text(message: Mapping[str, Any]) -> str:
    """A message's text; pictures and the like are left out."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(p.get("text", "")) for p in parts if isinstance(p, dict))


def find_document(messages: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """The newest document with a ``listing`` in the user's messages, or None."""
    for message in reversed(list(messages)):
        if message.get("role") == "user":
            document = _first_object(plain_text(message))
            if document is not None:
                return document
    return None


def _first_object(text: str) -> dict[str, Any] | None:
    at = -1
    for _ in range(_TRIES):
        at = text.find("{", at + 1)
        if at < 0:
            return None
        document = _object_at(text, at)
        if document is not None and isinstance(document.get("listing"), dict):
            return document
    return None


def _object_at(text: str, at: int) -> dict[str, Any] | None:
    try:
        found, _ = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
