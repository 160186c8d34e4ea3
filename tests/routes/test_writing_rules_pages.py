"""The pages of an agency's writing rules, without JavaScript."""

from __future__ import annotations

import html
import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.extensions import db
from pwb.models import GenerationRequest, WritingRule
from pwb.services import writing_rules
from pwb.services.writing_rules import RuleDraft
from pwb.simulator.testing import RunningSimulator
from tests import factories
from tests.factories import Agency
from tests.pages import Page, Person

RULES = "/site_admin/ai/writing_rules"
VOICE = {"name": "Our voice", "rule": "Say we.", "scope": "all", "locale": "", "active": "y"}


def make(agency: Agency, name: str, **values: Any) -> WritingRule:
    return writing_rules.create_rule(agency.website, None, RuleDraft(name, f"{name}.", **values))


def names(agency: Agency) -> list[str]:
    return [rule.name for rule in writing_rules.list_rules(agency.website)]


def value_of(page: Page, field: str) -> str:
    return next(str(f["fields"][field]) for f in page.forms if field in f["fields"])


def test_a_first_rule_is_made_and_listed(admin: Person, agency: Agency) -> None:
    assert "No rules yet" in admin.get(RULES).text
    admin.get(f"{RULES}/new")
    page = admin.submit(f"{RULES}/new", VOICE)
    assert "The rule “Our voice” is saved." in page.text
    assert "Say we." in page.text and "1 of at most 30 on" in page.text


def test_what_was_typed_comes_back_with_the_problem(admin: Person, agency: Agency) -> None:
    page = admin.submit(f"{RULES}/new", VOICE | {"name": "", "rule": "<b>bold</b>"}, 422)
    assert "A name needs at least one word." in page.text
    assert "&lt;b&gt;bold" in page.html
    assert names(agency) == []


def test_a_rule_is_edited_and_switched_off_by_its_form(admin: Person, agency: Agency) -> None:
    rule = make(agency, "Old")
    page = admin.get(f"{RULES}/{rule.id}/edit")
    fields = VOICE | {"version": value_of(page, "version"), "scope": "social", "locale": "de"}
    del fields["active"]
    admin.post(f"{RULES}/{rule.id}/edit", fields)
    db.session.refresh(rule)
    saved = (rule.name, rule.rule, rule.scope, rule.locale, rule.active)
    assert saved == ("Our voice", "Say we.", "social", "de", False)


def test_a_rule_changed_meanwhile_is_shown_beside_what_was_typed(
    admin: Person, agency: Agency
) -> None:
    rule = make(agency, "Old")
    version = value_of(admin.get(f"{RULES}/{rule.id}/edit"), "version")
    draft = RuleDraft("Old", "Theirs.")
    writing_rules.update_rule(agency.website, None, rule.id, draft, version)
    page = admin.submit(f"{RULES}/{rule.id}/edit", VOICE | {"version": version}, 409)
    assert "Somebody else changed this rule" in page.text
    assert "Theirs." in page.text and "Say we." in page.text
    admin.post(f"{RULES}/{rule.id}/edit", VOICE | {"version": value_of(page, "version")})
    assert names(agency) == ["Our voice"]


def test_rules_move_by_plain_buttons_and_the_page_comes_back_there(
    admin: Person, agency: Agency
) -> None:
    first, second = make(agency, "First"), make(agency, "Second")
    page = admin.get(RULES)
    assert f"rule-{second.id}-up" in page.ids and "Move Second up" in page.html
    moved = admin.post(f"{RULES}/{second.id}/move", {"direction": "up"})
    assert moved.location.endswith(f"#rule-{second.id}-up")
    assert names(agency) == ["Second", "First"]
    admin.post(f"{RULES}/{second.id}/move", {"direction": "up"})
    admin.post(f"{RULES}/{first.id}/move", {"direction": "sideways"})
    assert names(agency) == ["Second", "First"]


def test_rules_are_switched_and_deleted_from_the_list(admin: Person, agency: Agency) -> None:
    rule = make(agency, "Rule")
    admin.get(RULES)
    page = admin.submit(f"{RULES}/{rule.id}/toggle", {"active": "0"})
    assert "is off" in page.text and "Switch on" in page.text
    admin.submit(f"{RULES}/{rule.id}/toggle", {"active": "1"})
    page = admin.submit(f"{RULES}/{rule.id}/delete")
    assert "is deleted" in page.text
    assert names(agency) == []


def test_too_many_rules_on_is_told(admin: Person, agency: Agency) -> None:
    for number in range(writing_rules.MOST_ACTIVE):
        make(agency, f"Rule {number}")
    spare = make(agency, "Spare", active=False)
    assert "30 rules are on" in admin.submit(f"{RULES}/{spare.id}/toggle", {"active": "1"}).text
    assert "30 rules are on" in admin.submit(f"{RULES}/new", VOICE, 422).text


def test_words_to_avoid_are_edited_by_language(admin: Person, agency: Agency) -> None:
    admin.get(f"{RULES}/words")
    page = admin.submit(f"{RULES}/words", {"words_all": "gem\nmust-see", "words_de": "Traum"})
    assert "The words are saved." in page.text
    assert "must-see" in page.text and "German" in page.text
    assert "gem\nmust-see" in admin.get(f"{RULES}/words").html
    page = admin.submit(f"{RULES}/words", {"words_all": "gem", "words_de": "x" * 61}, 422)
    assert "is longer than 60 characters" in page.text
    assert writing_rules.words_to_avoid(agency.website, "en") == ("gem", "must-see")


