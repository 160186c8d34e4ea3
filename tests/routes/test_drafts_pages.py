"""Several texts at once, a trial of models, and the same without a script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from pwb.extensions import db
from pwb.models import GenerationRequest, Property, PropertyText
from pwb.services import catalogue, photos, properties
from pwb.services.chosen_models import set_shortlisted
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.pages import Page, Person


@pytest.fixture
def listing(app: Flask, agency: Agency, simulator: RunningSimulator) -> Property:
    factories.create_integration(agency.website)
    return factories.create_property(agency.website, reference="ES-1", year_built=2019)


def written(description: str, title: str = "A villa") -> Reply:
    parts = {"title": title, "description": description, "meta_description": "A villa."}
    return Reply(content=json.dumps(parts))


def generate(person: Person, listing: Property, path: str = "descriptions", **fields: Any) -> Any:
    response = person.post(
        f"/site_admin/properties/{listing.id}/{path}",
        {"locale": "en", "tone": "warm"} | fields,
        200,
        headers={"Accept": "application/json", "X-CSRFToken": person.token},
    )
    return response.get_json()


def save(
    person: Person, listing: Property, request_id: int, version: int, status: int, accept: str
) -> TestResponse:
    return person.post(
        f"/site_admin/properties/{listing.id}/drafts/{request_id}/save",
        {"lock_version": version},
        status,
        headers={"Accept": accept, "X-CSRFToken": person.token},
    )


def text_of(listing: Property, locale: str = "en") -> PropertyText | None:
    return db.session.scalar(
        select(PropertyText).where(
            PropertyText.property_id == listing.id, PropertyText.locale == locale
        )
    )


def test_the_listings_page_leads_to_both_pages(admin: Person, listing: Property) -> None:
    page = admin.get(f"/site_admin/properties/{listing.id}/edit")
    for path in ("drafts", "trial"):
        assert f"/site_admin/properties/{listing.id}/{path}" in page.html


def test_agents_draft_and_admins_try_models(agent: Person, listing: Property) -> None:
    page = agent.get(f"/site_admin/properties/{listing.id}/edit")
    assert f"/properties/{listing.id}/trial" not in page.html
    agent.get(f"/site_admin/properties/{listing.id}/drafts")
    agent.get(f"/site_admin/properties/{listing.id}/trial", 403)


def test_the_drafts_page_offers_every_language_of_the_website(
    agent: Person, listing: Property
) -> None:
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    for name in ("English", "Español", "Deutsch", "Nederlands"):
        assert name in page.text
    assert "Nothing yet." in page.text


def test_without_an_ai_service_both_pages_say_who_can_set_one_up(
    admin: Person, agency: Agency
) -> None:
    listing = factories.create_property(agency.website)
    for path in ("drafts", "trial"):
        page = admin.get(f"/site_admin/properties/{listing.id}/{path}")
        assert "Set it up under Integrations" in page.text


def test_another_agencys_listing_is_not_found(admin: Person, listing: Property) -> None:
    elsewhere = factories.create_property(factories.create_website())
    for path in ("drafts", "trial"):
        admin.get(f"/site_admin/properties/{elsewhere.id}/{path}", 404)


def test_without_a_script_the_first_chosen_language_is_written(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    agent.get(f"/site_admin/properties/{listing.id}/drafts")
    fields = {"locale": ["de", "en"], "length": "short", "call_to_action": "0"}
    page = agent.submit(f"/site_admin/properties/{listing.id}/descriptions", fields)
    assert "Use this text" in page.text
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.locale, row.options["length"]) == ("de", "short")
    assert row.options["call_to_action"] is False


def test_without_a_script_the_text_is_marked_and_its_findings_are_listed(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue(
        written("A villa <b>built in 2021</b> with a sauna. For young families only.")
    )
    agent.get(f"/site_admin/properties/{listing.id}/edit")
    page = agent.submit(f"/site_admin/properties/{listing.id}/descriptions", {"locale": "en"})
    assert '<mark class="mark mark-contradicted"' in page.html
    assert '<mark class="mark mark-unsupported"' in page.html
    assert '<mark class="mark mark-violation"' in page.html
    assert "contradicts the record: year built is 2019." in page.text
    assert "1 contradicted" in page.text


def test_markup_in_a_text_stays_text(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue(written("Built in 2021.", title="5 < 6 & <i> three</i>"))
    agent.get(f"/site_admin/properties/{listing.id}/edit")
    page = agent.submit(f"/site_admin/properties/{listing.id}/descriptions", {"locale": "en"})
    assert "<i>" not in page.html


def test_without_a_script_a_text_can_be_refined(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    first = generate(agent, listing)["request_id"]
    fields = {
        "locale": "en",
        "draft_instruction-en": "Shorter",
        "draft_refine_request_id-en": first,
    }
    agent.submit(f"/site_admin/properties/{listing.id}/descriptions?task=refine", fields)
    row = db.session.get(GenerationRequest, first + 1)
    assert row is not None
    assert row.request_type == "listing_refinement"
    assert (row.options["instruction"], row.options["refine_request_id"]) == ("Shorter", first)


def test_an_instruction_that_stands_in_the_form_does_not_change_a_new_text(
    agent: Person, listing: Property
) -> None:
    agent.get(f"/site_admin/properties/{listing.id}/edit")
    fields = {"locale": "en", "draft_instruction-en": "Shorter"}
    agent.submit(f"/site_admin/properties/{listing.id}/descriptions", fields)
    row = db.session.scalars(select(GenerationRequest)).one()
    assert row.request_type == "listing_description"


def test_a_saved_text_can_be_translated_by_a_button_of_its_own(
    agent: Person, agency: Agency, listing: Property
) -> None:
    text = {"title": "A villa", "description": "It has a pool.", "meta_description": ""}
    other = factories.create_property(agency.website, texts={"en": text})
    page = agent.get(f"/site_admin/properties/{other.id}/edit")
    action = f"/site_admin/properties/{other.id}/descriptions?translate_from=en"
    assert action in page.html
    agent.submit(action, {"locale": "de"})
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.request_type, row.locale) == ("listing_translation", "de")


def test_a_draft_is_saved_as_the_listings_text(agent: Person, listing: Property) -> None:
    made = generate(agent, listing, locale="de")
    answer = save(agent, listing, made["request_id"], 1, 200, "application/json").get_json()
    assert answer == {"success": True, "locale": "de", "lock_version": 2}
    text = text_of(listing, "de")
    assert text is not None
    assert (text.title, text.origin, text.status) == (made["title"], "generated", "draft")
    assert text.generation_request_id == made["request_id"]


def test_saving_a_draft_after_somebody_elses_change_says_what_changed(
    agent: Person, agency: Agency, listing: Property
) -> None:
    made = generate(agent, listing)
    admin = agency.admin
    properties.save_property(agency.website, admin, listing.id, {"sale_price": 700_000}, {}, 1)
    answer = save(agent, listing, made["request_id"], 1, 409, "application/json").get_json()
    assert answer["success"] is False
    assert "Sale price" in answer["error"]["message"]
    assert text_of(listing) is None
    version = answer["lock_version"]
    save(agent, listing, made["request_id"], version, 200, "application/json")
    assert text_of(listing) is not None


def test_without_a_script_a_draft_is_saved_and_the_page_comes_back(
    agent: Person, agency: Agency, listing: Property
) -> None:
    made = generate(agent, listing)["request_id"]
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    path = f"/site_admin/properties/{listing.id}/drafts/{made}/save"
    assert path in page.html
    page = agent.submit(path, {"lock_version": 1})
    assert "The English text is saved as a draft." in page.text
    assert "This is the listing's text." in page.text.replace("&#39;", "'")
    page = agent.submit(path, {"lock_version": 1})
    assert "saved as a draft" in page.text


def test_another_listings_draft_cannot_be_saved(
    agent: Person, agency: Agency, listing: Property
) -> None:
    made = generate(agent, listing)["request_id"]
    other = factories.create_property(agency.website)
    save(agent, other, made, 1, 404, "application/json")


def test_what_was_written_before_is_kept_on_the_drafts_page(
    agent: Person, listing: Property, simulator: RunningSimulator
) -> None:
    simulator.enqueue(written("A villa built in 2021.", title="An older draft"))
    generate(agent, listing)
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    assert "An older draft" in page.text
    assert '<mark class="mark mark-contradicted"' in page.html


def test_a_trial_is_booked_as_one_and_saves_nothing(admin: Person, listing: Property) -> None:
    made = generate(admin, listing, "trial", model="openai/gpt-4o")
    row = db.session.get(GenerationRequest, made["request_id"])
    assert row is not None
    assert (row.request_type, row.ai_model) == ("model_trial", "openai/gpt-4o")
    assert text_of(listing) is None


def test_the_trial_page_names_the_default_and_asks_before_changing_it(
    admin: Person, listing: Property
) -> None:
    page = admin.get(f"/site_admin/properties/{listing.id}/trial")
    assert "anthropic/claude-3.5-sonnet · default" in page.text
    assert "in place of anthropic/claude-3.5-sonnet?" in page.text


def test_a_model_of_the_trial_becomes_the_default(
    admin: Person, agency: Agency, listing: Property
) -> None:
    back = f"/site_admin/properties/{listing.id}/trial"
    admin.get(back)
    fields = {"provider": "open_router", "model": "openai/gpt-4o", "back": back}
    page = admin.submit("/site_admin/ai/models/default", fields)
    assert "openai/gpt-4o · default" in page.text


def test_agents_cannot_run_a_trial(agent: Person, listing: Property) -> None:
    agent.post(f"/site_admin/properties/{listing.id}/trial", {"model": "openai/gpt-4o"}, 403)


READER, BLIND = "simulator/claude-3.5-sonnet", "simulator/mixtral-8x7b-instruct"


def with_photos(agency: Agency, model: str) -> Property:
    settings = {"default_model": model, "max_tokens": 4096}
    factories.create_integration(agency.website, settings=settings)
    catalogue.refresh("open_router")
    listing = factories.create_property(agency.website, features=["terrace"])
    for shade in range(2):
        factories.create_photo(listing, shade)
    return listing


def box(page: Page) -> str:
    (found,) = [part for part in page.html.split("<input") if "data-photos-along" in part]
    return found.split(">")[0]


def test_photos_go_along_with_every_text_of_the_page(
    agent: Person, agency: Agency, simulator: RunningSimulator
) -> None:
    listing = with_photos(agency, READER)
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    assert "Let the model see these 2 photos" in page.text
    assert "more a text." in page.text and "disabled" not in box(page)
    ids = ",".join(str(photo.id) for photo in photos.photos_of(agency.website, listing.id))
    assert f'value="{ids}"' in box(page)
    for locale in ("en", "es"):
        document = generate(agent, listing, locale=locale, photos=ids)
        assert document["seen_in_photos"]
        row = db.session.get_one(GenerationRequest, document["request_id"])
        assert len(row.input_data["photos"]) == 2


def test_without_a_script_the_box_counts_for_the_language_that_is_written(
    agent: Person, agency: Agency, simulator: RunningSimulator
) -> None:
    listing = with_photos(agency, READER)
    ids = ",".join(str(photo.id) for photo in photos.photos_of(agency.website, listing.id))
    url = f"/site_admin/properties/{listing.id}/descriptions"
    agent.submit(url, {"locale": "en", "tone": "warm", "length": "short", "photos": ids})
    (row,) = db.session.scalars(select(GenerationRequest))
    assert len(row.input_data["photos"]) == 2


def test_the_box_rests_where_the_default_model_does_not_read_photos(
    agent: Person, agency: Agency, simulator: RunningSimulator
) -> None:
    listing = with_photos(agency, BLIND)
    set_shortlisted(agency.website, None, "open_router", READER)
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    assert "disabled" in box(page) and "data-price" not in box(page)
    assert "The default model does not read photos" in page.text


def test_a_listing_without_photos_is_offered_none(agent: Person, listing: Property) -> None:
    page = agent.get(f"/site_admin/properties/{listing.id}/drafts")
    assert "data-photos-along" not in page.html
