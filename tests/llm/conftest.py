"""A scripted upstream, and limits that only end a call where a test sets its own."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pwb.llm.types import CompletionRequest, Endpoint, Limits, Message
from tests.llm.upstream import Upstream

KEY = "sk-or-v1-canary0123456789abcdef"


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream() as running:
        yield running


@pytest.fixture
def endpoint(upstream: Upstream) -> Callable[..., Endpoint]:
    """An endpoint at the upstream; keywords are limits, `provider` and `api_key`."""

    def build(provider: str = "open_router", api_key: str = KEY, **limits: Any) -> Endpoint:
        limits = {"connect": 10.0, "idle": 20.0, "total": 40.0, "backoff": 0.01} | limits
        return Endpoint(provider, upstream.base_url, api_key, Limits(**limits))

    return build


@pytest.fixture
def ask() -> Callable[..., CompletionRequest]:
    """A request with a system and a user message."""

    def build(**changes: Any) -> CompletionRequest:
        given: dict[str, Any] = {
            "model": "openai/gpt-4o",
            "messages": (Message("system", "Write."), Message("user", "{}")),
            "max_tokens": 321,
        }
        return CompletionRequest(**given | changes)

    return build
