"""An order that is sent twice makes one generation."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from pwb.extensions import db
from pwb.models import Property, Website
from pwb.services import generations
from pwb.services.generation_errors import GenerationFailed
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.services.orders import order


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    """A website whose own key the simulator takes."""
    website = factories.create_website()
    factories.create_integration(website)
    return website


@pytest.fixture
def listing(website: Website) -> Property:
    return factories.create_property(website)


def test_a_resent_form_returns_the_first_text_and_calls_once(
    website: Website, listing: Property, simulator: RunningSimulator
) -> None:
    user = factories.create_user(website)
    first = generations.generate_description(website, user, listing, order("k1"))
    again = generations.generate_description(website, user, listing, order("k1"))
    assert again.request_id == first.request_id
    assert again.text == first.text
    assert len(simulator.completions) == 1


def test_two_clicks_at_once_make_one_generation(
    app: Flask, website: Website, listing: Property, simulator: RunningSimulator
) -> None:
    user = factories.create_user(website)
    simulator.settings.first_delay = 0.3

    def click(_number: int) -> int:
        with app.app_context():
            site, person = db.session.get(Website, website.id), db.session.merge(user, load=False)
            found = db.session.get(Property, listing.id)
            return generations.generate_description(site, person, found, order("twice")).request_id

    with ThreadPoolExecutor(5) as pool:
        ids = set(pool.map(click, range(5)))
    assert len(ids) == 1
    assert len(simulator.completions) == 1


def test_the_same_key_with_other_input_is_refused(website: Website, listing: Property) -> None:
    user = factories.create_user(website)
    generations.generate_description(website, user, listing, order("k1"))
    with pytest.raises(GenerationFailed) as failure:
        generations.generate_description(website, user, listing, order("k1", "warm"))
    assert (failure.value.code, failure.value.status) == ("invalid_input", 422)


def test_the_same_key_of_two_people_makes_two_texts(
    website: Website, listing: Property, simulator: RunningSimulator
) -> None:
    for _ in range(2):
        user = factories.create_user(website)
        generations.generate_description(website, user, listing, order("shared"))
    assert len(simulator.completions) == 2


def test_a_failure_resent_with_its_key_is_the_same_failure(
    website: Website, listing: Property, simulator: RunningSimulator
) -> None:
    user = factories.create_user(website)
    simulator.enqueue("402")
    for _ in range(2):
        with pytest.raises(GenerationFailed) as failure:
            generations.generate_description(website, user, listing, order("k"))
        assert failure.value.code == "insufficient_credits"
    assert len(simulator.completions) == 1
