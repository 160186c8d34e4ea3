"""JSON with Decimals as exact numbers, which the standard library cannot write."""

import json
from collections.abc import Mapping
from decimal import Decimal


def exact_json(value: object) -> str:
    """JSON text of plain values and finite Decimals; 850.00 is written as 850."""
    if isinstance(value, Decimal):
        return plain_number(value)
    if isinstance(value, Mapping):
        entries = (f"{json.dumps(str(key))}: {exact_json(inner)}" for key, inner in value.items())
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(exact_json(inner) for inner in value) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def plain_number(value: Decimal) -> str:
    """The number in full digits without trailing zeros: "850", "2.5"."""
    if not value.is_finite():
        raise ValueError("JSON has no number for this.")
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
