"""A client that speaks to the simulator over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from pwb.simulator.testing import RunningSimulator
from tests.waiting import PATIENCE

KEY = "sk-or-v1-0123456789abcdef0123456789abcdef"
LISTING = {
    "reference": "ES-VILLA-001",
    "property_type": "villa",
    "property_state": "excellent",
    "bedrooms": 5,
    "bathrooms": "2.5",
    "constructed_area": "350",
    "plot_area": "1200",
    "area_unit": "sqmt",
    "year_built": 2012,
    "city": "Marbella",
    "region": "Málaga",
    "sale_price": "1250000",
    "currency": "EUR",
    "features": ["terrace", "sea_views", "air_conditioning"],
}


class Caller:
    """Calls the simulator with one key over one session."""

    def __init__(self, simulator: RunningSimulator, session: requests.Session) -> None:
        self.simulator = simulator
        self.session = session

    def get(self, path: str, key: str | None = KEY, **options: Any) -> requests.Response:
        url = self.simulator.base_url + path
        return self.session.get(url, headers=bearer(key), timeout=PATIENCE, **options)

    def chat(
        self, key: str | None = KEY, timeout: float = PATIENCE, **body: Any
    ) -> requests.Response:
        """A completion of the usual document; keywords are fields of the body."""
        fault = body.pop("fault", None)
        headers = bearer(key) | ({"X-Simulate-Fault": fault} if fault else {})
        url = self.simulator.base_url + "/chat/completions"
        whole = {"model": "openai/gpt-4o", "messages": messages(document()), **body}
        return self.session.post(url, json=whole, headers=headers, timeout=timeout)

    def text(self, asked: dict[str, Any], **body: Any) -> dict[str, Any]:
        """The parsed content of an answer to a document."""
        reply = self.chat(messages=messages(asked), **body).json()
        found: dict[str, Any] = json.loads(reply["choices"][0]["message"]["content"])
        return found


def bearer(key: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"} if key else {}


def document(**parts: Any) -> dict[str, Any]:
    asked = {"task": "listing_description", "locale": "en", "tone": "professional"}
    return {**asked, "listing": LISTING, **parts}


def messages(asked: object) -> list[dict[str, Any]]:
    system = {"role": "system", "content": "Write a listing."}
    return [system, {"role": "user", "content": json.dumps(asked, ensure_ascii=False)}]


def data_events(body: bytes) -> list[dict[str, Any]]:
    """The JSON events of a stream, without comments and the end mark."""
    lines = [line for line in body.split(b"\n") if line.startswith(b"data: {")]
    return [json.loads(line.removeprefix(b"data: ")) for line in lines]


def streamed_text(body: bytes) -> str:
    choices = [choice for event in data_events(body) for choice in event["choices"]]
    return "".join(choice["delta"]["content"] for choice in choices)


@pytest.fixture
def caller(simulator: RunningSimulator) -> Iterator[Caller]:
    with requests.Session() as session:
        yield Caller(simulator, session)
