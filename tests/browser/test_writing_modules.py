"""The pure parts of the writing scripts, called in the browser that they are written for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Route

from pwb.config import ROOT

Run = Callable[..., Any]


def _serve(route: Route) -> None:
    path = urlsplit(route.request.url).path
    if path == "/":
        route.fulfill(body="<!doctype html>", content_type="text/html")
    else:
        route.fulfill(path=ROOT / path.removeprefix("/"))


@pytest.fixture(scope="module")
def run(chromium: Browser) -> Iterator[Run]:
    """Call an exported function of a module: run("diff", "diff", before, after)."""
    page = chromium.new_page()
    page.route("**/*", _serve)
    page.goto("http://modules.test/")

    def call(module: str, name: str, *arguments: Any) -> Any:
        script = (
            "async ([module, name, values]) =>"
            " (await import(`/static/js/writing/${module}.js`))[name](...values)"
        )
        return page.evaluate(script, [module, name, list(arguments)])

    yield call
    page.close()


@pytest.mark.parametrize(
    ("text", "start", "end", "found"),
    [
        ("plain text", 0, 5, "plain"),
        ("🏡🌊 sea view", 3, 6, "sea"),
        ("日本語の家", 2, 4, "語の"),
        ("short", 2, 99, "ort"),
    ],
)
def test_offsets_of_the_server_name_the_same_characters(
    run: Run, text: str, start: int, end: int, found: str
) -> None:
    assert run("points", "part", text, start, end) == found
    assert found == text[start:end]


@pytest.mark.parametrize(
    ("before", "after", "locale"),
    [
        ("", "", "en"),
        ("A villa.", "", "en"),
        ("", "A villa.", "en"),
        ("A big old villa with a pool.", "A new villa with two pools.", "en"),
        ("Eine Villa\n\nmit Pool.", "Eine Villa mit großem Pool.", "de"),
        ("広い庭のある家", "広い家", "ja"),
        ("same words", "same words", "en"),
        ("word " * 900, "other " * 3000, "en"),
    ],
)
def test_a_comparison_holds_both_texts_whole(
    run: Run, before: str, after: str, locale: str
) -> None:
    steps = run("diff", "diff", before, after, locale)
    assert "".join(text for kind, text in steps if kind != "ins") == before
    assert "".join(text for kind, text in steps if kind != "del") == after


def test_a_comparison_names_the_words_that_changed(run: Run) -> None:
    steps = run("diff", "diff", "Built in 2021 by us.", "Built in 2019 by us.", "en")
    assert steps == [["same", "Built in "], ["del", "2021"], ["ins", "2019"], ["same", " by us."]]


@pytest.mark.parametrize(
    ("text", "claim", "left"),
    [
        ("A villa. It has a sauna. It is new.", "sauna", "A villa. It is new."),
        ("It has a sauna.", "sauna", "It has a ."),
        ("Villa – sauna – sea views", "sauna", "Villa – sea views"),
        ("Villa, pool, sauna", "sauna", "Villa, pool"),
        ("Villa of 2,500 m², sauna", "sauna", "Villa of 2,500 m²"),
        ("One.\n\nA sauna.\n\nTwo.", "sauna", "One.\n\nTwo."),
        ("家です。サウナがあります。広いです。", "サウナ", "家です。広いです。"),
    ],
)
def test_taking_a_claim_out_leaves_the_rest_readable(
    run: Run, text: str, claim: str, left: str
) -> None:
    start = text.index(claim)
    span = run("cures", "spanToTakeOut", text, start, start + len(claim), "en")
    assert run("cures", "tidy", text[: span[0]] + text[span[1] :]) == left


def test_findings_move_with_an_edit_and_those_inside_it_go(run: Run) -> None:
    def claim(start: int, end: int, state: str) -> dict[str, Any]:
        return {"field": "description", "start": start, "end": end, "state": state}

    items = [claim(0, 3, "supported"), claim(5, 9, "contradicted"), claim(12, 15, "supported")]
    checked = {
        "compliance": {"violations": [], "advice": []},
        "claims": {"supported": 2, "contradicted": 1, "unsupported": 0, "items": items},
    }
    moved = run("reading", "afterEdit", checked, "description", 5, 9, 6)
    assert [(item["start"], item["end"]) for item in moved["claims"]["items"]] == [(0, 3), (14, 17)]
    assert moved["claims"]["contradicted"] == 0
