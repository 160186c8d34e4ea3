"""The writing panel of the listing's page: marks, cures, versions, and the check of typed text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from pwb.models import Property
from pwb.simulator.testing import Reply, RunningSimulator
from tests import factories
from tests.browser.conftest import Portal, Visitor

TEXT = (
    "🏡 A villa of 180 m² with a terrace. Built in 2021, it adds a home cinema. "
    "Perfect for young families. It is for sale."
)


def written(description: str = TEXT, **parts: str) -> Reply:
    text = {"title": "A villa with a pool", "meta_description": "A villa in Marbella."} | parts
    return Reply(content=json.dumps(text | {"description": description}))


@pytest.fixture
def listing(portal: Portal) -> Property:
    factories.create_integration(portal.agency.website)
    saved = {"title": "The old title", "description": "An old villa.", "meta_description": ""}
    return factories.create_property(
        portal.agency.website, year_built=2019, texts={"en": saved}, reference="ES-1"
    )


@pytest.fixture
def panel(
    portal: Portal, visitor: Visitor, listing: Property, simulator: RunningSimulator
) -> Locator:
    """The English panel with a draft that has a finding of each kind."""
    simulator.enqueue(written())
    visitor.signed_in(portal.agency.agent)
    # The bare page is looked at in the main job: here its checks begin with the draft.
    visitor.page.goto(f"{portal.url}/site_admin/properties/{listing.id}/edit")
    found = visitor.page.locator("[data-generate][data-locale=en]")
    found.get_by_role("button", name="Generate description").click()
    expect(found.get_by_role("button", name="Use this text")).to_be_enabled()
    return found


def marked(panel: Locator, state: str) -> Locator:
    return panel.locator(f"[data-slot=description] mark.mark-{state}")


def description(panel: Locator) -> Locator:
    return panel.locator("[data-slot=description]")


def counts(panel: Locator) -> Locator:
    return panel.locator("[data-slot=counts]")


def test_findings_are_marked_and_cured_and_a_draft_is_compared_and_used(
    panel: Locator, visitor: Visitor
) -> None:
    page = visitor.page

    # Every finding is marked in its place and listed.
    # The emoji before them counts one character on the server and two units here.
    expect(marked(panel, "contradicted")).to_have_text("2021 (contradicts the record)")
    expect(marked(panel, "unsupported")).to_have_text("home cinema (not in the record)")
    expect(marked(panel, "violation")).to_contain_text("Perfect for young families")
    expect(marked(panel, "supported").first).to_be_visible()
    expect(counts(panel)).to_contain_text("1 contradicted · 1 unsupported")
    expect(panel.locator("[data-slot=findings]")).to_contain_text("year built is 2019")
    expect(panel.locator("[data-slot=legend]")).to_contain_text("Not in the record")
    visitor.check()
    assert visitor.page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    # A contradiction is corrected with one click and undone with another.
    panel.get_by_role("button", name="Use 2019: 2021").click()
    expect(description(panel)).to_contain_text("Built in 2019")
    expect(marked(panel, "contradicted")).to_have_count(0)
    expect(counts(panel)).not_to_contain_text("contradicted")
    panel.get_by_role("button", name="Undo").click()
    expect(description(panel)).to_contain_text("Built in 2021")
    expect(marked(panel, "contradicted")).to_have_count(1)

    # What is not in the record is taken out or added to the features.
    panel.get_by_role("button", name="Add feature: home cinema").click()
    expect(marked(panel, "unsupported")).to_have_count(0)
    chosen = page.evaluate(
        "[...new FormData(document.getElementById('property-form'))]"
        ".filter(([name]) => name.endsWith('features')).map(([, value]) => value.toLowerCase())"
    )
    assert any("cinema" in value for value in chosen)
    panel.get_by_role("button", name="Undo").click()
    expect(marked(panel, "unsupported")).to_have_count(1)
    panel.get_by_role("button", name="Take out: home cinema").click()
    expect(description(panel)).not_to_contain_text("home cinema")
    expect(description(panel)).to_contain_text("It is for sale.")
    expect(counts(panel)).not_to_contain_text("unsupported")
    panel.get_by_role("button", name="Undo").click()
    expect(description(panel)).to_contain_text("home cinema")

    # The draft is compared with the saved text word by word.
    compare = panel.get_by_role("button", name="Compare")
    compare.click()
    expect(panel.locator("[data-slot=title] del").first).to_contain_text("The old title")
    expect(panel.locator("[data-slot=title] ins").first).to_contain_text("with a pool")
    visitor.check()
    compare.click()
    expect(panel.locator("[data-slot=title] del")).to_have_count(0)

    # One part of a draft can be used alone.
    panel.locator("summary[aria-label='Use a part of it']").click()
    panel.get_by_role("button", name="Use the title only").click()
    title = page.locator("[name='text-en-title']")
    expect(title).to_have_value("A villa with a pool")
    expect(page.locator("[name='text-en-description']")).to_have_value("An old villa.")
    panel.get_by_role("button", name="Undo").click()
    expect(title).to_have_value("The old title")


def test_a_draft_is_refined_and_what_was_before_can_come_back(
    panel: Locator, visitor: Visitor, simulator: RunningSimulator
) -> None:
    # A violation opens the refine box, and the earlier version can come back.
    panel.get_by_role("button", name="Rewrite: Perfect for young families").first.click()
    box = panel.get_by_label("What should be different?")
    expect(box).to_have_value(re.compile("Perfect for young families"))
    panel.get_by_role("button", name="Shorter", exact=True).click()
    expect(box).to_have_value(re.compile("Shorter$"))
    visitor.check()
    simulator.enqueue(written("A villa for sale."))
    panel.get_by_role("button", name="Write it again").click()
    expect(description(panel)).to_contain_text("A villa for sale.")
    expect(panel.get_by_text("Version 2 of 2")).to_be_visible()
    sent = simulator.completions[-1].json["messages"][-1]["content"]
    document: dict[str, Any] = json.loads(sent)
    assert document["task"] == "listing_refinement"
    assert "Shorter" in document["instruction"]
    panel.get_by_role("button", name="Back to the earlier version").click()
    expect(description(panel)).to_contain_text("Perfect for young families")
    visitor.check()

    # A refinement that fails leaves the earlier version.
    simulator.enqueue("402")
    panel.get_by_role("button", name="Try again").click()
    expect(panel.locator("[data-slot=error]")).not_to_be_empty()
    panel.get_by_role("button", name="Back to the earlier version").click()
    expect(description(panel)).to_contain_text("Perfect for young families")


def test_typed_text_is_checked_and_that_of_another_language_translated(
    panel: Locator, visitor: Visitor, simulator: RunningSimulator
) -> None:
    page = visitor.page
    field = page.locator("[name='text-en-description']")
    field.fill("Built in 2021 with a sauna. Perfect for young families. A terrace.")
    field.blur()
    check = page.get_by_role("region", name="Check of the English text")
    expect(check).to_contain_text("1 contradicted · 1 unsupported")
    visitor.check()
    check.get_by_role("button", name="Use 2019: 2021").click()
    expect(check).not_to_contain_text("contradicted")
    check.get_by_role("button", name="Take out: Perfect for young families").first.click()
    expect(field).to_have_value("Built in 2019 with a sauna. A terrace.")
    expect(check).not_to_contain_text("fair housing")
    check.get_by_role("button", name="Undo").click()
    expect(field).to_have_value(re.compile("young families"))
    check.get_by_role("button", name="Show: sauna").click()
    expect(field).to_be_focused()
    chosen = "[document.activeElement.selectionStart, document.activeElement.selectionEnd]"
    start, end = page.evaluate(chosen)
    assert field.input_value()[start:end] == "sauna"

    # The text as it is saved is what another language is translated from.
    page.get_by_role("tab", name="Deutsch").click()
    german = page.locator("[data-generate][data-locale=de]")
    german.get_by_role("button", name="Translate from English").click()
    expect(german.get_by_role("button", name="Use this text")).to_be_enabled()
    document = json.loads(simulator.completions[-1].json["messages"][-1]["content"])
    assert document["task"] == "listing_translation"
    assert document["current_text"]["description"] == "An old villa."
