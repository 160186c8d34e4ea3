"""What the documentation says of the wire is so: the example, the tables, the lists."""

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pwb.content.listing import FACT_FIELDS
from pwb.llm import client, providers
from pwb.llm.faults import Context, read_fault, to_error
from pwb.llm.registry import all_providers, get_provider
from pwb.llm.types import Endpoint, Limits, OutputSchema
from pwb.services.connections import connection_for
from pwb.services.generation_errors import STATUS
from pwb.services.integration_cards import cards
from pwb.services.integrations import save_integration
from tests import factories
from tests.llm.upstream import DONE, completion, delta, json_reply, stream_reply

PAGE = Path(__file__).resolve().parents[2] / "docs" / "open_router.md"
KEY = "acme-0123456789abcdef"


def section(title: str) -> str:
    """What stands below a heading, up to the next one."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(f"\n{title}\n")
    return re.split(r"\n#{2,3} ", rest)[0]


def code_words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def table(title: str) -> list[list[str]]:
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines][2:]


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example of the page, saved as a file beside the portal's own providers."""
    [example] = re.findall(r"```python\n(.*?)```", section("## Adding a provider"), re.DOTALL)
    (tmp_path / "acme.py").write_text(example, encoding="utf-8")
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(tmp_path)])
    importlib.invalidate_caches()
    all_providers.cache_clear()
    yield
    all_providers.cache_clear()
    sys.modules.pop("pwb.llm.providers.acme", None)
    vars(providers).pop("acme", None)


@pytest.fixture
def at(upstream) -> Endpoint:
    return Endpoint("acme", upstream.base_url, KEY, Limits(total=40.0, backoff=0.01))


@pytest.mark.usefixtures("acme")
def test_the_example_is_found_and_makes_a_call(upstream, at, ask):
    upstream.enqueue(json_reply(completion(usage={"total_usd": "0.0012"})))
    schema = OutputSchema("listing", {"type": "object"})
    answer = client.complete(at, ask(model="scribe-2", user="u", output_schema=schema))
    assert answer.text == "A bright flat."
    assert str(answer.usage.cost_usd) == "0.0012"
    received = upstream.received[-1]
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert received.headers["acme-region"] == "eu"
    assert received.json["response_format"] == {"type": "json_object"}
    assert "JSON Schema" in received.json["messages"][0]["content"]
    assert "user" not in received.json


@pytest.mark.usefixtures("acme")
def test_the_example_streams(upstream, at, ask):
    usage = {"completion_tokens": 2, "total_usd": 0.0012}
    upstream.enqueue(
        stream_reply(delta("A bright"), delta(" flat."), delta("", "stop", usage=usage), DONE)
    )
    with client.stream(at, ask(model="scribe-2")) as stream:
        assert list(stream) == ["A bright", " flat."]
    assert str(stream.completion.usage.cost_usd) == "0.0012"


@pytest.mark.usefixtures("acme")
def test_the_example_gets_the_portals_errors_and_retries(upstream, at, ask):
    overloaded = json_reply({"error": {"message": "busy"}}, 503)
    upstream.enqueue(overloaded, json_reply(completion()))
    assert client.complete(at, ask(model="scribe-2")).attempts == 2
    with pytest.raises(client.InvalidApiKey):
        client.complete(replace(at, api_key="no key"), ask())


@pytest.mark.usefixtures("acme", "app")
def test_websites_can_connect_to_the_example_without_anything_else():
    website = factories.create_website()
    assert "acme" in [card.provider_id for card in cards(website)]
    save_integration(website, None, "acme", api_key=KEY, changes={})
    connection = connection_for(website)
    assert (connection.provider, connection.model) == ("acme", "scribe-2")
    assert connection.base_url == "https://api.acme.example/v1"


def answered() -> Iterator[tuple[int, str, list[str]]]:
    for statuses, types, *rest in table("### What the provider answers"):
        for status in re.findall("[0-9]+", statuses):
            for kind in code_words(types):
                yield int(status), kind, rest


@pytest.mark.parametrize(("status", "kind", "said"), [*answered()])
def test_the_table_of_errors_says_what_happens(status, kind, said):
    code, portal_status, retried, billed, _cure = said
    body = {"error": {"code": status, "message": "It broke", "metadata": {"error_type": kind}}}
    for error in (
        to_error(read_fault(body, status), Context("OpenRouter", "a/b")),
        to_error(read_fault(body), Context("OpenRouter", "a/b")),
    ):
        assert code == f"`{error.code}`"
        assert int(portal_status) == STATUS[error.code]
        assert retried == ("yes" if error.retryable else "no")
        assert billed == error.billed


def test_the_table_of_errors_covers_every_status_that_is_told_apart():
    covered = {status for status, _, _ in answered()}
    assert {400, 401, 402, 403, 404, 408, 413, 422, 429} <= covered
    assert {500, 502, 503, 504, 524, 529} <= covered


def test_the_portals_own_failures_have_the_codes_and_statuses_of_the_table():
    rows = table("### What the portal finds by itself")
    assert len(rows) > 10
    for _what, code, portal_status, *_ in rows:
        assert STATUS[code.strip("`")] == int(portal_status)


def test_the_fields_that_leave_are_all_named():
    named = set(code_words(section("## Privacy")))
    assert set(FACT_FIELDS) <= named
    extra = {"FACT_FIELDS", "pwb/content/listing.py", "user"}
    extra |= {"provider.zdr", "provider.data_collection: deny"}
    assert named - set(FACT_FIELDS) == extra


def test_the_recommended_models_are_those_of_the_form():
    rows = table("## Models")
    declared = get_provider("open_router").recommended_models
    assert rows == [[f"`{model.id}`", model.note] for model in declared]


def test_every_setting_is_explained():
    text = section("## Settings")
    prices = "Highest price per million tokens in, and out"
    for field in get_provider("open_router").setting_fields:
        assert (prices if field.name.startswith("max_price") else field.label) in text


def test_the_limits_are_those_of_the_code():
    text, limits = section("## How a request is made"), Limits()
    for seconds in (limits.connect, limits.idle, limits.total):
        assert f"| {seconds:g} s |" in text
    assert (limits.max_event_bytes, limits.max_total_bytes) == (1 << 20, 8 << 20)
    assert limits.max_attempts == 3
    assert limits.max_retry_after == 20
    assert limits.backoff == 0.5


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#h][^)#]*)", PAGE.read_text("utf-8")))
def test_links_to_other_pages_lead_somewhere(target):
    assert (PAGE.parent / target).is_file()


@pytest.mark.parametrize("anchor", re.findall(r"\]\(#([^)]+)", PAGE.read_text("utf-8")))
def test_links_within_the_page_lead_somewhere(anchor):
    titles = re.findall(r"^#{2,3} (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
