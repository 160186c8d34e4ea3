"""The checks over a listing's three parts, by the website's own rules."""

from pwb.content.listing import ListingFacts
from pwb.extensions import db
from pwb.models import Property, WritingRule
from pwb.services import checks, generations
from pwb.services.generations import DescriptionSpec
from tests import factories

PARTS = {
    "title": "Four-bedroom villa in Marbella",
    "description": "A villa with a private pool and a home cinema. Perfect for families.",
    "meta_description": "Three-bedroom villa with a private pool.",
}


def found(agency, parts=None, **facts):
    listing = factories.create_property(agency.website, **facts)
    return checks.check_text(agency.website, checks.facts_of(listing), "en", PARTS | (parts or {}))


def test_every_finding_names_its_part_and_where_in_it_it_stands(agency):
    findings = found(agency).as_json()
    items = [
        *findings["compliance"]["violations"],
        *findings["compliance"]["advice"],
        *findings["claims"]["items"],
    ]
    assert {item["field"] for item in items} == set(PARTS)
    for item in items:
        assert PARTS[item["field"]][item["start"] : item["end"]] == item["text"]


def test_claims_are_counted_over_all_parts(agency):
    claims = found(agency).claims_json()
    states = [item["state"] for item in claims["items"]]
    for state in ("supported", "contradicted", "unsupported"):
        assert claims[state] == states.count(state)
    wrong = next(item for item in claims["items"] if item["state"] == "contradicted")
    assert (wrong["field"], wrong["fact"], wrong["recorded"]) == ("title", "bedrooms", "3")


def test_violations_and_contradictions_block_and_nothing_else_does(agency):
    findings = found(agency)
    texts = [item["text"] for item in findings.blocking_items]
    assert texts == ["Perfect for families", "Four-bedroom"]
    assert any(item["state"] == "unsupported" for item in findings.claims)


def test_an_id_stays_the_same_where_words_are_put_before_it(agency):
    before = found(agency).blocking
    longer = found(agency, {"description": f"On a hill. {PARTS['description']}"}).blocking
    assert longer == before
    moved = found(agency, {"title": PARTS["meta_description"], "meta_description": PARTS["title"]})
    assert moved.blocking != before


def test_the_same_wording_twice_in_a_part_is_one_finding_to_answer_for(agency):
    text = {"description": "Perfect for families. Perfect for families.", "title": "Villa"}
    findings = found(agency, text)
    assert len(findings.violations) == 2
    assert len(findings.blocking) == 1


def test_the_text_relies_on_the_facts_that_it_states(agency):
    relied = found(agency).relies_on
    assert {"bedrooms", "property_type", "private_pool"} <= set(relied)
    assert "sale_price" not in relied


def test_a_fact_that_is_stated_before_it_is_known_is_relied_on_too(agency):
    findings = found(agency, {"description": "Built in 2019."}, year_built=None)
    assert "year_built" in findings.relies_on


def test_only_the_websites_jurisdictions_count(agency):
    text = {"title": "Flat", "description": "Sorry, no Section 8.", "meta_description": ""}
    assert found(agency, text).violations
    agency.website.jurisdictions = ["es"]
    db.session.commit()
    assert found(agency, text).violations == ()


def test_words_to_avoid_are_found_and_do_not_block(agency):
    rule = WritingRule(
        website_id=agency.website.id, name="Avoid", rule="stunning\nnestled", scope="avoid"
    )
    db.session.add(rule)
    db.session.commit()
    findings = found(agency, {"title": "A stunning villa", "description": "Near the sea."})
    (word,) = findings.words
    assert (word["field"], word["text"], word["word"]) == ("title", "stunning", "stunning")
    assert word["id"] not in findings.blocking


def test_texts_in_every_language_can_be_checked():
    for locale in factories.LOCALES:
        rules, facts = checks.CheckRules(), ListingFacts("R-1", bedrooms=3)
        findings = checks.check_parts(rules, facts, locale, {"title": "", "description": "…"})
        assert findings.compliance_json()["compliant"] is True


def test_a_generated_text_carries_its_findings_and_the_row_keeps_them(agency, simulator):
    factories.create_integration(agency.website)
    listing = factories.create_property(agency.website)
    result = generations.generate_description(
        agency.website, agency.agent, listing, DescriptionSpec("en")
    )
    answer = result.as_json()
    assert answer["success"] is True
    assert answer["compliance"]["compliant"] in {True, False}
    assert answer["claims"]["supported"] > 0
    again = generations.completed_result(
        agency.website, db.session.get_one(Property, listing.id), result.request_id
    )
    assert again.as_json()["claims"] == answer["claims"]
