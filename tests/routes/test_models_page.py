"""The page of models: search, filters, order, shortlist, default, refresh, and the banner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from pwb.config import Settings
from pwb.extensions import db
from pwb.models import AuditEvent, Website, WebsiteIntegration
from pwb.services import catalogue
from pwb.services.chosen_models import set_shortlisted
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.catalogues import FIVE, entry, fetch, many
from tests.pages import Page, Person

PAGE = "/site_admin/ai/models"
JSON = {"Accept": "application/json"}


@pytest.fixture
def own_key(agency: factories.Agency, simulator: RunningSimulator) -> WebsiteIntegration:
    settings = {"default_model": "a/seer", "fallback_models": ["b/giant"], "max_tokens": 900}
    return factories.create_integration(agency.website, settings=settings)


@pytest.fixture
def listed(app: Flask, simulator: RunningSimulator) -> RunningSimulator:
    fetch(simulator, *FIVE)
    return simulator


def names(page: Page) -> list[str]:
    return re.findall(r'class="model-title">([^<]+)<', page.html)


def row_of(page: Page, model: str) -> str:
    rows = re.findall(r"<tr>.*?</tr>", page.html, re.S)
    (found,) = [row for row in rows if f'value="{model}"' in row]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", found))


def settings_of(row: WebsiteIntegration) -> dict[str, Any]:
    db.session.expire_all()
    return db.session.get_one(WebsiteIntegration, row.id).settings


def website(agency: factories.Agency) -> Website:
    db.session.expire_all()
    return db.session.get_one(Website, agency.website.id)


def test_agents_are_refused(agent: Person) -> None:
    agent.get(PAGE, status=403)
    for path in ("shortlist", "default", "refresh"):
        agent.post(f"{PAGE}/{path}", {"model": "a/seer"}, status=403)


def test_the_side_navigation_leads_here_for_admins_only(admin: Person, agent: Person) -> None:
    assert f'href="{PAGE}"' in admin.get("/site_admin/").html
    assert f'href="{PAGE}"' not in agent.get("/site_admin/").html


def test_before_anything_is_fetched_the_page_says_how_to_fill_it(admin: Person) -> None:
    page = admin.get(PAGE)
    assert "No list of models yet" in page.text and "Refresh" in page.text


def test_prices_are_shown_per_million_and_per_description(
    admin: Person, listed: RunningSimulator
) -> None:
    page = admin.get(PAGE)
    assert "$3 $15 0.8 ¢" in row_of(page, "a/seer")
    assert "$0.10 $0.40 0.023 ¢" in row_of(page, "b/giant")
    assert "Free" in row_of(page, "c/gift:free") and "$0 $0 0 ¢" in row_of(page, "c/gift:free")
    assert "5 of 5 models" in page.text and "as of" in page.text


def test_unknown_prices_read_unknown(admin: Person, listed: RunningSimulator) -> None:
    assert "unknown unknown unknown" in row_of(admin.get(PAGE), "b/router")


def test_tiers_and_other_prices_are_told(admin: Person, simulator: RunningSimulator) -> None:
    tier = {"min_prompt_tokens": 200_000, "prompt": "0.000006", "completion": "0.00002"}
    window = {"utc_start": 1630, "utc_end": 30, "prompt": "0.000001"}
    more = {"overrides": [tier, window], "request": "0.0001", "image": "0.001445"}
    fetch(simulator, entry("a/tiered", pricing=more))
    row = row_of(admin.get(PAGE), "a/tiered")
    assert "From 200,000 tokens in: $6 in, $20 out per million" in row
    assert "At times, 16:30 to 00:30 UTC: $1 in per million" in row
    assert "0.01 ¢ for each request" in row and "0.14 ¢ for each picture" in row


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Giant", "Gift", "Plain", "Router", "Seer"]),
        ("q=seer", ["Seer"]),
        ("q=B%2F", ["Giant", "Router"]),
        ("q=giant b", ["Giant"]),
        ("q=nothing-like-it", []),
        ("structured=1", ["Giant", "Gift", "Router", "Seer"]),
        ("images=1", ["Seer"]),
        ("context=200000", ["Giant", "Router", "Seer"]),
        ("max_cents=0.2", ["Giant", "Gift", "Plain"]),
        ("max_cents=0,2", ["Giant", "Gift", "Plain"]),
        ("max_cents=0", ["Gift"]),
        ("max_cents=0.2&structured=1", ["Giant", "Gift"]),
        ("shortlist=1", []),
        ("sort=name&direction=desc", ["Seer", "Router", "Plain", "Gift", "Giant"]),
        ("sort=cost", ["Gift", "Giant", "Plain", "Seer", "Router"]),
        ("sort=cost&direction=desc", ["Seer", "Plain", "Giant", "Gift", "Router"]),
        ("sort=in", ["Gift", "Giant", "Plain", "Seer", "Router"]),
        ("sort=out&direction=desc", ["Seer", "Plain", "Giant", "Gift", "Router"]),
        ("sort=context", ["Plain", "Gift", "Seer", "Giant", "Router"]),
        ("sort=expiry", ["Giant", "Gift", "Plain", "Router", "Seer"]),
        ("order=cost-desc", ["Seer", "Plain", "Giant", "Gift", "Router"]),
        ("sort=made-up&direction=sideways", ["Giant", "Gift", "Plain", "Router", "Seer"]),
        ("context=many&page=minus", ["Giant", "Gift", "Plain", "Router", "Seer"]),
    ],
)
def test_the_list_is_searched_narrowed_and_sorted(
    admin: Person, listed: RunningSimulator, query: str, expected: list[str]
) -> None:
    assert names(admin.get(f"{PAGE}?{query}")) == expected


@pytest.mark.parametrize("text", ["cheap", "-1", "NaN", "1e999999", "Infinity"])
def test_a_price_that_is_none_is_told_beside_its_field(
    admin: Person, listed: RunningSimulator, text: str
) -> None:
    page = admin.get(f"{PAGE}?max_cents={text}", status=200 if text == "1e999999" else 422)
    assert ("Enter US cents" in page.text) == (text != "1e999999")
    assert len(names(page)) >= 4


def test_four_hundred_models_come_in_pages(
    admin: Person, own_key: WebsiteIntegration, simulator: RunningSimulator
) -> None:
    fetch(simulator, *many(400))
    admin.get(PAGE)
    first = admin.get(f"{PAGE}?sort=cost")
    assert len(names(first)) == 50 and "402 of 402" in first.text, "with two in use"
    last = admin.get(f"{PAGE}?sort=cost&page=99")
    assert len(names(last)) >= 1 and not set(names(first)) & set(names(last))


class TestTheShortlist:
    def test_takes_a_star_and_gives_it_back_without_javascript(
        self, admin: Person, agency: factories.Agency, listed: RunningSimulator
    ) -> None:
        form = {"model": "a/seer", "provider": "open_router", "back": f"{PAGE}?q=seer"}
        answer = admin.post(f"{PAGE}/shortlist?starred=1", form)
        assert answer.location == f"{PAGE}?q=seer"
        assert names(admin.get(f"{PAGE}?shortlist=1")) == ["Seer"]
        page = admin.submit(f"{PAGE}/shortlist?starred=0", form)
        assert "a/seer is off the shortlist" in page.text
        assert website(agency).ai_shortlist is None

    def test_says_which_way_so_that_twice_is_as_once(
        self, admin: Person, agency: factories.Agency, listed: RunningSimulator
    ) -> None:
        for _ in range(2):
            admin.post(f"{PAGE}/shortlist?starred=1", {"model": "a/seer"})
        assert catalogue.shortlisted(website(agency), "open_router") == ("a/seer",)
        events = db.session.query(AuditEvent).filter_by(website_id=agency.website.id).all()
        assert [event.changes for event in events] == [{"model_shortlist": [[], ["a/seer"]]}]

    def test_without_a_way_goes_the_other_way_round(
        self, admin: Person, listed: RunningSimulator
    ) -> None:
        for expected in (True, False, True):
            answer = admin.post(f"{PAGE}/shortlist", {"model": "a/seer"}, status=200, headers=JSON)
            assert answer.json == {"success": True, "model": "a/seer", "starred": expected}

    def test_of_another_website_is_its_own(
        self, admin: Person, agency: factories.Agency, listed: RunningSimulator
    ) -> None:
        stranger = factories.create_agency()
        set_shortlisted(stranger.website, stranger.admin, "open_router", "b/giant")
        admin.post(f"{PAGE}/shortlist?starred=1", {"model": "a/seer"})
        assert names(admin.get(f"{PAGE}?shortlist=1")) == ["Seer"]
        assert catalogue.shortlisted(website(stranger), "open_router") == ("b/giant",)

    def test_refuses_what_is_no_model_and_more_than_it_holds(
        self, admin: Person, agency: factories.Agency, listed: RunningSimulator
    ) -> None:
        for model in ("", "no slash", "<script>/x", "a/" + "b" * 300):
            admin.post(f"{PAGE}/shortlist", {"model": model}, status=422, headers=JSON)
        site = website(agency)
        for n in range(40):
            set_shortlisted(site, None, "open_router", f"a/model-{n}")
        answer = admin.post(f"{PAGE}/shortlist", {"model": "a/seer"}, status=422, headers=JSON)
        assert "at most 40" in answer.json["error"]["message"]

    def test_shows_a_starred_model_that_is_no_longer_listed(
        self, admin: Person, agency: factories.Agency, listed: RunningSimulator
    ) -> None:
        set_shortlisted(agency.website, None, "open_router", "a/plain")
        fetch(listed, *FIVE[1:])
        page = admin.get(f"{PAGE}?shortlist=1")
        assert names(page) == ["Plain"] and "No longer listed" in row_of(page, "a/plain")

    def test_feeds_the_select_beside_generate(
        self,
        agent: Person,
        agency: factories.Agency,
        own_key: WebsiteIntegration,
        listed: RunningSimulator,
    ) -> None:
        listing = factories.create_property(agency.website)
        path = f"/site_admin/properties/{listing.id}/edit"
        assert "data-model" not in agent.get(path).html
        set_shortlisted(agency.website, None, "open_router", "b/giant")
        page = agent.get(path)
        assert '<option value="b/giant">Giant · 0.023 ¢</option>' in page.html
        form = {"locale": "en", "tone-en": "casual", "model-en": "b/giant", "model-de": "x/y"}
        answer = agent.post(f"/site_admin/properties/{listing.id}/descriptions", form, status=200)
        assert listed.completions[-1].json["model"] == "b/giant"
        assert '<option value="b/giant" selected>' in answer.text, "the choice is still there"


class TestTheDefault:
    def test_and_the_fallbacks_are_marked(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        page = admin.get(PAGE)
        assert "Default" in row_of(page, "a/seer") and "Fallback 1" in row_of(page, "b/giant")
        assert "the default" not in row_of(page, "a/seer")
        assert "Make Giant the default" in row_of(page, "b/giant")
        assert "New texts are written by Seer , 0.8 ¢ a description" in page.text

    def test_is_marked_under_its_variant_too(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        own_key.settings = {"default_model": "a/seer:nitro"}
        db.session.commit()
        page = admin.get(PAGE)
        assert "Default" in row_of(page, "a/seer") and len(names(page)) == 5

    def test_changes_after_a_question_that_names_the_prices(
        self,
        admin: Person,
        agency: factories.Agency,
        own_key: WebsiteIntegration,
        listed: RunningSimulator,
    ) -> None:
        question = (
            "Write new texts with Giant in place of Seer? "
            "One description then costs 0.023 ¢ in place of 0.8 ¢."
        )
        assert question in admin.get(PAGE).html
        page = admin.submit(f"{PAGE}/default", {"model": "b/giant", "provider": "open_router"})
        assert "b/giant is used from now on" in page.text
        assert settings_of(own_key)["default_model"] == "b/giant"
        (event,) = db.session.query(AuditEvent).filter_by(website_id=agency.website.id).all()
        assert (event.action, event.actor_id) == ("integration.changed", agency.admin.id)
        assert event.changes == {"default_model": ["a/seer", "b/giant"]}

    def test_is_the_operators_choice_without_a_key_of_ones_own(
        self, app: Flask, admin: Person, listed: RunningSimulator
    ) -> None:
        old: Settings = app.config["PWB"]
        with_key = {**old.model_dump(), "open_router_api_key": "sk-or-v1-operators-own"}
        app.config["PWB"] = Settings(_env_file=None, **with_key)
        page = admin.get(PAGE)
        assert "as the operator of this portal has chosen" in page.text
        assert "data-confirm" not in page.html
        page = admin.submit(f"{PAGE}/default", {"model": "b/giant"})
        assert "operator&#39;s choice" in page.html

    def test_refuses_what_is_no_model(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        page = admin.submit(f"{PAGE}/default", {"model": "not a model"})
        assert "has the form provider/model" in page.text
        assert settings_of(own_key)["default_model"] == "a/seer"

    def test_leads_back_to_this_site_only(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        for back in ("https://evil.test/", "//evil.test", "/\\evil.test"):
            answer = admin.post(f"{PAGE}/default", {"model": "b/giant", "back": back})
            assert answer.location == PAGE


class TestRefreshing:
    def test_fetches_the_list(self, admin: Person, simulator: RunningSimulator) -> None:
        page = admin.submit(f"{PAGE}/refresh")
        assert "up to date" in page.text and "Simulator: GPT-4o" in page.text

    def test_twice_in_a_moment_fetches_once(
        self, admin: Person, simulator: RunningSimulator
    ) -> None:
        admin.submit(f"{PAGE}/refresh")
        assert "fetched a moment ago" in admin.submit(f"{PAGE}/refresh").text
        lists = [request for request in simulator.requests if request.path == "/api/v1/models"]
        assert len([request for request in lists if request.method == "GET"]) == 1

    def test_that_fails_keeps_the_last_good_list_and_says_so(
        self, admin: Person, listed: RunningSimulator
    ) -> None:
        listed.enqueue("500", times=3, path="/models")
        catalogue.refresh("open_router")
        page = admin.get(PAGE)
        assert "could not be refreshed" in page.text and "last good list" in page.text
        assert len(names(page)) == 5

    def test_that_never_worked_says_why(self, admin: Person, simulator: RunningSimulator) -> None:
        simulator.enqueue("500", times=3, path="/models")
        page = admin.submit(f"{PAGE}/refresh")
        assert "The list could not be fetched" in page.text
        assert "No list of models yet" in page.text


class TestTheVeryFirstList:
    @pytest.fixture
    def settings(self, database_url: str, simulator: RunningSimulator) -> Settings:
        from tests.conftest import make_settings

        return make_settings(
            database_url=database_url,
            open_router_api_base=simulator.base_url,
            ai_catalogue_refresh=True,
        )

    def test_is_waited_for_a_little(self, app: Flask, simulator: RunningSimulator) -> None:
        agency = factories.create_agency()
        admin = Person(app).signed_in(agency.admin)
        assert "Simulator: GPT-4o" in admin.get(PAGE).text
        assert catalogue.wait_for_refresh()

    def test_that_is_slow_is_said_to_be_on_its_way(
        self, app: Flask, simulator: RunningSimulator, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pwb.services.model_list.FIRST_FETCH_SECONDS", 0.05)
        agency = factories.create_agency()
        admin = Person(app).signed_in(agency.admin)
        reply = Reply(body={"data": [entry("a/late")]}, first_delay=3.0)
        simulator.enqueue(reply, path="/models")
        assert "The list is being fetched" in admin.get(PAGE).text
        assert catalogue.wait_for_refresh()
        assert names(admin.get(PAGE)) == ["a/late"]


class TestPrivacy:
    def test_marks_the_models_that_the_websites_own_key_may_not_use(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        listed.enqueue(
            {"data": [each for each in FIVE if "free" not in each["id"]]}, path="/models/user"
        )
        page = admin.get(PAGE)
        assert "Outside your privacy settings" in row_of(page, "c/gift:free")
        assert "privacy settings" not in row_of(page, "a/seer")
        assert "Gift" not in names(admin.get(f"{PAGE}?allowed=1"))
        asked = [each for each in listed.requests if each.path.endswith("/models/user")]
        assert len(asked) == 1, "remembered for some minutes"
        assert asked[0].headers["Authorization"].endswith("sk-or-v1-factory-0000")

    def test_is_never_required(
        self, admin: Person, own_key: WebsiteIntegration, listed: RunningSimulator
    ) -> None:
        listed.enqueue("500", times=2, path="/models/user")
        for _ in range(2):
            page = admin.get(PAGE)
            assert len(names(page)) == 5 and "privacy settings" not in page.text
        assert len([r for r in listed.requests if r.path.endswith("/models/user")]) == 1

    def test_is_not_asked_for_with_anybody_elses_key(
        self, admin: Person, listed: RunningSimulator
    ) -> None:
        factories.create_integration(factories.create_website())
        assert len(names(admin.get(PAGE))) == 5
        assert not [r for r in listed.requests if "Authorization" in r.headers]


def test_a_website_with_several_providers_can_look_at_each(
    admin: Person, agency: factories.Agency, own_key: WebsiteIntegration, listed: RunningSimulator
) -> None:
    factories.create_integration(
        agency.website, "anthropic", "sk-ant-0123456789abcdef", settings={}
    )
    catalogue.refresh("anthropic")
    assert names(admin.get(PAGE))[0] == "Giant"
    page = admin.get(f"{PAGE}?provider=anthropic")
    assert "Claude" in names(page)[0] and "from genai-prices" in page.text
    assert names(admin.get(f"{PAGE}?provider=openai"))[0] == "Giant", "not one of this website's"
    admin.post(
        f"{PAGE}/shortlist?starred=1", {"model": "claude-haiku-4-5", "provider": "anthropic"}
    )
    assert catalogue.shortlisted(website(agency), "anthropic") == ("claude-haiku-4-5",)
    assert catalogue.shortlisted(website(agency), "open_router") == ()
