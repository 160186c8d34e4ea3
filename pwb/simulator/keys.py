"""Which keys are taken, and what ``GET /key`` says of each.

Any ``sk-or-…`` key works. A word in the key makes it special: ``invalid``, ``-bad…`` or
``expired`` are refused, ``empty`` has no credit left, ``limited`` may spend 2 US cents,
``unlimited`` has no limit, ``free`` is on the free tier, ``management`` cannot generate.
"""

import re
from decimal import Decimal
from typing import Any

_REFUSED = re.compile(r"invalid|expired|[-_.]bad(?![0-9a-f]{6})")
_RATE_LIMIT = {
    "requests": -1,
    "interval": "10s",
    "note": "This field is deprecated and safe to ignore.",
}
_LIMIT = Decimal(25)
_SPECIAL_LIMITS = {"unlimited": None, "limited": Decimal("0.02"), "empty": Decimal(0)}


def bearer(header: str | None) -> str | None:
    """The key of an ``Authorization`` header, or None where there is none of OpenRouter's form."""
    scheme, _, key = (header or "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" and key.startswith("sk-or-") else None


def refused(key: str) -> bool:
    """Whether the simulator says that it does not know this key."""
    return bool(_REFUSED.search(key))


def is_management(key: str) -> bool:
    """Whether it is a management key, which cannot generate."""
    return "management" in key


def limit(key: str) -> Decimal | None:
    """What the key may spend in USD; None is no limit."""
    for word, amount in _SPECIAL_LIMITS.items():
        if word in key:
            return amount
    return _LIMIT


def info(key: str, spent: Decimal) -> dict[str, Any]:
    """The ``data`` of ``GET /key``."""
    most = limit(key)
    left = None if most is None else float(max(most - spent, Decimal(0)))
    periods = ("usage", "usage_daily", "usage_weekly", "usage_monthly")
    byok = ("byok_usage", "byok_usage_daily", "byok_usage_weekly", "byok_usage_monthly")
    return {
        "label": _masked(key),
        "limit": None if most is None else float(most),
        "limit_remaining": left,
        "limit_reset": None,
        **dict.fromkeys(periods, float(spent)),
        **dict.fromkeys(byok, 0),
        "include_byok_in_limit": False,
        "is_free_tier": "free" in key,
        "is_management_key": is_management(key),
        "is_provisioning_key": is_management(key),
        "creator_user_id": "user_simulator",
        "expires_at": None,
        "rate_limit": dict(_RATE_LIMIT),
    }


def _masked(key: str) -> str:
    start = key[:12] if len(key) >= 20 else "sk-or-"
    return f"{start}...{key[-3:]}"
