"""Which models are offered for a trial, and the price beside Generate."""

from __future__ import annotations

from decimal import Decimal

import pytest
from flask import Flask

from pwb.content.photo_words import ALT_TEXT
from pwb.content.social import POSTS
from pwb.models import Website
from pwb.services.chosen_models import set_shortlisted
from pwb.services.model_choices import (
    alt_text_choice,
    default_choice,
    posts_choice,
    trial_choices,
)
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.catalogues import entry, fetch
from tests.ledger_rows import used
from tests.pages import Person

DEFAULT = "anthropic/claude-3.5-sonnet"


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    website = factories.create_website()
    factories.create_integration(website)
    fetch(simulator, entry(DEFAULT, name="Claude Sonnet"), entry("made/up", name="Made Up"))
    return website


def test_the_default_is_offered_by_its_name_and_price(website: Website) -> None:
    choice = default_choice(website)
    assert choice is not None
    assert choice.name == "Claude Sonnet"
    assert choice.cost_cents is not None


def test_a_website_that_cannot_write_has_no_default(app: Flask) -> None:
    website = factories.create_website()
    assert default_choice(website) is None
    assert trial_choices(website) == []


def test_a_default_that_the_list_lacks_has_no_price(app: Flask) -> None:
    website = factories.create_website()
    factories.create_integration(website, settings={"default_model": "gone/away"})
    choice = default_choice(website)
    assert choice is not None
    assert (choice.name, choice.cost_cents) == ("gone/away", None)


def test_a_trial_offers_the_default_first_then_the_shortlist(website: Website) -> None:
    assert [each.id for each in trial_choices(website)][:1] == [DEFAULT]
    assert len(trial_choices(website)) == 7, "the recommended ones"
    set_shortlisted(website, None, "open_router", "made/up")
    assert [each.id for each in trial_choices(website)] == [DEFAULT, "made/up"]


def test_a_price_comes_from_recent_texts_of_its_own_task_without_photos(website: Website) -> None:
    listing = factories.create_property(website)
    plain = {"ai_model": DEFAULT, "input_tokens": 1000, "output_tokens": 100}
    with_photos = {**plain, "input_tokens": 9000, "options": {"photos": [1, 2]}}
    posts = {**plain, "request_type": POSTS, "output_tokens": 1000}
    alt_texts = {**plain, "request_type": ALT_TEXT, "options": {"photo": 1}}
    used(website, *[plain, with_photos, posts, alt_texts] * 5)
    priced = [default_choice(website), posts_choice(website, listing)]
    priced.append(alt_text_choice(website, listing))
    # Entries cost 3 and 15 USD per million tokens in and out.
    assert [each and each.cost_cents for each in priced] == [
        Decimal("0.45"),
        Decimal("1.8"),
        Decimal("0.45"),
    ]


def test_without_recent_ones_posts_and_alt_texts_are_priced_by_their_prompts(
    website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = factories.create_property(website)
    together, alt_text = posts_choice(website, listing), alt_text_choice(website, listing)
    monkeypatch.setattr("pwb.services.social_generation.structured_for", lambda *_: "prompt")
    single = posts_choice(website, listing)
    assert together and single and alt_text
    assert together.cost_cents and single.cost_cents and alt_text.cost_cents
    assert single.cost_cents < together.cost_cents < 5 * single.cost_cents
    # The picture's own tokens are most of it.
    assert Decimal("0.4") < alt_text.cost_cents < Decimal("0.8")


def test_the_price_of_posts_stands_beside_their_order(app: Flask, website: Website) -> None:
    website.monthly_budget_cents = 100
    used(website, {"cost_cents": Decimal(38)})
    agent = factories.create_user(website)
    listing = factories.create_property(website)
    page = Person(app).signed_in(agent).get(f"/site_admin/properties/{listing.id}/social_posts")
    assert "with Claude Sonnet, all platforms in one request" in page.text
    assert "62% of this month’s budget left." in page.text


def test_the_price_of_a_text_stands_beside_generate(app: Flask, website: Website) -> None:
    agent = factories.create_user(website)
    listing = factories.create_property(website)
    page = Person(app).signed_in(agent).get(f"/site_admin/properties/{listing.id}/edit")
    assert "with Claude Sonnet, from the saved facts." in page.text
    assert "¢" in page.text
