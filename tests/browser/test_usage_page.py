"""The usage report in Chromium: looked at, and printed on A4 and Letter."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from playwright.sync_api import Page, expect
from pypdf import PageObject, PdfReader

from pwb.ai_tools.usage_pdf import usage_pdf
from pwb.content.tasks import TASKS
from pwb.extensions import db
from pwb.models import GenerationRequest
from pwb.services import periods, rollups
from pwb.services import usage as usage_service
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.browser.conftest import Portal, Visitor

# Pixels of a page between its margins of 14 mm, at 96 to the inch, and how many pages there are.
PAPERS = {"A4": (688, 3), "Letter": (710, 3)}
# The largest part of a page but the last that may be white above its foot.
WHITE = 0.25
MODELS = [f"maker-{number:02}/a-model-named-{number:02}" for number in range(18)]
LONG = "a-maker/" + "an-endless-name-" * 8
ROW = r"{} \d+ (\d+ )?[\d,]+ [\d,]+ \$[\d.]+ \+ \d pending, \d unknown \$[\d.]+"
HEAD = "MODEL GENERATIONS FAILED TOKENS IN TOKENS OUT AVERAGE SPEND"


def use(portal: Portal) -> None:
    """Fill October 2026 with requests of many models, listings and states."""
    website = portal.agency.website
    website.name = "Costa “Homes” & Söhne"
    listings = [factories.create_property(website, reference=f"ES-{n:02}") for n in range(18)]
    for number, row in enumerate(_requests()):
        row.website_id, row.user_id = website.id, portal.agency.agent.id
        row.property_id = listings[number % len(listings)].id
        db.session.add(row)
    db.session.flush()
    rollups.rebuild(website)
    db.session.commit()


def use_little(portal: Portal, large: Decimal | None = None) -> None:
    """Fill October 2026 as a small agency does: few models, listings and people. Every known cost
    is small, or `large` with the unknown ones left in."""
    website = portal.agency.website
    listings = [factories.create_property(website, reference=f"ES-{n:02}") for n in range(8)]
    people = [portal.agency.agent, portal.agency.admin]
    for number, row in enumerate(_requests()):
        row.website_id, row.user_id = website.id, people[number % 2].id
        row.property_id = listings[number % len(listings)].id
        row.ai_model, row.locale = MODELS[number % 4], factories.LOCALES[number % 3]
        row.request_type = list(TASKS)[number % 5]
        if large is None:
            row.cost_cents, row.cost_state = Decimal("0.66"), "exact"
        elif row.cost_cents is not None:
            row.cost_cents = large
        db.session.add(row)
    db.session.flush()
    rollups.rebuild(website)
    db.session.commit()


def _requests() -> Iterator[GenerationRequest]:
    start = datetime(2026, 10, 1, 9, tzinfo=UTC)
    states = ["exact", "exact", "estimated", "pending", "exact", "unknown", "exact"]
    for number in range(240):
        state = states[number % len(states)]
        known = state in {"exact", "estimated"}
        failed = number % 40 == 11
        moment = start + timedelta(hours=3 * number)
        yield GenerationRequest(
            request_type="listing_description",
            ai_provider="open_router",
            ai_model=[*MODELS, LONG][number % 19],
            locale=factories.LOCALES[number % 5],
            status="failed" if failed else "completed",
            error_code="timeout" if failed else None,
            input_tokens=1200 + number,
            output_tokens=400,
            cost_cents=Decimal("1.23456789") * (number + 1) if known else None,
            cost_state=state,
            reserved_cents=None if known else Decimal("6.5"),
            duration_ms=4200,
            created_at=moment,
            finished_at=moment,
        )


OCTOBER = "/site_admin/usage?from=2026-10-01&to=2026-10-31"


def no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_the_usage_report_is_looked_at_in_both_themes_and_over_several_periods(
    portal: Portal, visitor: Visitor
) -> None:
    use(portal)
    page = visitor.page
    visitor.sign_in(portal.agency.agent.email)

    # A month with everything in it.
    visitor.open(OCTOBER)
    expect(page.get_by_role("img", name=re.compile("^Spend per day"))).to_be_visible()
    legend = page.get_by_label("How far the costs are known")
    expect(legend).to_contain_text("Pending")
    assert no_sideways_scroll(page)

    # The legend stays in sight, and the figures behind the chart unfold.
    page.emulate_media(color_scheme="dark")
    page.get_by_text("Spend per day as a table").click()
    figures = page.get_by_role("region", name="Spend per day, the figures")
    expect(figures.get_by_role("row")).to_have_count(32)
    page.get_by_role("heading", name="By listing").scroll_into_view_if_needed()
    expect(legend).to_be_in_viewport()
    visitor.check()

    # A preset leads to today, where nothing was generated.
    page.locator(".period-menu > summary").click()
    page.get_by_role("link", name="Today", exact=True).click()
    today = periods.today(portal.agency.website).isoformat()
    page.wait_for_url(f"**/usage?from={today}&to={today}")
    expect(page.locator(".empty-title")).to_contain_text("Nothing was generated")
    visitor.check()
    assert no_sideways_scroll(page)

    # Dates that are none: what was typed stays.
    page.goto(f"{portal.url}/site_admin/usage?from=soon&to=2026-10-31")
    visitor.errors.clear()  # The browser reports the refusal's status 422.
    expect(page.get_by_label("From")).to_have_value("soon")
    expect(page.get_by_label("From")).to_have_accessible_description(re.compile("not a date"))
    visitor.check()


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_the_usage_report_prints_on_a4_and_letter(portal: Portal, visitor: Visitor) -> None:
    use(portal)
    page = visitor.page
    visitor.signed_in(portal.agency.admin)
    visitor.page.goto(visitor.url + OCTOBER)
    shown = page.locator("data.report-exact").get_attribute("value")
    for paper, (width, count) in PAPERS.items():
        sheets = sheets_of(page.pdf(format=paper))
        pages = [sheet.text for sheet in sheets]
        assert len(pages) == count, f"{len(pages)} pages of {paper}"
        assert all(sheet.white < WHITE for sheet in sheets[:-1]), paper
        check_running_heads(pages)
        check_tables(pages)
        whole = " ".join(pages)
        assert f"{Decimal(shown or ''):f}".rstrip("0") in whole.replace(",", "")
        assert "Skip to content" not in whole and "Integrations" not in whole
        assert "Spend per day as a table" not in whole
        assert cut_off(page, width) == []


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_a_small_agencys_month_fills_its_pages_in_the_browser_and_as_a_file(
    portal: Portal, visitor: Visitor
) -> None:
    use_little(portal)
    website = portal.agency.website
    report = usage_service.report(website, periods.month(website, "2026-10"))
    visitor.signed_in(portal.agency.admin)
    visitor.page.goto(visitor.url + OCTOBER)
    for paper in PAPERS:
        for pdf in (visitor.page.pdf(format=paper), usage_pdf(website, report, paper)):
            first, _last = sheets_of(pdf)
            assert first.white < WHITE, f"{first.white:.0%} of the first page of {paper} is white"
        assert cut_off(visitor.page, PAPERS[paper][0]) == []


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_large_sums_with_open_costs_are_cut_neither_on_paper_nor_on_a_phone(
    portal: Portal, visitor: Visitor
) -> None:
    use_little(portal, Decimal(3_600_000))
    page = visitor.page
    visitor.signed_in(portal.agency.admin)
    visitor.page.goto(visitor.url + OCTOBER)
    expect(page.get_by_text("without 34 pending, 34 unknown").first).to_be_visible()
    for paper, (width, _) in PAPERS.items():
        whole = " ".join(sheet.text for sheet in sheets_of(page.pdf(format=paper)))
        assert whole.count("$6,192,000.00") >= 5
        assert cut_off(page, width) == []
    page.set_viewport_size({"width": 390, "height": 900})
    narrow = page.locator(".report .table-responsive").filter(has=page.locator(".report-spend"))
    widths = narrow.evaluate_all("all => all.map(each => each.scrollWidth - each.clientWidth)")
    assert widths == [0] * 5


@pytest.mark.parametrize("visitor", [1280], indirect=True, ids=["wide"])
def test_the_reconciliation_prints_on_one_page(
    portal: Portal, visitor: Visitor, simulator: RunningSimulator
) -> None:
    use(portal)
    factories.create_integration(portal.agency.website)
    visitor.signed_in(portal.agency.admin)
    visitor.page.goto(visitor.url + OCTOBER)
    visitor.page.get_by_role("link", name="Reconciliation").click()
    expect(visitor.page.get_by_role("heading", name="The key, this month")).to_be_visible()
    visitor.check()
    pages = [sheet.text for sheet in sheets_of(visitor.page.pdf(format="A4"))]
    check_running_heads(pages)
    assert len(pages) == 1
    for word in ("Confirmed", "Estimated", "Pending", "Unknown", "Unexplained"):
        assert word in pages[0]
    assert cut_off(visitor.page, PAPERS["A4"][0]) == []


@dataclass(frozen=True)
class Sheet:
    """A printed page: its text in plain spaces, and how much of its height is white between its
    last words and its running foot."""

    text: str
    white: float


def sheets_of(pdf: bytes) -> list[Sheet]:
    """The pages of a PDF."""
    return [_sheet(page) for page in PdfReader(io.BytesIO(pdf)).pages]


def _sheet(page: PageObject) -> Sheet:
    """Chromium draws upside down: a word's place is only known with the page's own matrix."""
    heights: list[float] = []

    def note(text: str, cm: list[float], tm: list[float], _font: object, _size: float) -> None:
        if text.strip():
            heights.append(cm[1] * tm[4] + cm[3] * tm[5] + cm[5])

    text = re.sub(r"\s+", " ", page.extract_text(visitor_text=note))
    foot = min(heights)
    lowest = min((height for height in heights if height > foot + 6), default=foot)
    return Sheet(text, (lowest - foot) / float(page.mediabox.height))


def check_running_heads(pages: list[str]) -> None:
    for number, text in enumerate(pages, 1):
        assert "Costa “Homes” & Söhne" in text
        assert "October 2026" in text
        assert f"Page {number} of {len(pages)}" in text


def check_tables(pages: list[str]) -> None:
    """Every model has its row in one piece, under a head on the same page."""
    for model in MODELS:
        on = [text for text in pages if model in text]
        assert len(on) == 1, f"{model} is on {len(on)} pages"
        assert HEAD in on[0].upper()
        assert re.search(ROW.format(model), on[0]), on[0]
    listings = [text for text in pages if re.search(r"\bES-\d\d\b", text)]
    for text in listings:
        assert "LISTING GENERATIONS AVERAGE SPEND" in text.upper()
    assert sum(len(re.findall(r"\bES-\d\d\b", text)) for text in listings) == 18


def cut_off(page: Page, width: int) -> list[str]:
    """What would stand out over the paper's edge, or be hidden by a box around it."""
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width, "height": 900})
    page.reload()  # A page that was printed keeps the screen's layout now and then.
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(".report *")]
            .filter((each) => !each.closest(".no-print, .visually-hidden, svg"))
            .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5
                || (getComputedStyle(each).overflowX !== "visible"
                    && each.scrollWidth > each.clientWidth + 1))
            .map((each) => each.outerHTML.slice(0, 120))"""
    )
    page.emulate_media(media="null")
    page.set_viewport_size({"width": 1280, "height": 900})
    return found
