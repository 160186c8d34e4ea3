"""Lists of models for tests: entries as OpenRouter's `/models` has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pwb.services import catalogue
from pwb.simulator.testing import RunningSimulator


def entry(model_id: str, prompt: str = "3", completion: str = "15", **more: Any) -> dict[str, Any]:
    """One model; prices are USD per million tokens, "-1" for unknown. `structured`, `images`,
    `expires_in` (days), `created`, `context`, `slug`, `name`, `pricing`."""
    parameters = ["max_tokens", "temperature"]
    if more.get("structured", True):
        parameters += ["response_format", "structured_outputs"]
    expires = more.get("expires_in")
    day = datetime.now(UTC).date() + timedelta(days=expires) if expires is not None else None
    return {
        "id": model_id,
        "canonical_slug": more.get("slug", model_id),
        "name": more.get("name", model_id),
        "created": more.get("created", 1_700_000_000),
        "description": more.get("description", ""),
        "context_length": more.get("context", 128_000),
        "architecture": {"input_modalities": ["text", "image"] if more.get("images") else ["text"]},
        "pricing": {"prompt": _token(prompt), "completion": _token(completion)}
        | more.get("pricing", {}),
        "supported_parameters": more.get("parameters", parameters),
        "expiration_date": day.isoformat() if day else None,
    }


def _token(per_million: str) -> str:
    from decimal import Decimal

    return per_million if per_million == "-1" else f"{Decimal(per_million) / 1_000_000:f}"


def fetch(simulator: RunningSimulator, *entries: dict[str, Any]) -> None:
    """Have exactly these models fetched into the catalogue."""
    simulator.enqueue({"data": list(entries)}, path="/models")
    assert catalogue.refresh("open_router") == "fetched"


def many(number: int) -> list[dict[str, Any]]:
    """A long list of made-up models, some of every kind."""
    makers = ("anthropic", "openai", "google", "mistralai", "meta-llama", "deepseek", "qwen")
    families = ("atlas", "harbour", "meridian-long-context-thinking", "nova", "quill", "sierra")
    found = []
    for n in range(number):
        maker, family = makers[n % len(makers)], families[n % len(families)]
        model_id = f"{maker}/{family}-{n}"
        price = "-1" if n % 40 == 7 else "0" if n % 25 == 3 else f"{(n % 60 + 1) * 0.05:.2f}"
        dear = price if price in {"-1", "0"} else f"{(n % 60 + 1) * 0.2:.2f}"
        found.append(
            entry(
                model_id,
                price,
                dear,
                name=f"{maker.title()}: {family.replace('-', ' ').title()} {n}",
                slug=f"{model_id}-2025-0{n % 9 + 1}-01",
                created=1_700_000_000 + n * 86_400,
                context=(8_192, 32_768, 131_072, 200_000, 1_048_576)[n % 5],
                images=n % 3 == 0,
                structured=n % 4 != 1,
                expires_in=20 + n if n % 50 == 11 else None,
                description="A made-up model that writes long and short texts. " * 4,
                pricing=_tiers(n),
            )
        )
    return found


def _tiers(n: int) -> dict[str, Any]:
    if n % 30 != 4:
        return {}
    tier = {"min_prompt_tokens": 200_000, "prompt": "0.00001", "completion": "0.00004"}
    return {"overrides": [tier], "request": "0.0001", "input_cache_read": "0.00000002"}


# One of each kind.
FIVE = (
    entry("a/plain", "1", "2", name="Plain", context=8_000, structured=False),
    entry("a/seer", "3", "15", name="Seer", context=200_000, images=True),
    entry("b/giant", "0.1", "0.4", name="Giant", context=1_000_000, expires_in=40),
    entry("b/router", "-1", "-1", name="Router", context=2_000_000),
    entry("c/gift:free", "0", "0", name="Gift", context=32_000),
)
