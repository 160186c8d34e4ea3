"""Photos on their way to a model: who reads them, what is sent and marked, what it costs."""

from __future__ import annotations

import base64
import io
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.llm.pricing import Pricing
from pwb.models import GenerationRequest, Property, PropertyPhoto, PropertyText
from pwb.services import alt_texts, catalogue, checks, generations, photos, sent_photos
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import DescriptionSpec
from pwb.services.listing_facts import facts_of
from pwb.services.model_prices import TOKENS_A_PICTURE, cost_of_pictures
from pwb.simulator.state import Reply
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.factories import Agency

READER = "simulator/claude-3.5-sonnet"
BLIND = "simulator/mixtral-8x7b-instruct"


@pytest.fixture
def listing(agency: Agency, simulator: RunningSimulator) -> Property:
    settings = {"default_model": READER, "max_tokens": 4096}
    factories.create_integration(agency.website, settings=settings)
    catalogue.refresh("open_router")
    return factories.create_property(agency.website, features=["terrace"])


@pytest.fixture
def taken(listing: Property) -> list[PropertyPhoto]:
    return [factories.create_photo(listing, shade) for shade in range(3)]


def write(agency: Agency, listing: Property, **order: Any) -> generations.GenerationResult:
    spec = DescriptionSpec("en", **order)
    return generations.generate_description(agency.website, agency.agent, listing, spec)


def rows() -> list[GenerationRequest]:
    return list(db.session.query(GenerationRequest).order_by(GenerationRequest.id))


def test_photos_go_along_in_their_order_small_and_bare(
    agency: Agency, listing: Property, taken: list[PropertyPhoto], simulator: RunningSimulator
) -> None:
    ids = (taken[2].id, taken[0].id)
    kept = [{"id": p.id, "filename": p.filename, "sha256": p.sha256} for p in (taken[2], taken[0])]
    write(agency, listing, photos=ids)
    [row] = rows()
    assert row.input_data["photos"] == kept
    assert "base64" not in str(row.input_data)
    assert row.options["photos"] == list(ids)
    [message] = [m for m in sent_photos.messages(_prompts(), [taken[0]]) if m.images]
    assert message.role == "user"
    kind, _, data = message.images[0].partition(",")
    assert kind == "data:image/jpeg;base64"
    assert max(Image.open(io.BytesIO(base64.b64decode(data))).size) == 1024


def _prompts() -> list[Any]:
    from pwb.content.listing import Prompt

    return [Prompt("system", "rules"), Prompt("user", "{}")]


def test_what_is_seen_but_not_recorded_is_marked_and_stays_unsupported(
    agency: Agency, listing: Property, taken: list[PropertyPhoto]
) -> None:
    result = write(agency, listing, photos=tuple(photo.id for photo in taken))
    assert result.seen_in_photos
    items = result.findings["claims"]["items"] if result.findings else []
    seen = [item for item in items if item.get("seen")]
    assert seen and all(item["state"] == "unsupported" for item in seen)
    assert all("seen in the photos, but is not in the record" in item["message"] for item in seen)
    assert result.as_json()["seen_in_photos"] == list(result.seen_in_photos)
    assert "simulator cannot see" in result.text.description


def test_the_mark_is_still_there_once_the_text_is_saved(
    agency: Agency, listing: Property, taken: list[PropertyPhoto]
) -> None:
    result = write(agency, listing, photos=tuple(photo.id for photo in taken))
    text = PropertyText(
        website_id=agency.website.id,
        property_id=listing.id,
        locale="en",
        title=result.text.title,
        description=result.text.description,
        generation_request_id=result.request_id,
    )
    db.session.add(text)
    db.session.commit()
    found = checks.check_saved(agency.website, listing, text)
    assert any(item.get("seen") for item in found.claims)
    assert not any(item.get("seen") for item in found.blocking_items)


def test_without_photos_nothing_of_them_is_sent_or_kept(agency: Agency, listing: Property) -> None:
    result = write(agency, listing)
    [row] = rows()
    assert set(row.input_data) == {"messages"}
    assert "photos" not in row.options
    assert "seen_in_photos" not in (row.output_data or {})
    assert "seen_in_photos" not in result.as_json()


def test_a_model_that_does_not_read_photos_is_sent_none(
    agency: Agency, listing: Property, taken: list[PropertyPhoto], simulator: RunningSimulator
) -> None:
    for model in (BLIND, "simulator/nobody-knows-it"):
        with pytest.raises(InvalidInput) as refused:
            write(agency, listing, photos=(taken[0].id,), model=model)
        assert "photos" in refused.value.fields
        assert model in refused.value.message
    assert rows() == []


