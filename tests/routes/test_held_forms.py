"""Forms that outlive the session in which they were filled in."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests import factories
from tests.pages import Person, check_page

PROPERTY = {
    "reference": "REF-HELD",
    "note": 'A "quoted" <script>alert(1)</script> & line\nend',
    "features": ["pool", "garden"],
}


def held_fields(html: str) -> list[tuple[str, str]]:
    """The hidden fields of the form that holds another, as a browser would send them."""
    pattern = r'<input type="hidden" name="([^"]+)" value="([^"]*)">'
    pairs = [(unescape(n), unescape(v)) for n, v in re.findall(pattern, html)]
    return [pair for pair in pairs if pair[0] != "csrf_token"]


def post_signed_out(person: Person, **headers: str) -> Any:
    return person.client.post(
        "/site_admin/properties/new?from=list",
        data=PROPERTY | {"csrf_token": person.token},
        base_url=person.base_url,
        headers=headers,
    )


def as_form(pairs: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Pairs as a test client takes them, repeated names kept."""
    form: dict[str, list[str]] = {}
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    return form


def test_what_was_typed_when_the_session_ended_comes_back_after_signing_in(
    agent: Person, agency: factories.Agency
) -> None:
    agent.client.delete_cookie("pwb_session", domain="127.0.0.1")
    answer = post_signed_out(agent, **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 401
    page = check_page(answer.text)
    assert page.h1 == ["You were signed out"]
    assert "<script>alert" not in answer.text
    token = re.search(r'name="csrf-token" content="([^"]+)"', answer.text)
    assert token
    sent = as_form(held_fields(answer.text)) | {
        "csrf_token": [token.group(1)],
        "email": [agency.agent.email],
    }
    wrong = agent.client.post(
        "/login", data=sent | {"password": ["wrong"]}, base_url=agent.base_url
    )
    assert wrong.status_code == 422
    assert held_fields(wrong.text)[:-1] == held_fields(answer.text)[:-1]
    resumed = agent.client.post(
        "/login", data=sent | {"password": [factories.PASSWORD]}, base_url=agent.base_url
    )
    assert resumed.status_code == 200
    page = check_page(resumed.text)
    assert page.forms[0]["action"] == "/site_admin/properties/new?from=list"
    assert "<script>alert" not in resumed.text
    carried = as_form(held_fields(resumed.text))
    assert carried["reference"] == ["REF-HELD"]
    assert carried["features"] == ["pool", "garden"]
    assert carried["note"][0].replace("\r\n", "\n") == PROPERTY["note"]
    token = re.search(r'name="csrf-token" content="([^"]+)"', resumed.text)
    assert token
    again = agent.client.post(
        page.forms[0]["action"],
        data=carried | {"csrf_token": [token.group(1)]},
        base_url=agent.base_url,
    )
    assert again.status_code in {200, 302, 422}
    assert again.status_code == 302 or "REF-HELD" in again.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {},
    ],
)
def test_a_form_from_another_site_is_not_held(agent: Person, headers: dict[str, str]) -> None:
    agent.client.delete_cookie("pwb_session", domain="127.0.0.1")
    answer = post_signed_out(agent, **headers)
    assert answer.status_code == 400
    assert "REF-HELD" not in answer.text


def test_a_form_older_than_the_sign_in_is_offered_again(
    agent: Person, agency: factories.Agency
) -> None:
    agent.token = "of-another-session"
    answer = post_signed_out(agent, Origin="http://127.0.0.1:5000")
    assert answer.status_code == 400
    assert as_form(held_fields(answer.text))["reference"] == ["REF-HELD"]
    agent.token = ""
    assert "REF-HELD" not in post_signed_out(agent, Origin="https://evil.test").text


def test_a_program_whose_session_ended_is_told_so_as_json(agent: Person) -> None:
    agent.client.delete_cookie("pwb_session", domain="127.0.0.1")
    for accept in ("application/json", "text/event-stream"):
        headers = {"Accept": accept, "Sec-Fetch-Site": "same-origin"}
        answer = agent.client.post(
            "/site_admin/properties/1/descriptions",
            headers=headers,
            data={"locale": "en"},
            base_url=agent.base_url,
        )
        assert answer.status_code == 401
        assert answer.json["error"]["code"] == "signed_out"