def test_the_deeds_read_well_in_the_audit_log(admin: Person, agency: Agency) -> None:
    admin.get(f"{RULES}/new")
    admin.post(f"{RULES}/new", VOICE)
    admin.post(f"{RULES}/words", {"words_all": "gem"})
    text = admin.get("/site_admin/audit_log?kind=writing_rule").text
    assert "made the writing rule Our voice" in text
    assert "changed the words to avoid" in text


def test_the_preview_shows_both_messages_as_they_would_be_sent(
    admin: Person, agency: Agency
) -> None:
    make(agency, "Whisper")
    factories.create_property(agency.website, reference="ES-1", city="Ronda <b>")
    page = admin.get(f"{RULES}/preview?property=ES-1&locale=fr&tone=warm&length=long")
    assert "1. Whisper." in page.text and "Write everything in French (fr)" in page.text
    assert "about 250 words" in page.text and "Warm: " in page.text
    raw = page.html.split('id="raw-prompt" tabindex="0">')[1].split("</pre>")[0]
    document = json.loads(html.unescape(raw))
    assert document["listing"]["city"] == "Ronda <b>"
    assert db.session.scalars(select(GenerationRequest)).all() == []


def test_the_preview_takes_the_newest_listing_and_names_what_is_wrong(
    admin: Person, agency: Agency
) -> None:
    assert "No listing yet" in admin.get(f"{RULES}/preview").text
    factories.create_property(agency.website, reference="ES-1")
    assert "ES-1" in admin.get(f"{RULES}/preview").html
    theirs = factories.create_property(factories.create_website(), reference="THEIRS")
    for wrong in (f"property={theirs.reference}", "locale=xx", "tone=rude", "length=huge"):
        page = admin.get(f"{RULES}/preview?{wrong}", 422)
        assert "Instructions" not in page.text


def test_a_rule_is_tried_before_it_is_saved(
    admin: Person, agency: Agency, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    factories.create_property(agency.website, reference="ES-1")
    page = admin.get(f"{RULES}/new")
    fields = VOICE | {"name": "", "property": "ES-1", "try_locale": "en"}
    fields["form_key"] = value_of(page, "form_key")
    page = admin.submit(f"{RULES}/try", fields)
    assert "1. Say we." in simulator.completions[-1].json["messages"][0]["content"]
    row = db.session.scalars(select(GenerationRequest)).one()
    assert row.output_data["title"] in html.unescape(page.text)
    assert f"/site_admin/ai/requests/{row.id}" in page.html
    assert "trial of a rule" in admin.get(f"/site_admin/ai/requests/{row.id}").text
    assert names(agency) == []
    assert value_of(page, "form_key") != fields["form_key"]


def test_a_saved_rule_is_tried_as_it_is_typed(
    admin: Person, agency: Agency, simulator: RunningSimulator
) -> None:
    factories.create_integration(agency.website)
    factories.create_property(agency.website)
    rule = make(agency, "Old")
    admin.get(f"{RULES}/{rule.id}/edit")
    page = admin.submit(f"{RULES}/{rule.id}/try", VOICE | {"try_locale": "en"})
    assert "1. Say we.\n" in simulator.completions[-1].json["messages"][0]["content"]
    assert "Say we." in page.text
    assert names(agency) == ["Old"]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"rule": ""}, "A rule needs at least one word."),
        ({"property": "NONE"}, "has no listing with the reference"),
        ({"try_locale": "xx"}, "is not one of this website"),
    ],
)
def test_a_trial_that_cannot_be_made_says_why_beside_the_field(
    admin: Person, agency: Agency, simulator: RunningSimulator, fields: dict[str, str], problem: str
) -> None:
    factories.create_integration(agency.website)
    factories.create_property(agency.website)
    admin.get(f"{RULES}/new")
    page = admin.submit(f"{RULES}/try", VOICE | {"try_locale": "en"} | fields, 422)
    assert problem in html.unescape(page.text)
    assert simulator.completions == []


def test_a_trial_without_a_key_says_where_to_go(admin: Person, agency: Agency) -> None:
    factories.create_property(agency.website)
    admin.get(f"{RULES}/new")
    page = admin.submit(f"{RULES}/try", VOICE | {"try_locale": "en"}, 409)
    assert "Integrations" in page.text and "Say we." in page.text


def test_agents_and_other_agencies_do_not_reach_the_rules(
    agent: Person, agency: Agency, app: Flask
) -> None:
    rule = make(agency, "Ours")
    agent.get("/site_admin/")
    assert "Writing rules" not in agent.get("/site_admin/").text
    stranger = Person(app).sign_in(factories.create_agency().admin.email)
    for path in ("edit", "move", "toggle", "delete", "try"):
        kept = {"direction": "up", "active": "0"} | VOICE
        agent.post(f"{RULES}/{rule.id}/{path}", kept, 403)
        stranger.post(f"{RULES}/{rule.id}/{path}", kept, 404)
    assert "Ours" not in stranger.get(RULES).text
    assert names(agency) == ["Ours"]
