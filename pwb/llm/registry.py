"""The providers, found by looking: every module of `pwb.llm.providers` with a `PROVIDER` is one."""

import importlib
import pkgutil
from functools import cache

from pwb.llm import providers
from pwb.llm.providers.base import Provider


@cache
def all_providers() -> dict[str, Provider]:
    """Every provider by its id, in the order in which forms should show them."""
    found = []
    for module in pkgutil.iter_modules(providers.__path__):
        provider = getattr(
            importlib.import_module(f"{providers.__name__}.{module.name}"), "PROVIDER", None
        )
        if isinstance(provider, Provider):
            found.append(provider)
    return {provider.id: provider for provider in sorted(found, key=lambda p: (p.position, p.id))}


def get_provider(provider_id: str) -> Provider:
    """The provider with this id; LookupError for an unknown one."""
    try:
        return all_providers()[provider_id]
    except KeyError:
        raise LookupError(f"unknown AI provider: {provider_id}") from None
