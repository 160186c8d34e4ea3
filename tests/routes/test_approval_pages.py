"""The pages of sign-off: list, review, approval, history, the record to print, the settings."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape

import pytest
import sqlalchemy as sa

from pwb.extensions import db
from pwb.models import GenerationRequest, PropertyText, TextApproval, TextVersion, Website
from pwb.services.approval_chain import hash_of
from tests import factories
from tests.pages import Person, form_to
from tests.services.sign_off import (
    CLEAN,
    UNFAIR,
    WRONG,
    approve,
    change,
    listing_with,
    save,
    text_of,
)

TEXTS = "/site_admin/ai/texts"
REASON = "Agreed with our lawyer on 3 May."


def at(listing, action, locale="en"):
    return f"/site_admin/properties/{listing.id}/texts/{locale}/{action}"


def edit_page(listing):
    return f"/site_admin/properties/{listing.id}/edit"


def record_page(listing):
    return f"/site_admin/properties/{listing.id}/compliance_record"


def seen_hash(page, listing):
    return form_to(page, at(listing, "approve"))["fields"]["text_hash"]


def reason_names(page):
    return re.findall(r'<textarea[^>]*name="(reason-[^"]+)"', page.html)


def approvals_made():
    return db.session.scalar(sa.select(sa.func.count(TextApproval.id)))


def test_a_clean_text_is_reviewed_and_approved(agent, agency):
    listing = listing_with(agency.website)
    page = agent.get(at(listing, "review"))
    assert "Nothing stands in the way." in page.text
    assert "claims supported" in page.text
    page = agent.submit(at(listing, "approve"), {"text_hash": seen_hash(page, listing)})
    assert "The English text is approved." in page.text
    assert f"Approved by {agency.agent.display_name}" in page.text
    assert text_of(listing).status == "approved"


def test_the_review_marks_what_the_checks_found(agent, agency):
    listing = listing_with(agency.website, UNFAIR | {"title": WRONG["title"]})
    page = agent.get(at(listing, "review"))
    assert re.search(r'<mark class="mark mark-violation"[^>]*>Perfect for families', page.html)
    assert re.search(r'<mark class="mark mark-contradicted"[^>]*>Four-bedroom', page.html)
    assert re.search(r'<mark class="mark mark-supported"[^>]*>private pool', page.html)
    assert "2 findings block approval." in page.text


def test_an_admin_overrides_each_finding_with_a_reason(admin, agency):
    listing = listing_with(agency.website, UNFAIR | {"title": WRONG["title"]})
    page = admin.get(at(listing, "review"))
    first, second = reason_names(page)
    sent = {"text_hash": seen_hash(page, listing), first: REASON, second: "no"}
    page = admin.submit(at(listing, "approve"), sent, status=422)
    assert REASON in page.html
    assert "A reason has 5 to 500 characters." in page.text
    assert text_of(listing).status == "draft"
    page = admin.submit(at(listing, "approve"), sent | {second: "It has four since May."})
    assert "It has four since May." in page.text
    assert text_of(listing).status == "approved"


def test_an_agent_may_not_override_and_is_told_whom_to_ask(agent, agency):
    listing = listing_with(agency.website, UNFAIR)
    page = agent.get(at(listing, "review"))
    assert f"ask {agency.admin.display_name} to approve it" in page.text
    assert reason_names(page) == []
    name = f"reason-{hidden_finding(agency, listing)}"
    sent = {"text_hash": seen_hash(page, listing), name: REASON}
    page = agent.submit(at(listing, "approve"), sent, status=403)
    assert "Your role may not approve a text over its findings." in page.text
    assert approvals_made() == 0
    db.session.get_one(Website, agency.website.id).agents_may_override = True
    db.session.commit()
    assert reason_names(agent.get(at(listing, "review"))) == [name]
    agent.submit(at(listing, "approve"), sent)
    assert text_of(listing).status == "approved"


def hidden_finding(agency, listing):
    from pwb.services import checks

    text = text_of(listing)
    (finding,) = checks.check_saved(agency.website, text.property, text).blocking
    return finding


@pytest.mark.parametrize("sent", [{}, {"text_hash": "0" * 64}, {"text_hash": "…"}])
def test_a_forged_or_missing_hash_approves_nothing(admin, agency, sent):
    listing = listing_with(agency.website)
    page = admin.submit(at(listing, "approve"), sent, status=409)
    assert "This text was changed after you opened it" in page.text
    assert approvals_made() == 0


def test_a_text_that_somebody_edited_meanwhile_is_shown_anew(admin, agency):
    listing = listing_with(agency.website)
    seen = seen_hash(admin.get(at(listing, "review")), listing)
    save(agency.website, agency.agent, listing, title="Other words")
    page = admin.submit(at(listing, "approve"), {"text_hash": seen}, status=409)
    assert "Other words" in page.text
    assert seen_hash(page, listing) == hash_of(text_of(listing)) != seen


def test_a_double_click_approves_once(agent, agency):
    listing = listing_with(agency.website)
    sent = {"text_hash": hash_of(text_of(listing))}
    for _ in range(2):
        agent.post(at(listing, "approve"), sent)
    assert approvals_made() == 1


def test_an_approval_is_withdrawn(agent, agency):
    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, listing)
    page = agent.submit(at(listing, "withdraw"))
    assert "The English text is a draft again." in page.text
    assert text_of(listing).status == "draft"
    assert approvals_made() == 1


@pytest.mark.parametrize(
    ("method", "action"),
    [
        ("get", "review"),
        ("get", "history"),
        ("post", "approve"),
        ("post", "withdraw"),
        ("post", "restore/1"),
    ],
)
def test_another_websites_text_is_not_found(agent, method, action):
    other = factories.create_agency()
    listing = listing_with(other.website)
    save(other.website, other.agent, listing, title="Two")
    sent = {"data": {"text_hash": hash_of(text_of(listing))}} if method == "post" else {}
    getattr(agent, method)(at(listing, action), status=404, **sent)
    assert text_of(listing).status == "draft"
    assert approvals_made() == 0


def test_another_websites_record_is_not_found_even_when_the_listing_is_gone(agent):
    other = factories.create_agency()
    listing = listing_with(other.website)
    approve(other.website, other.agent, listing)
    agent.get(record_page(listing), status=404)
    agent.get("/site_admin/properties/99999/compliance_record", status=404)


@pytest.mark.parametrize("locale", ["de", "xx", "EN", "..."])
def test_a_language_without_a_text_is_not_found(agent, agency, locale):
    listing = listing_with(agency.website)
    agent.get(at(listing, "review", locale), status=404)
    agent.post(at(listing, "approve", locale), status=404)


def test_an_empty_history_and_an_unknown_language(agent, agency):
    listing = listing_with(agency.website)
    assert "No history yet" in agent.get(at(listing, "history", "de")).text
    agent.get(at(listing, "history", "xx"), status=404)


def test_a_signed_out_visitor_sees_none_of_it(app, agency):
    listing = listing_with(agency.website)
    for path in (at(listing, "review"), at(listing, "history"), record_page(listing), TEXTS):
        assert Person(app).client.get(path).status_code == 302


def test_what_a_text_says_is_shown_as_text_only(admin, agency):
    evil = "<script>alert(1)</script> Perfect for families."
    listing = listing_with(agency.website, UNFAIR | {"title": evil})
    for path in (at(listing, "review"), TEXTS, edit_page(listing)):
        assert "<script>alert(1)" not in admin.get(path).html
    page = admin.get(at(listing, "review"))
    bad = dict.fromkeys(reason_names(page), f"Because of {evil}")
    admin.submit(at(listing, "approve"), {"text_hash": seen_hash(page, listing)} | bad)
    save(agency.website, agency.admin, listing, description=evil)
    names = reason_names(admin.get(at(listing, "review")))
    reasons = {name.removeprefix("reason-"): evil for name in names}
    approve(agency.website, agency.admin, listing, **reasons)
    for path in (record_page(listing), at(listing, "history")):
        assert "<script>alert(1)" not in admin.get(path).html


def test_the_record_prints_all_that_was_signed(admin, agency):
    listing = listing_with(agency.website, UNFAIR, reference="ES-1")
    page = admin.get(at(listing, "review"))
    sent = dict.fromkeys(reason_names(page), REASON)
    admin.submit(at(listing, "approve"), {"text_hash": seen_hash(page, listing)} | sent)
    page = admin.get(record_page(listing))
    approval = db.session.scalar(sa.select(TextApproval))
    for said in (
        "Compliance record ES-1", UNFAIR["description"], agency.admin.display_name, REASON,
        "1 violation, overridden", "Private pool: in the record", approval.text_hash,
        approval.record_hash, "Written by a person",
    ):  # fmt: skip
        assert said in unescape(page.text), said


def test_the_record_keeps_what_was_withdrawn_apart(agent, agency):
    listing = listing_with(agency.website)
    assert "No approved text" in agent.get(record_page(listing)).text
    approve(agency.website, agency.agent, listing)
    agent.post(at(listing, "withdraw"))
    page = agent.get(record_page(listing))
    assert "No approved text" in page.text
    assert "Earlier approvals" in page.text


def test_the_lists_show_drafts_stale_and_approved_texts(agent, agency):
    draft = listing_with(agency.website, UNFAIR, reference="D-1")
    stale = listing_with(agency.website, reference="S-1")
    good = listing_with(agency.website, reference="A-1")
    empty = factories.create_property(agency.website, {"en": {"title": "Only a title"}})
    for listing in (stale, good):
        approve(agency.website, agency.agent, listing)
    change(agency.website, agency.agent, stale, sale_price=Decimal(700_000))
    other = listing_with(factories.create_agency().website, reference="O-1")
    for state, shown in (("draft", draft), ("stale", stale), ("approved", good), ("odd", draft)):
        page = agent.get(f"{TEXTS}?state={state}")
        linked = [each.reference for each in (draft, stale, good, empty, other)
                  if at(each, "review") in page.html]  # fmt: skip
        assert linked == [shown.reference]
    assert "1 finding blocks" in agent.get(TEXTS).text
    page = agent.get(f"{TEXTS}?state=stale")
    assert "Price changed from €650,000 to €700,000 since this text was approved." in page.text
    form = form_to(page, f"/site_admin/properties/{stale.id}/descriptions")
    assert (form["fields"]["locale"], form["fields"]["refresh"]) == ("en", "1")


def test_the_lists_are_narrowed(agent, agency):
    listing = listing_with(agency.website, reference="D-1")
    for query, found in (
        ("q=d-1", True), ("q=marbella", True), ("q=nothing", False), ("locale=en", True),
        ("locale=de", False), ("locale=xx", False), ("q=%25", False), ("page=9999999999", False),
    ):  # fmt: skip
        assert (at(listing, "review") in agent.get(f"{TEXTS}?{query}").html) is found, query


def test_the_dashboard_says_what_waits(agent, agency):
    stale = listing_with(agency.website)
    approve(agency.website, agency.agent, stale)
    assert "waiting for approval" not in agent.get("/site_admin/").text
    change(agency.website, agency.agent, stale, bedrooms=4)
    listing_with(agency.website)
    listing_with(agency.website)
    page = agent.get("/site_admin/")
    assert "One approved text is stale" in page.text
    assert "2 draft texts are waiting for approval" in page.text
    assert f"{TEXTS}?state=stale" in page.html


def test_the_listings_page_tells_how_each_text_stands(agent, agency):
    listing = factories.create_property(agency.website, {"en": CLEAN, "de": {"title": "Haus"}})
    assert agent.get(edit_page(listing)).html.count('form="approve-') == 1
    approve(agency.website, agency.agent, listing)
    page = agent.get(edit_page(listing))
    assert f"by {agency.agent.display_name}" in page.text
    assert "Compliance record" in page.text
    assert "stale" not in page.text.lower().split("texts")[0]
    change(agency.website, agency.agent, listing, sale_price=Decimal(700_000))
    page = agent.get(edit_page(listing))
    assert "One approved text is stale" in page.text
    assert "Price changed from €650,000 to €700,000 since this text was approved." in page.text


def test_a_text_without_findings_is_approved_in_one_click_on_the_listings_page(agent, agency):
    listing = listing_with(agency.website)
    page = agent.get(edit_page(listing))
    fields = form_to(page, at(listing, "approve"))["fields"]
    save(agency.website, agency.agent, listing, title="Changed meanwhile")
    agent.post(at(listing, "approve"), fields, 409)
    fields = form_to(agent.get(edit_page(listing)), at(listing, "approve"))["fields"]
    answer = agent.post(at(listing, "approve"), fields)
    assert answer.location == f"{edit_page(listing)}#text-en-panel"
    assert text_of(listing).status == "approved"
    assert 'form="approve-' not in agent.get(edit_page(listing)).html
    assert 'form="approve-' not in agent.get(edit_page(listing_with(agency.website, UNFAIR))).html


def test_findings_that_block_are_counted_on_the_listings_page(agent, agency):
    listing = listing_with(agency.website, UNFAIR)
    assert "1 finding blocks approval" in agent.get(edit_page(listing)).text


def test_refreshing_shows_the_new_text_and_keeps_the_listings_features(agent, agency, simulator):
    factories.create_integration(agency.website)
    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, listing)
    change(agency.website, agency.agent, listing, sale_price=Decimal(700_000))
    page = agent.get(edit_page(listing))
    address = f"/site_admin/properties/{listing.id}/descriptions"
    fields = form_to(page, address)["fields"]
    assert (fields["locale"], fields["refresh"]) == ("en", "1")
    page = agent.submit(address, fields)
    row = db.session.scalar(sa.select(GenerationRequest))
    assert (row.request_type, row.status) == ("listing_refresh", "completed")
    assert re.search(
        r'value="private_pool"[^>]*\bchecked|\bchecked[^>]*value="private_pool"', page.html
    )
    assert CLEAN["description"] in unescape(page.html)


def test_a_version_is_compared_and_restored(agent, agency):
    listing = listing_with(agency.website)
    approve(agency.website, agency.agent, listing)
    save(agency.website, agency.agent, listing, title="Three-bedroom house in Marbella")
    page = agent.get(at(listing, "history"))
    assert re.search(r"<del[^>]*>villa ?</del>", page.html)
    assert re.search(r"<ins[^>]*>house ?</ins>", page.html)
    assert "Current, draft" in page.text
    first = db.session.scalar(sa.select(sa.func.min(TextVersion.id)))
    page = agent.submit(at(listing, f"restore/{first}"))
    assert "The English text is back as a draft." in page.text
    text = text_of(listing)
    assert (text.title, text.status) == (CLEAN["title"], "draft")
    agent.post(at(listing, "restore/99999"), status=404)


def test_a_text_without_words_has_no_review(agent, agency):
    listing = factories.create_property(agency.website)
    listing.texts.append(PropertyText(website_id=agency.website.id, locale="en"))
    db.session.commit()
    agent.get(at(listing, "review"), status=404)
