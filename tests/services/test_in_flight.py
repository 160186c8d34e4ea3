"""How many generations may run at once, across threads, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, User, Website
from pwb.models.base import utcnow
from pwb.services import generations
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import DescriptionSpec
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.pages import Person
from tests.waiting import PATIENCE, wait_until

CLICKS = 60


@pytest.fixture
def website(app: Flask, simulator: RunningSimulator) -> Website:
    website = factories.create_website()
    factories.create_integration(website)
    return website


@pytest.fixture
def listing(website: Website) -> Property:
    return factories.create_property(website)


def begin(website: Website, actor: User | None, listing: Property, key: str | None = None) -> int:
    """Open a generation that never runs; its row's id."""
    order = DescriptionSpec("en", idempotency_key=key)
    return generations.begin_description(website, actor, listing, order).request_id


def click_all_at_once(app: Flask, listing_id: int, people: list[int | None]) -> list[str]:
    """One click each, in as many threads; `ok` or the code of the failure."""
    ready = threading.Barrier(len(people))

    def click(person: int | None) -> str:
        with app.app_context():
            listing = db.session.get_one(Property, listing_id)
            website = db.session.get_one(Website, listing.website_id)
            actor = db.session.get(User, person) if person else None
            db.session.rollback()
            ready.wait()
            try:
                begin(website, actor, listing)
            except GenerationFailed as failure:
                return failure.code
            return "ok"

    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(click, people))


def running(website: Website, user_id: int | None = None) -> int:
    query = select(func.count()).where(GenerationRequest.website_id == website.id)
    if user_id is not None:
        query = query.where(GenerationRequest.user_id == user_id)
    return db.session.scalar(query)


def test_sixty_clicks_of_one_person_never_start_an_eleventh(
    app: Flask, website: Website, listing: Property
) -> None:
    person = factories.create_user(website).id
    outcomes = click_all_at_once(app, listing.id, [person] * CLICKS)
    assert sorted(set(outcomes)) == ["busy", "ok"]
    assert outcomes.count("ok") == running(website, person) == 10


def test_sixty_people_never_start_a_forty_first_on_one_website(
    app: Flask, website: Website, listing: Property
) -> None:
    people = [factories.create_user(website).id for _ in range(12)]
    outcomes = click_all_at_once(app, listing.id, people * 5)
    assert outcomes.count("ok") == running(website) == 40
    assert outcomes.count("busy") == 20


def test_the_command_line_counts_for_the_website_only(
    app: Flask, website: Website, listing: Property
) -> None:
    outcomes = click_all_at_once(app, listing.id, [None] * CLICKS)
    assert outcomes.count("ok") == running(website) == 40


@contextmanager
def smaller_limits(settings: Settings, person: int, website: int) -> Iterator[Flask]:
    limits = {"ai_in_flight_per_person": person, "ai_in_flight_per_website": website}
    app = create_app(settings.model_copy(update=limits))
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


def test_the_refusal_names_whose_limit_it_is_and_writes_nothing(
    settings: Settings, simulator: RunningSimulator
) -> None:
    with smaller_limits(settings, person=1, website=2):
        website = factories.create_website()
        factories.create_integration(website)
        listing = factories.create_property(website)
        ana, ben, cem = (factories.create_user(website) for _ in range(3))
        begin(website, ana, listing)
        with pytest.raises(GenerationFailed) as mine:
            begin(website, ana, listing)
        begin(website, ben, listing)
        with pytest.raises(GenerationFailed) as ours:
            begin(website, cem, listing)
        assert running(website) == 2
    assert (mine.value.code, mine.value.status, mine.value.request_id) == ("busy", 429, None)
    assert mine.value.retry_after and "listed under Requests" in mine.value.resolution
    assert mine.value.message.startswith("You already have 1 text being written")
    assert ours.value.message.startswith("This website already has 2 texts being written")


def test_another_websites_texts_and_those_past_their_deadline_do_not_count(
    settings: Settings, simulator: RunningSimulator
) -> None:
    with smaller_limits(settings, person=1, website=1):
        ana = factories.create_user()
        for _ in range(2):
            website = factories.create_website()
            factories.create_integration(website)
            listing = factories.create_property(website)
            begin(website, ana, listing)
        db.session.execute(update(GenerationRequest).values(deadline_at=utcnow()))
        db.session.commit()
        assert begin(website, ana, listing)


def test_a_resent_form_is_never_busy(settings: Settings, simulator: RunningSimulator) -> None:
    with smaller_limits(settings, person=1, website=1) as app:
        website = factories.create_website()
        factories.create_integration(website)
        listing_id = factories.create_property(website).id
        person_id = factories.create_user(website).id
        ready = threading.Barrier(8)

        def click(_number: int) -> int:
            with app.app_context():
                listing = db.session.get_one(Property, listing_id)
                site = db.session.get_one(Website, listing.website_id)
                person = db.session.get_one(User, person_id)
                db.session.rollback()
                ready.wait()
                return begin(site, person, listing, key="the same")

        with ThreadPoolExecutor(8) as pool:
            assert len(set(pool.map(click, range(8)))) == 1


def test_the_page_and_json_say_busy_and_when_to_come_back(
    app: Flask, agency: factories.Agency, agent: Person, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    listing = factories.create_property(agency.website)
    for _ in range(10):
        begin(agency.website, agency.agent, listing)
    path = f"/site_admin/properties/{listing.id}/descriptions"
    headers = {"Accept": "application/json", "X-CSRFToken": agent.token}
    answer = agent.post(path, {"locale": "en"}, status=429, headers=headers)
    assert answer.json["error"]["code"] == "busy"
    assert answer.headers["Retry-After"] == str(answer.json["error"]["retry_after"])
    page = agent.submit(path, {"locale": "en"}, status=429)
    assert "You already have 10 texts being written" in page.text


def test_twenty_at_once_all_succeed_with_two_database_connections(
    app: Flask, simulator: RunningSimulator, small_pool: Flask
) -> None:
    simulator.settings.first_delay = 2.5
    with small_pool.app_context():
        websites = []
        for _ in range(2):
            website = factories.create_website()
            factories.create_integration(website)
            websites.append((website.id, factories.create_property(website).id))
        db.session.remove()

        def describe(ids: tuple[int, int]) -> str:
            with small_pool.app_context():
                website = db.session.get_one(Website, ids[0])
                listing = db.session.get_one(Property, ids[1])
                order = DescriptionSpec("en")
                return generations.generate_description(website, None, listing, order).cost_state

        with ThreadPoolExecutor(20) as pool:
            assert list(pool.map(describe, websites * 10)) == ["exact"] * 20
        # The watcher of running generations may just be at its last look.
        wait_until(lambda: db.engine.pool.checkedout() == 0)


@pytest.fixture
def small_pool(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An app that has two connections to the database and waits for one, but not as
    long as twenty calls by twos take."""
    from pwb import startup

    real = startup.configure

    def configure(app: Flask, settings: Settings) -> None:
        real(app, settings)
        options = {"pool_size": 2, "max_overflow": 0, "pool_timeout": PATIENCE}
        app.config["SQLALCHEMY_ENGINE_OPTIONS"] |= options

    monkeypatch.setattr(startup, "configure", configure)
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()
