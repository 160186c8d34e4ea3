"""A listing's photos in a browser: dropped, refused, ordered, described, and seen by a model."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from pwb.extensions import db
from pwb.models import GenerationRequest, Property, PropertyPhoto
from pwb.services import catalogue
from pwb.simulator.testing import RunningSimulator
from tests import factories, pictures
from tests.browser.conftest import Portal, Visitor

WIDE = pytest.mark.parametrize("visitor", [1280], indirect=True)
DROP = """([root, files]) => {
  const transfer = new DataTransfer();
  for (const [name, data] of files) {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    transfer.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  const target = document.querySelector(root);
  for (const kind of ["dragover", "drop"]) {
    const happens = { dataTransfer: transfer, bubbles: true, cancelable: true };
    target.dispatchEvent(new DragEvent(kind, happens));
  }
}"""


@pytest.fixture
def listing(portal: Portal) -> Property:
    settings = {"default_model": "simulator/claude-3.5-sonnet", "max_tokens": 4096}
    factories.create_integration(portal.agency.website, settings=settings)
    catalogue.refresh("open_router")
    return factories.create_property(portal.agency.website, features=["terrace"])


def drop(page: Page, *files: tuple[str, bytes]) -> None:
    """Drop files from outside onto the photos."""
    sent: list[Any] = [[name, base64.b64encode(data).decode()] for name, data in files]
    page.evaluate(DROP, ["[data-photos]", sent])


def names(page: Page) -> list[str]:
    return [text.split(" · ")[0] for text in page.locator(".photo-name").all_inner_texts()]


def forget_refusals(visitor: Visitor) -> None:
    """Chromium reports every answer of 4xx on its console, also those that are shown well."""
    visitor.errors = [each for each in visitor.errors if "422" not in each]


@WIDE
def test_photos_are_dropped_ordered_described_and_seen(
    portal: Portal, visitor: Visitor, listing: Property
) -> None:
    page = visitor.page
    visitor.sign_in(portal.agency.agent.email)
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    title = page.locator("[name='text-en-title']")
    title.fill("Typed and not saved")

    drop(
        page,
        ("front.jpg", pictures.jpeg(1, 1600, 1200)),
        ("script.jpg", pictures.SVG),
        ("garden.jpg", pictures.with_place(6)),
    )
    expect(page.locator("[data-photo]")).to_have_count(2)
    expect(page.locator(".photo-upload.is-refused")).to_contain_text("script.jpg: This is no JPEG")
    forget_refusals(visitor)
    page.set_input_files("#photo-files", [_file("kitchen.png", pictures.jpeg(3, 900, 700))])
    expect(page.locator("[data-photo]")).to_have_count(3)
    expect(page.locator(".photo-upload")).to_have_count(0)
    assert names(page) == ["front.jpg", "garden.jpg", "kitchen.png"]

    page.get_by_role("button", name="Move photo 3 earlier").click()
    expect(page.locator(".photo-name").nth(1)).to_contain_text("kitchen.png")
    expect(page.get_by_role("button", name="Move photo 2 earlier")).to_be_focused()
    frames = page.locator(".photo-frame")
    with page.expect_response("**/photos/order"):
        frames.nth(2).drag_to(frames.nth(0), target_position={"x": 10, "y": 40})
    expect(page.locator(".photo-name").nth(0)).to_contain_text("garden.jpg")
    db.session.rollback()
    rows = db.session.query(PropertyPhoto).order_by(PropertyPhoto.position)
    assert [row.filename for row in rows] == ["garden.jpg", "front.jpg", "kitchen.png"]

    first = page.locator("[data-photo]").nth(0)
    first.get_by_role("button", name="Generate").click()
    field = first.get_by_label("Alt text")
    expect(field).to_have_value(_starts("Simulated alt text"))
    first.get_by_role("button", name="Save").click()
    expect(page.locator("#announcer")).to_have_text("The alt text is saved.")
    second = page.locator("[data-photo]").nth(1).get_by_label("Alt text")
    second.fill("The front, half described")
    visitor.check()

    page.locator("[data-photo]").nth(2).get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("[data-photo]")).to_have_count(2)
    expect(second).to_have_value("The front, half described")
    expect(title).to_have_value("Typed and not saved")
    db.session.expire_all()
    assert [(row.alt_origin, row.position) for row in rows] == [("generated", 1), ("", 2)]


@WIDE
def test_what_is_dropped_or_saved_while_something_is_under_way_has_its_turn(
    portal: Portal, visitor: Visitor, listing: Property, simulator: RunningSimulator
) -> None:
    for shade in range(2):
        factories.create_photo(listing, shade)
    page = visitor.page
    visitor.signed_in(portal.agency.agent)
    visitor.open(f"/site_admin/properties/{listing.id}/photos")
    simulator.settings.delay = 0.05
    first, second = (page.locator("[data-photo]").nth(place) for place in range(2))
    first.get_by_role("button", name="Generate").click()
    second.get_by_label("Alt text").fill("The garden")
    second.get_by_role("button", name="Save").dblclick()
    expect(page.locator("#announcer")).to_have_text("The alt text is saved.")
    expect(first.get_by_label("Alt text")).to_have_value(_starts("Simulated alt text"))
    drop(page, ("a.jpg", pictures.jpeg(5, 1600, 1200)), ("b.jpg", pictures.SVG))
    drop(page, ("c.jpg", pictures.jpeg(6, 1600, 1200)))
    expect(page.locator("[data-photo]")).to_have_count(4)
    expect(page.locator(".photo-upload.is-refused")).to_contain_text("b.jpg: This is no JPEG")
    forget_refusals(visitor)
    visitor.check()
    db.session.expire_all()
    rows = db.session.query(PropertyPhoto).order_by(PropertyPhoto.position)
    assert [row.alt_text for row in rows] == ["", "The garden", "", ""]


@WIDE
def test_an_alt_text_that_is_typed_outlives_an_ended_session_and_is_asked_about_on_leaving(
    portal: Portal, visitor: Visitor, listing: Property
) -> None:
    for shade in range(2):
        factories.create_photo(listing, shade)
    page, asked = visitor.page, []
    visitor.signed_in(portal.agency.agent)
    visitor.open(f"/site_admin/properties/{listing.id}/photos")
    field = page.locator("[data-photo]").nth(0).get_by_label("Alt text")
    field.fill("Typed and not saved")
    page.context.clear_cookies()
    frames = page.locator(".photo-frame")
    with page.expect_response("**/photos/order"):
        frames.nth(1).drag_to(frames.nth(0), target_position={"x": 10, "y": 40})
    expect(page.get_by_role("alert").first).to_contain_text(re.compile("sign", re.IGNORECASE))
    typed = page.locator("[data-photo-alt]").filter(has_not_text="nothing")
    assert "Typed and not saved" in [each.input_value() for each in typed.all()]
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{portal.url}/login")
    assert asked == ["beforeunload"]


@WIDE
def test_photos_go_along_where_the_box_is_ticked_and_what_they_show_is_marked(
    portal: Portal, visitor: Visitor, listing: Property
) -> None:
    for shade in range(2):
        factories.create_photo(listing, shade)
    page = visitor.page
    visitor.sign_in(portal.agency.agent.email)
    visitor.open(f"/site_admin/properties/{listing.id}/edit")
    panel = page.locator("[data-generate][data-locale=en]")
    box = panel.get_by_label("Let the model see these 2 photos")
    box.check()
    panel.get_by_role("button", name="Generate description").click()
    told = panel.locator(".finding", has_text="is seen in the photos, but is not in the record")
    expect(told.first).to_be_visible()
    visitor.check()
    page.goto(f"{portal.url}/site_admin/ai/requests")
    page.goto(f"{portal.url}/site_admin/ai/requests/1")
    expect(page.locator(".sent-photos img")).to_have_count(2)
    visitor.check()


@WIDE
def test_photos_go_along_with_several_languages_at_once(
    portal: Portal, visitor: Visitor, listing: Property
) -> None:
    for shade in range(2):
        factories.create_photo(listing, shade)
    page = visitor.page
    visitor.sign_in(portal.agency.agent.email)
    visitor.open(f"/site_admin/properties/{listing.id}/drafts")
    planned = page.locator("[data-planned]")
    without = planned.inner_text()
    page.get_by_label("Let the model see these 2 photos").check()
    expect(planned).not_to_have_text(without)
    visitor.check()
    page.get_by_role("button", name="Generate all").click()
    expect(page.locator("[data-cell][data-state='done']")).to_have_count(3, timeout=20_000)
    told = page.locator(".finding", has_text="is seen in the photos, but is not in the record")
    expect(told.first).to_be_visible()
    visitor.check()
    db.session.expire_all()
    sent = [row.input_data["photos"] for row in db.session.query(GenerationRequest)]
    assert [len(each) for each in sent] == [2, 2, 2]


def _file(name: str, data: bytes) -> Any:
    return {"name": name, "mimeType": "image/png", "buffer": data}


def _starts(words: str) -> Any:
    return re.compile(f"^{words}")
