"""Social posts at a browser: five platforms from one listing, edited, refused, downloaded."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Locator, Page

from pwb.content.platforms import PLATFORMS
from pwb.services import photos
from tests import factories
from tests.browser.conftest import Portal, Visitor
from tests.pictures import jpeg

LINK = "https://costa.example/ES-1"
TOO_LONG = "A villa with a private pool. " * 12


def listing_with_photos(portal: Portal) -> int:
    website, agent = portal.agency.website, portal.agency.agent
    factories.create_integration(website)
    listing = factories.create_property(website, reference="ES-1")
    for shade in range(3):
        stream = io.BytesIO(jpeg(shade, 1200, 900))
        photos.add_photo(website, agent, listing, stream, f"photo-{shade}.jpg")
    return listing.id


def card_of(page: Page, label: str) -> Locator:
    heading = page.get_by_role("heading", name=label, exact=True)
    return page.locator("article.post-card").filter(has=heading)


def sizes_of(images: Locator) -> set[tuple[int, int]]:
    """The real sizes of pictures, each of them loaded."""
    script = """async (images) => Promise.all(images.map(async (image) => {
        image.loading = "eager";
        await image.decode();
        return [image.naturalWidth, image.naturalHeight];
    }))"""
    return {tuple(size) for size in images.evaluate_all(script)}


def used_of(counter: Locator) -> tuple[int, int]:
    """Of "234 of 2,200 characters": how many are used, and how many there may be."""
    found = re.fullmatch(r"([\d,]+) of ([\d,]+) characters", counter.inner_text())
    assert found, counter.inner_text()
    return int(found[1].replace(",", "")), int(found[2].replace(",", ""))


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def again_after_signing_in_elsewhere(visitor: Visitor, portal: Portal, property_id: int) -> None:
    """The session ends behind an open page; after signing in in another tab the page goes on."""
    page = visitor.page
    page.goto(f"{visitor.url}/site_admin/properties/{property_id}/social_posts")
    for name in PLATFORMS.keys() - {"twitter"}:
        page.locator(f"label[for=platform-{name}]").click()
    page.context.clear_cookies()
    page.get_by_role("button", name="Write posts").click()
    page.get_by_text("Sign in again in another tab").wait_for()
    visitor.signed_in(portal.agency.agent)
    page.get_by_role("button", name="Write posts").click()
    page.get_by_role("heading", name="New posts").wait_for()
    visitor.errors.clear()  # The console tells of the answers' status, 401 and 400.
    page.get_by_role("link", name="Edit").click()
    page.get_by_label("More actions").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_text("This post is archived").wait_for()


def test_five_platforms_from_one_listing_edited_refused_and_downloaded(
    portal: Portal, visitor: Visitor
) -> None:
    page = visitor.page
    property_id = listing_with_photos(portal)
    visitor.sign_in(portal.agency.agent.email)
    page.goto(f"{visitor.url}/site_admin/properties/{property_id}/edit")
    page.get_by_role("link", name="Social posts", exact=True).last.click()
    page.get_by_label("Link", exact=True).fill(LINK)
    page.get_by_text("Open house", exact=True).click()
    visitor.check()
    page.get_by_role("button", name="Write posts").click()
    page.get_by_role("alert").get_by_text("An open house needs its date and time.").wait_for()
    assert page.get_by_label("Link", exact=True).input_value() == LINK
    visitor.errors.clear()  # The console tells of the answer's status, 422.
    page.get_by_text("Just listed", exact=True).click()
    # Twice, as tired people do: the second click must not hit Stop, which appears in its place.
    page.get_by_role("button", name="Write posts").dblclick()
    page.get_by_role("heading", name="New posts").wait_for()
    assert page.locator("[data-posts] .field-error, [data-error-summary]").count() == 0
    visitor.check()
    for platform in PLATFORMS.values():
        card, usual = card_of(page, platform.label), platform.formats["feed"]
        used, limit = used_of(card.locator(".post-counter"))
        assert 0 < used <= limit == platform.limit()
        assert sizes_of(card.locator("img")) == {(usual.width, usual.height)}, platform.id
    page.reload()
    assert page.locator("article.post-card").count() == len(PLATFORMS), "a reload shows them again"

    card_of(page, "X").get_by_role("link", name="Edit").click()
    visitor.check()
    caption = page.get_by_label("Caption")
    written = caption.input_value()
    caption.fill(TOO_LONG)
    counter = page.locator("#counter")
    page.get_by_text("over the 280 characters allowed").first.wait_for()
    assert "is-over" in str(counter.get_attribute("class"))
    assert (
        page.locator("[data-look-caption]").first.inner_text().startswith("A villa with a private")
    )
    page.get_by_role("button", name="Save").click()
    page.get_by_role("alert").get_by_text("Shorten it.").wait_for()
    assert page.get_by_label("Caption").input_value().strip() == TOO_LONG.strip()
    visitor.errors.clear()  # The console tells of the answer's status, 422.
    visitor.check()

    page.get_by_label("Caption").fill(f"{written} Come and see.")
    page.get_by_role("checkbox", name="Photo 1").uncheck()
    page.locator("[data-preview] img").nth(2).wait_for(state="detached")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Saved.").wait_for()

    with page.expect_download() as download:
        page.get_by_role("link", name="Download ZIP").click()
    files = unpacked(download.value.path())
    text = files["post.txt"].decode()
    assert text.startswith(files["caption.txt"].decode().strip())
    assert "Come and see." in text and LINK in text
    assert files["hashtags.txt"].startswith(b"#")
    pictures = [name for name in files if name.startswith("images/")]
    assert pictures == ["images/01.jpg", "images/02.jpg"]
    for name in pictures:
        assert Image.open(io.BytesIO(files[name])).size == (1600, 900)

    page.get_by_role("button", name="Approve").click()
    page.get_by_text("The post is approved.").wait_for()
    page.get_by_label("More actions").click()
    visitor.check()
    page.get_by_role("button", name="Archive").click()
    page.get_by_text("This post is archived").wait_for()
    page.get_by_role("button", name="Bring back as a draft").last.click()
    page.get_by_text("The post is back as a draft.").wait_for()
    again_after_signing_in_elsewhere(visitor, portal, property_id)
    visitor.open("/site_admin/social_posts")
    assert page.get_by_role("link", name=re.compile("^Open the")).count() == len(PLATFORMS)