def test_only_the_listings_own_photos_go_along_and_only_six(
    agency: Agency, listing: Property, taken: list[PropertyPhoto]
) -> None:
    other = factories.create_photo(factories.create_property(agency.website), 9)
    wrong: list[dict[str, Any]] = [
        {"photos": (other.id,)},
        {"photos": (taken[0].id, 999_999)},
        {"photos": tuple(range(1, 8))},
        {"photos": (taken[0].id,), "instruction": "Shorter"},
        {"photos": (taken[0].id,), "refresh": True},
    ]
    for order in wrong:
        with pytest.raises(InvalidInput) as refused:
            write(agency, listing, **order)
        assert "photos" in refused.value.fields, order
    assert rows() == []


def test_an_alt_text_is_written_by_a_model_that_reads_photos_and_saved_by_nobody(
    agency: Agency, listing: Property, taken: list[PropertyPhoto]
) -> None:
    photo_id = taken[0].id
    assert alt_texts.can_describe(agency.website)
    written = alt_texts.generate_alt_text(agency.website, agency.agent, listing.id, photo_id)
    assert written.text.startswith("Simulated alt text: ")
    assert photos.get_photo(agency.website, listing.id, photo_id).alt_text == ""
    [row] = rows()
    assert (row.request_type, row.property_id) == (photos.ALT_TEXT, listing.id)
    assert [photo["id"] for photo in row.input_data["photos"]] == [photo_id]
    saved = photos.set_alt_text(
        agency.website, None, listing.id, photo_id, written.text, written.request_id
    )
    assert saved.alt_origin == "generated"


def test_an_alt_text_with_a_doubtful_wording_comes_with_a_warning(
    agency: Agency, listing: Property, taken: list[PropertyPhoto], simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(content='{"alt_text": "A yard, perfect for young families."}'))
    written = alt_texts.generate_alt_text(agency.website, None, listing.id, taken[0].id)
    assert "fair housing" in written.warnings[0]


def test_an_answer_without_an_alt_text_fails_and_says_so(
    agency: Agency, listing: Property, taken: list[PropertyPhoto], simulator: RunningSimulator
) -> None:
    simulator.enqueue(Reply(content="Sorry."))
    with pytest.raises(GenerationFailed, match="no alt text") as failed:
        alt_texts.generate_alt_text(agency.website, None, listing.id, taken[0].id)
    assert failed.value.code == "invalid_response"
    assert rows()[0].status == "failed"


@pytest.mark.parametrize(
    ("provider", "model", "reads"),
    [
        ("anthropic", "claude-sonnet-4-5", True),
        ("anthropic", "claude-3-haiku-20240307", True),
        ("anthropic", "claude-2.1", False),
        ("openai", "gpt-4o-mini", True),
        ("openai", "gpt-5-mini", True),
        ("openai", "o3-mini", False),
        ("openai", "gpt-3.5-turbo", False),
    ],
)
def test_providers_that_list_no_abilities_declare_them(
    provider: str, model: str, reads: bool
) -> None:
    assert sent_photos.reads_images(provider, model) is reads


def test_photos_cost_what_the_catalogue_says_or_the_tokens_they_are_read_as() -> None:
    tokens, each = Pricing(prompt=Decimal("0.000001")), Pricing(image=Decimal("0.001"))
    assert cost_of_pictures(tokens, 2) == Decimal("0.0001") * 2 * TOKENS_A_PICTURE
    assert cost_of_pictures(each, 3) == Decimal("0.3")
    assert cost_of_pictures(Pricing(), 3) is None


def test_what_no_lexicon_knows_is_marked_too_and_what_the_record_has_is_not(
    agency: Agency, listing: Property
) -> None:
    parts = {"description": "White shutters, a terrace and a swimming pool."}
    found = checks.check_text(agency.website, facts_of(listing), "en", parts)
    marked = checks.with_seen(found, parts, ["white shutters", "a terrace", "a swimming pool"])
    seen = [item["text"] for item in marked.claims if item.get("seen")]
    assert seen == ["White shutters", "swimming pool"]
    assert marked.blocking == found.blocking


def test_the_app_is_built_without_a_folder_of_uploads(app: Flask) -> None:
    assert not app.config["PWB"].uploads_dir.exists()
