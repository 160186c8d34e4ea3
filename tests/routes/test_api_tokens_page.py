"""The page of API tokens, and the export's downloads."""

from __future__ import annotations

import codecs
import csv
import html
import io
import re

import pytest
from flask import Flask

from pwb.extensions import db
from pwb.models import ApiToken
from pwb.services import api_tokens
from tests import factories
from tests.pages import Page, Person

PAGE = "/site_admin/api_tokens"
TOKEN = re.compile(r"pwb_[A-Za-z0-9_-]{43}")


def row() -> ApiToken:
    return db.session.query(ApiToken).one()


def test_a_token_is_shown_once_and_works(app: Flask, admin: Person) -> None:
    assert "No token is in use" in admin.get(PAGE).text
    made = admin.submit(PAGE, {"name": "Public site"})
    (token,) = TOKEN.findall(made.html)
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/properties", headers=headers).status_code == 200
    later = admin.get(PAGE)
    assert not TOKEN.search(later.html)
    assert "Public site" in later.text and f"…{token[-4:]}" in later.text
    assert row().token_hash not in later.html


def test_the_answer_with_a_token_is_kept_by_no_cache(admin: Person) -> None:
    admin.get(PAGE)
    response = admin.post(PAGE, {"name": "Public site"}, status=200)
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("", "Say what the token is for"), ("x" * 81, "80 characters"), ("  ", "Say what")],
)
def test_a_bad_name_is_told_beside_its_field(admin: Person, name: str, complaint: str) -> None:
    admin.get(PAGE)
    page = admin.submit(PAGE, {"name": name}, status=422)
    assert complaint in page.text
    assert db.session.query(ApiToken).count() == 0


def test_sending_the_form_again_makes_no_second_token(admin: Person) -> None:
    admin.get(PAGE)
    admin.submit(PAGE, {"name": "Public site"})
    page = admin.submit(PAGE, {"name": "Public site"}, status=422)
    assert "has this name already" in page.text
    assert not TOKEN.search(page.html)
    assert db.session.query(ApiToken).count() == 1


def test_a_token_is_revoked_with_a_question_first(app: Flask, admin: Person) -> None:
    admin.get(PAGE)
    (token,) = TOKEN.findall(admin.submit(PAGE, {"name": "Public site"}).html)
    assert "Revoke the token for Public site?" in html.unescape(admin.get(PAGE).html)
    page = admin.submit(f"{PAGE}/{row().id}/revoke")
    assert "Public site is revoked" in page.text and "No token is in use" in page.text
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/v1/properties", headers=headers).status_code == 401
    admin.post(f"{PAGE}/{row().id}/revoke", status=404)


def test_both_deeds_stand_in_the_audit_log(admin: Person) -> None:
    admin.get(PAGE)
    admin.submit(PAGE, {"name": "Public site"})
    admin.submit(f"{PAGE}/{row().id}/revoke")
    log = admin.get("/site_admin/audit_log?kind=api_token").text
    assert "made the API token Public site" in log
    assert "revoked the API token Public site" in log


def test_what_is_typed_as_a_name_is_text(admin: Person) -> None:
    admin.get(PAGE)
    page = admin.submit(PAGE, {"name": "<b>bold</b>"})
    assert "<b>bold</b>" not in page.html and "&lt;b&gt;bold" in page.html


def test_agents_have_neither_the_page_nor_its_entry(agent: Person) -> None:
    agent.get(PAGE, status=403)
    assert PAGE not in agent.get("/site_admin/").html


def test_the_page_is_in_the_navigation_and_marked(admin: Person) -> None:
    link = r'<a class="sidebar-link active" href="/site_admin/api_tokens" aria-current="page">'
    assert re.search(link, admin.get(PAGE).html)


def test_another_websites_tokens_are_not_shown(admin: Person) -> None:
    stranger = factories.create_agency()
    api_tokens.create_token(stranger.website, stranger.admin, "STRANGER")
    assert "STRANGER" not in admin.get(PAGE).html


def test_listings_are_downloaded_whole_or_as_far_as_approved(
    agent: Person, agency: factories.Agency
) -> None:
    factories.create_property(agency.website, {"en": {"title": "Málaga"}}, reference="DRAFT")
    factories.create_approved_text(factories.create_property(agency.website, reference="SIGNED"))
    page: Page = agent.get("/site_admin/properties")
    assert page.html.count('href="/site_admin/properties.csv') == 2
    whole, approved = (
        agent.client.get(f"/site_admin/properties.csv{query}", base_url=agent.base_url)
        for query in ("", "?approved_only=1")
    )
    assert references(whole.data) == ["DRAFT", "SIGNED"]
    assert references(approved.data) == ["SIGNED"]
    assert "Málaga" in whole.text
    for response in (whole, approved):
        assert response.mimetype == "text/csv"
        assert response.data.startswith(codecs.BOM_UTF8)
        assert re.fullmatch(
            r'attachment; filename="[\w-]+\.csv"', response.headers["Content-Disposition"]
        )


def references(data: bytes) -> list[str]:
    reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    return [line["reference"] for line in reader]


def test_what_was_downloaded_is_uploaded_again_and_changes_nothing(
    agent: Person, agency: factories.Agency
) -> None:
    factories.create_property(agency.website, {"en": {"title": "=a  b"}}, reference="A", bedrooms=0)
    data = agent.client.get("/site_admin/properties.csv", base_url=agent.base_url).data
    agent.get("/site_admin/properties/import")
    page = agent.submit("/site_admin/properties/import", {"file": (io.BytesIO(data), "export.csv")})
    assert "1 row read: 0 added, 0 updated, 1 unchanged." in page.text


def test_the_command_prints_the_same_without_the_mark(
    app: Flask, agency: factories.Agency, agent: Person
) -> None:
    factories.create_property(agency.website, {"en": {"title": "Málaga"}}, reference="A")
    downloaded = agent.client.get("/site_admin/properties.csv", base_url=agent.base_url).data
    runner = app.test_cli_runner()
    words = ["properties", "export", "--website", agency.website.subdomain]
    printed = runner.invoke(args=words)
    assert printed.exit_code == 0
    assert codecs.BOM_UTF8 + printed.stdout_bytes == downloaded
    approved = runner.invoke(args=[*words, "--approved-only"])
    assert references(approved.stdout_bytes) == []
    unknown = runner.invoke(args=["properties", "export", "--website", "nobody"])
    assert unknown.exit_code == 2
