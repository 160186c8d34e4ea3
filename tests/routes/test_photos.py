"""The pages of a listing's photos, and the ways in and out for files."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from werkzeug.test import TestResponse

from pwb.extensions import db
from pwb.models import Property, PropertyPhoto
from pwb.services import catalogue, photos
from pwb.simulator.testing import RunningSimulator
from tests import factories, pictures
from tests.factories import Agency
from tests.pages import Person

JSON = {"Accept": "application/json"}
File = tuple[bytes, str]


@pytest.fixture
def listing(agency: Agency) -> Property:
    return factories.create_property(agency.website)


def path(listing: Property, rest: str = "") -> str:
    return f"/site_admin/properties/{listing.id}/photos{rest}"


def send(
    person: Person, listing: Property, *files: File, status: int = 200, **kwargs: Any
) -> TestResponse:
    data = {"photos": [(io.BytesIO(content), name) for content, name in files]}
    return person.post(path(listing), data, status, content_type="multipart/form-data", **kwargs)


def rows() -> list[PropertyPhoto]:
    return list(db.session.query(PropertyPhoto).order_by(PropertyPhoto.id))


def files(app: Flask) -> list[Path]:
    return [each for each in app.config["PWB"].uploads_dir.rglob("*") if each.is_file()]


def open_file(person: Person, address: str, status: int = 200, **headers: str) -> TestResponse:
    response = person.client.get(address, base_url=person.base_url, headers=headers)
    assert response.status_code == status, response.status_code
    return response


def test_photos_are_sent_with_a_plain_form(
    agent: Person, agency: Agency, listing: Property
) -> None:
    page = agent.get(path(listing))
    assert "no photos yet" in page.text
    form = next(form for form in page.forms if "multipart" in str(form.get("enctype")))
    assert form["action"] == path(listing)
    send(agent, listing, (pictures.jpeg(1), "a.jpg"), (pictures.jpeg(2), "b.png"), status=302)
    page = agent.get(path(listing))
    assert "2 photos are added." in page.text
    assert [photo.filename for photo in rows()] == ["a.jpg", "b.png"]
    assert {photo.created_by_id for photo in rows()} == {agency.agent.id}
    assert "a.jpg" in agent.get(f"/site_admin/properties/{listing.id}/edit").text


def test_of_several_files_each_stands_for_itself(
    app: Flask, agent: Person, listing: Property
) -> None:
    sent = [(pictures.jpeg(1), "a.jpg"), (pictures.SVG, "b.jpg"), (pictures.jpeg(2), "../c.jpg")]
    answer = send(agent, listing, *sent, headers=JSON).get_json()
    assert answer["success"] is False
    assert [photo["filename"] for photo in answer["photos"]] == ["a.jpg"]
    assert [each["filename"] for each in answer["errors"]] == ["b.jpg", "../c.jpg"]
    assert "no JPEG, PNG or WebP" in answer["errors"][0]["message"]
    assert "folders" in answer["errors"][1]["message"]
    assert (len(rows()), len(files(app))) == (1, 1)
    page = send(agent, listing, *sent[1:], status=422).get_data(as_text=True)
    assert "no JPEG, PNG or WebP" in page and "<h1" in page


@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_of_hostile_files_nothing_is_kept_and_the_answer_says_why(
    app: Flask, agent: Person, listing: Property
) -> None:
    for name, data in pictures.hostile().items():
        answer = send(agent, listing, (data, f"{name}.jpg"), status=422, headers=JSON).get_json()
        assert answer["photos"] == [], name
        assert answer["error"]["message"].startswith(f"{name}.jpg: "), answer
    assert (rows(), files(app)) == ([], [])


def test_no_file_too_many_files_and_too_much_are_each_said_clearly(
    app: Flask, agent: Person, listing: Property
) -> None:
    answer = send(agent, listing, status=422, headers=JSON).get_json()
    assert "Choose at least one" in answer["error"]["message"]
    many = [(b"x", f"{n}.jpg") for n in range(photos.MOST_PHOTOS + 1)]
    answer = send(agent, listing, *many, status=422, headers=JSON).get_json()
    assert "at most 50 photos at once" in answer["error"]["message"]
    large = {"CONTENT_LENGTH": str(65 * 1024 * 1024)}
    answer = send(
        agent, listing, (b"x", "a.jpg"), status=413, headers=JSON, environ_overrides=large
    )
    assert answer.get_json()["error"]["message"]
    assert (rows(), files(app)) == ([], [])


def test_a_photo_is_private_of_one_type_and_asked_for_each_time(
    app: Flask, agent: Person, listing: Property
) -> None:
    photo = factories.create_photo(listing)
    response = open_file(agent, path(listing, f"/{photo.id}"))
    assert response.mimetype == "image/jpeg"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert Image.open(io.BytesIO(response.data)).size == (1600, 1200)
    small = open_file(agent, path(listing, f"/{photo.id}?size=thumb"))
    assert Image.open(io.BytesIO(small.data)).size == (480, 360)
    tag = small.headers["ETag"]
    assert tag != response.headers["ETag"]
    open_file(agent, path(listing, f"/{photo.id}?size=thumb"), 304, **{"If-None-Match": tag})
    open_file(Person(app), path(listing, f"/{photo.id}"), 302)


def test_another_websites_people_reach_no_photo(app: Flask, listing: Property) -> None:
    photo = factories.create_photo(listing)
    post = factories.create_post(listing, photos=[photo.id])
    other = factories.create_agency()
    stranger = Person(app).sign_in(other.agent.email)
    own = factories.create_property(other.website)
    for listing_id in (listing.id, own.id):
        base = f"/site_admin/properties/{listing_id}/photos/{photo.id}"
        open_file(stranger, base, 404)
        for rest in ("/alt", "/delete", "/alt/generate"):
            stranger.post(base + rest, {"alt_text": "mine"}, 404)
    stranger.post(path(listing, "/order"), {"order": [photo.id]}, 404)
    stranger.post(path(listing), {"photos": (io.BytesIO(pictures.jpeg(5)), "x.jpg")}, 404)
    open_file(stranger, f"/site_admin/social_posts/{post.id}/images/{photo.id}.jpg", 404)
    assert [(each.id, each.alt_text) for each in rows()] == [(photo.id, "")]


def test_a_posts_picture_has_its_platforms_size(agent: Person, listing: Property) -> None:
    from pwb.content.platforms import PLATFORMS

    photo = factories.create_photo(listing)
    strange = factories.create_photo(factories.create_property(_website(listing)), 3)
    for platform in PLATFORMS.values():
        for name, wanted in platform.formats.items():
            post = factories.create_post(
                listing, photos=[photo.id], platform=platform.id, format=name
            )
            address = f"/site_admin/social_posts/{post.id}/images/{photo.id}.jpg"
            response = open_file(agent, address)
            size = Image.open(io.BytesIO(response.data)).size
            assert size == (wanted.width, wanted.height), (platform.id, name)
            assert response.headers["X-Content-Type-Options"] == "nosniff"
    saved = open_file(agent, f"{address}?download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment; filename=")
    open_file(agent, address.replace(f"/{photo.id}.jpg", f"/{strange.id}.jpg"), 404)


def test_order_alt_text_and_deletion_work_without_a_script(
    agent: Person, listing: Property
) -> None:
    first, second = (factories.create_photo(listing, shade).id for shade in range(2))
    agent.post(path(listing, "/order"), {"photo": second, "steps": -1})
    agent.post(path(listing, "/order"), {"order": ["9" * 5_000, "-1", "²"]})
    assert [p.id for p in photos.photos_of(_website(listing), listing.id)] == [second, first]
    agent.post(path(listing, f"/{first}/alt"), {"alt_text": "A kitchen", "request_id": "9" * 30})
    page = agent.get(path(listing))
    assert "The alt text is saved." in page.text and ">A kitchen</textarea>" in page.html
    response = agent.post(path(listing, f"/{first}/alt"), {"alt_text": "y" * 301}, 422)
    assert "y" * 301 in response.get_data(as_text=True)
    agent.post(path(listing, f"/{second}/delete"))
    assert [(photo.id, photo.alt_text) for photo in rows()] == [(first, "A kitchen")]


def _website(listing: Property) -> Any:
    from pwb.models import Website

    return db.session.get_one(Website, listing.website_id)


def test_the_same_for_the_pages_script(agent: Person, listing: Property) -> None:
    first, second = (factories.create_photo(listing, shade).id for shade in range(2))
    order = {"order": [str(second), "x", "٣", "9" * 40, str(first)]}
    answer = agent.post(path(listing, "/order"), order, 200, headers=JSON).get_json()
    assert [photo["id"] for photo in answer["photos"]] == [second, first]
    assert answer["photos"][0]["thumb_url"] == path(listing, f"/{second}?size=thumb")
    long = {"alt_text": "y" * 301}
    answer = agent.post(path(listing, f"/{first}/alt"), long, 422, headers=JSON).get_json()
    assert "at most 300" in answer["error"]["message"]
    odd = {"photo": "-1", "steps": "x" * 50}
    agent.post(path(listing, "/order"), odd, 200, headers=JSON)
    agent.post(path(listing, "/order"), {"photo": "99", "steps": "1"}, 404, headers=JSON)


class TestWithAModelThatReadsPhotos:
    @pytest.fixture(autouse=True)
    def reader(self, agency: Agency, simulator: RunningSimulator) -> None:
        settings = {"default_model": "simulator/claude-3.5-sonnet", "max_tokens": 4096}
        factories.create_integration(agency.website, settings=settings)
        catalogue.refresh("open_router")

    def test_an_alt_text_is_generated_into_its_field_and_saved_by_a_person(
        self, agent: Person, listing: Property
    ) -> None:
        photo = factories.create_photo(listing)
        assert "Generate" in agent.get(path(listing)).text
        html = agent.post(path(listing, f"/{photo.id}/alt/generate"), {}, 200)
        assert "Simulated alt text" in html.get_data(as_text=True)
        assert rows()[0].alt_text == ""
        address = path(listing, f"/{photo.id}/alt/generate")
        written = agent.post(address, {}, 200, headers=JSON).get_json()
        words = {"alt_text": written["alt_text"], "request_id": written["request_id"]}
        agent.post(path(listing, f"/{photo.id}/alt"), words)
        assert rows()[0].alt_origin == "generated"
        page = agent.get(f"/site_admin/ai/requests/{written['request_id']}")
        assert path(listing, f"/{photo.id}?size=thumb") in page.html
        assert "Simulated alt text" in page.text

    def test_a_failure_keeps_what_was_typed(
        self, agent: Person, listing: Property, simulator: RunningSimulator
    ) -> None:
        photo = factories.create_photo(listing)
        simulator.enqueue("402")
        typed = {"alt_text": "half a sentence"}
        html = agent.post(path(listing, f"/{photo.id}/alt/generate"), typed, 402)
        text = html.get_data(as_text=True)
        assert "half a sentence" in text and "credits" in text
        simulator.enqueue("402")
        address = path(listing, f"/{photo.id}/alt/generate")
        answer = agent.post(address, typed, 402, headers=JSON).get_json()
        assert answer["error"]["code"] == "insufficient_credits"

    def test_the_panel_offers_the_first_six_and_its_box_sends_them_with_a_new_text_only(
        self, agent: Person, listing: Property, simulator: RunningSimulator
    ) -> None:
        ids = [factories.create_photo(listing, shade).id for shade in range(7)]
        page = agent.get(f"/site_admin/properties/{listing.id}/edit")
        value = ",".join(map(str, ids[:6]))
        assert "Let the model see these 6 photos" in page.text
        assert re.search(rf'name="photos-en" value="{value}"', page.html)
        assert re.search(r"About [\d.]+ ¢ more", page.text)
        box = {"locale": "en", "photos-en": value}
        agent.post(f"/site_admin/properties/{listing.id}/descriptions", box, 200)
        assert images_in(simulator) == 6
        again = f"/site_admin/properties/{listing.id}/descriptions?translate_from=de"
        agent.post(again, box | {"draft_instruction-en": ""}, 422)

    def test_odd_ids_are_refused_with_their_reason(self, agent: Person, listing: Property) -> None:
        factories.create_photo(listing)
        address = f"/site_admin/properties/{listing.id}/descriptions"
        for posted in ("x", "1,,٣", "-1", "9" * 30, "999999", "1,2,3,4,5,6,7"):
            order = {"locale": "en", "photos": posted}
            answer = agent.post(address, order, 422, headers=JSON).get_json()
            assert answer["error"]["code"] == "invalid_input", posted
            assert "photo" in answer["error"]["message"], posted

    def test_ids_come_repeated_in_one_field_or_as_json(
        self, agent: Person, listing: Property, simulator: RunningSimulator
    ) -> None:
        ids = [factories.create_photo(listing, shade).id for shade in range(2)]
        address = f"/site_admin/properties/{listing.id}/descriptions"
        orders: list[dict[str, Any]] = [
            {"data": {"locale": "en", "photos": [str(each) for each in ids]}},
            {"data": {"locale": "en", "photos": f"{ids[0]}, {ids[1]}"}},
            {"json": {"locale": "en", "photos": ids}},
        ]
        for order in orders:
            headers = JSON | {"X-CSRFToken": agent.token, "Sec-Fetch-Site": "same-origin"}
            response = agent.client.post(address, base_url=agent.base_url, headers=headers, **order)
            assert response.get_json()["success"], response.get_json()
            assert images_in(simulator) == 2


def images_in(simulator: RunningSimulator) -> int:
    """How many pictures the newest call brought."""
    messages = simulator.completions[-1].json["messages"]
    parts = [part for m in messages if isinstance(m["content"], list) for part in m["content"]]
    return sum(part["type"] == "image_url" for part in parts)


def test_no_photos_are_offered_where_no_model_reads_them(agent: Person, listing: Property) -> None:
    factories.create_photo(listing)
    page = agent.get(f"/site_admin/properties/{listing.id}/edit")
    assert "Let the model see" not in page.text
    assert "data-photo-describe" not in page.html
