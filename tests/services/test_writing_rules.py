"""An agency's voice: rules in order, words to avoid, and what of them is sent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import AuditEvent, GenerationRequest, PropertyText, User, Website, WritingRule
from pwb.services import rule_trials, writing_rules
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import ListingDescriptionGenerator
from pwb.services.writing_rules import (
    MOST_ACTIVE,
    RuleDraft,
    create_rule,
    delete_rule,
    list_rules,
    move_rule,
    save_word_lists,
    set_active,
    update_rule,
    version_of,
    voice_for,
    words_to_avoid,
)
from pwb.simulator.testing import RunningSimulator
from tests import factories


@pytest.fixture
def website(app: Flask) -> Website:
    return factories.create_website()


@pytest.fixture
def actor(website: Website) -> User:
    return factories.create_user(website, "admin")


def make(website: Website, name: str, **values: Any) -> WritingRule:
    return create_rule(website, None, RuleDraft(name, f"{name} it is.", **values))


def names(website: Website) -> list[str]:
    return [rule.name for rule in list_rules(website)]


def problems(call: Any, *arguments: Any) -> dict[str, list[str]]:
    with pytest.raises(InvalidInput) as refused:
        call(*arguments)
    return refused.value.fields


def deeds() -> list[str]:
    return list(db.session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_rules_come_in_their_order_and_new_ones_last(website: Website) -> None:
    for name in ("One", "Two", "Three"):
        make(website, name)
    assert names(website) == ["One", "Two", "Three"]
    assert voice_for(website, "listing", "en").rules == ("One it is.", "Two it is.", "Three it is.")


def test_a_rule_holds_for_its_kind_of_text_its_language_and_while_it_is_on(
    website: Website,
) -> None:
    make(website, "All")
    make(website, "Listing", scope="listing")
    make(website, "Social", scope="social")
    make(website, "German", locale="de")
    make(website, "Off", active=False)
    assert voice_for(website, "listing", "en").rules == ("All it is.", "Listing it is.")
    assert voice_for(website, "listing", "de").rules == (
        "All it is.",
        "Listing it is.",
        "German it is.",
    )
    assert voice_for(website, "social", "en").rules == ("All it is.", "Social it is.")


def test_rules_of_another_website_do_not_hold_here(website: Website) -> None:
    other = factories.create_website()
    rule = make(other, "Theirs")
    save_word_lists(other, None, {"": "theirs"})
    assert voice_for(website, "listing", "en").rules == ()
    assert words_to_avoid(website, "en") == ()
    for call in (delete_rule, lambda *a: move_rule(*a, 1), lambda *a: set_active(*a, False)):
        with pytest.raises(NotFound):
            call(website, None, rule.id)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": " \u202e "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"rule": "\n"}, "rule"),
        ({"rule": "x" * 1001}, "rule"),
        ({"scope": "avoid"}, "scope"),
        ({"scope": "poems"}, "scope"),
        ({"locale": "xx"}, "locale"),
    ],
)
def test_a_rule_that_will_not_do_names_its_field(
    website: Website, values: dict[str, str], field: str
) -> None:
    draft = RuleDraft(**{"name": "Name", "rule": "Rule."} | values)
    assert field in problems(create_rule, website, None, draft)
    assert list_rules(website) == []


def test_limits_count_characters_and_are_reached_exactly(website: Website) -> None:
    rule = create_rule(website, None, RuleDraft("n" * 80, "é" * 1000))
    assert (len(rule.name), len(rule.rule)) == (80, 1000)


def test_hidden_characters_and_line_ends_do_not_stay(website: Website) -> None:
    rule = create_rule(website, None, RuleDraft(" Our\u200b voice ", "Say\r\n\u202ewe\x07."))
    assert (rule.name, rule.rule) == ("Our voice", "Say we.")


def test_moving_stops_at_both_ends(website: Website) -> None:
    rules = [make(website, name) for name in ("A", "B", "C")]
    move_rule(website, None, rules[2].id, -1)
    assert names(website) == ["A", "C", "B"]
    move_rule(website, None, rules[0].id, -1)
    move_rule(website, None, rules[1].id, 1)
    assert names(website) == ["A", "C", "B"]
    move_rule(website, None, rules[0].id, 1)
    assert names(website) == ["C", "A", "B"]


def test_at_most_thirty_rules_are_on(website: Website) -> None:
    for number in range(MOST_ACTIVE):
        make(website, f"Rule {number}")
    assert "active" in problems(create_rule, website, None, RuleDraft("More", "More."))
    spare = make(website, "Spare", active=False)
    assert "active" in problems(set_active, website, None, spare.id, True)
    draft = RuleDraft("Spare", "Spare.")
    assert "active" in problems(update_rule, website, None, spare.id, draft, version_of(spare))
    set_active(website, None, list_rules(website)[0].id, False)
    assert set_active(website, None, spare.id, True).active


def test_a_rule_changed_by_somebody_else_is_not_written_over(website: Website) -> None:
    rule = make(website, "Ours")
    seen = version_of(rule)
    update_rule(website, None, rule.id, RuleDraft("Ours", "Theirs."), seen)
    with pytest.raises(EditConflict):
        update_rule(website, None, rule.id, RuleDraft("Ours", "Mine."), seen)
    assert list_rules(website)[0].rule == "Theirs."


def test_moving_a_rule_is_no_conflict_for_who_edits_it(website: Website) -> None:
    make(website, "A")
    rule = make(website, "B")
    seen = version_of(rule)
    move_rule(website, None, rule.id, -1)
    update_rule(website, None, rule.id, RuleDraft("B", "New."), seen)
    assert voice_for(website, "all", "en").rules == ("New.", "A it is.")


def test_every_deed_is_recorded_with_who_and_what(website: Website, actor: User) -> None:
    rule = create_rule(website, actor, RuleDraft("A", "Old."))
    make(website, "B")
    draft = RuleDraft("A", "New.", "social")
    update_rule(website, actor, rule.id, draft, version_of(rule))
    update_rule(website, actor, rule.id, draft, version_of(rule))
    move_rule(website, actor, rule.id, 1)
    set_active(website, actor, rule.id, False)
    set_active(website, actor, rule.id, False)
    set_active(website, actor, rule.id, True)
    save_word_lists(website, actor, {"": "gem", "de": ""})
    save_word_lists(website, actor, {"": "gem"})
    delete_rule(website, actor, rule.id)
    expected = "created created changed moved disabled enabled words_changed deleted"
    assert [deed.removeprefix("writing_rule.") for deed in deeds()] == expected.split()
    changed = db.session.scalars(select(AuditEvent).where(AuditEvent.action.endswith("changed")))
    edited, words = changed.all()
    assert edited.changes == {"rule": ["Old.", "New."], "scope": ["all", "social"]}
    assert (edited.actor_id, edited.object_label) == (actor.id, "A")
    assert words.changes == {"all_words": ["", "gem"]}


def test_words_are_kept_by_language_each_once(website: Website) -> None:
    typed = {"": "Stunning\r\nmust-see, stunning;  gem \n\n", "de": "Traumhaft、einmalig"}
    assert save_word_lists(website, None, typed)
    assert words_to_avoid(website, "en") == ("stunning", "must-see", "gem")
    assert words_to_avoid(website, "de") == ("stunning", "must-see", "gem", "Traumhaft", "einmalig")
    assert save_word_lists(website, None, {"": ""})
    assert words_to_avoid(website, "de") == ("Traumhaft", "einmalig")


def test_words_are_no_rules_and_cannot_be_reached_as_such(website: Website) -> None:
    save_word_lists(website, None, {"": "gem"})
    row = db.session.scalars(select(WritingRule)).one()
    assert list_rules(website) == []
    assert voice_for(website, "avoid", "en").rules == ()
    with pytest.raises(NotFound):
        writing_rules.get_rule(website, row.id)


@pytest.mark.parametrize("typed", ["x" * 61, "\n".join(f"word {number}" for number in range(101))])
def test_words_too_long_or_too_many_are_refused(website: Website, typed: str) -> None:
    assert "de" in problems(save_word_lists, website, None, {"de": typed})


def test_words_to_avoid_are_found_in_a_text(website: Website) -> None:
    save_word_lists(website, None, {"": "gem", "de": "traumhaft"})
    text = "Traumhafte Lage: ein Gem."
    assert writing_rules.avoided_words(website, text, "de") == [
        (0, 10, "traumhaft"),
        (21, 24, "gem"),
    ]
    assert writing_rules.avoided_words(website, text, "en") == [(21, 24, "gem")]


@pytest.fixture
def listing(website: Website, simulator: RunningSimulator) -> Any:
    factories.create_integration(website)
    return factories.create_property(website, reference="ES-1")


def test_rules_and_words_go_into_the_instructions_of_a_text(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    make(website, "Voice")
    make(website, "Post", scope="social")
    save_word_lists(website, None, {"en": "stunning"})
    ListingDescriptionGenerator(property=listing, locale="en").generate()
    system, user = simulator.completions[-1].json["messages"]
    assert "1. Voice it is." in system["content"]
    assert "- stunning" in system["content"]
    assert "Post it is." not in system["content"]
    assert "Voice" not in user["content"] and "stunning" not in user["content"]


def test_the_preview_is_what_is_then_sent(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    make(website, "Voice")
    generator = ListingDescriptionGenerator(property=listing, locale="fr", tone="warm")
    found, prompts = rule_trials.preview(website, "ES-1", generator.spec)
    generator.generate()
    assert found.id == listing.id
    assert simulator.completions[-1].json["messages"] == [
        {"role": prompt.role, "content": prompt.content} for prompt in prompts
    ]


def test_an_unsaved_rule_is_tried_last_and_nothing_is_saved(
    website: Website, listing: Any, simulator: RunningSimulator, actor: User
) -> None:
    make(website, "Saved")
    result = rule_trials.try_rule(website, actor, "", "en", RuleDraft("", "Be terse."))
    system = simulator.completions[-1].json["messages"][0]["content"]
    assert "1. Saved it is.\n2. Be terse.\n" in system
    assert result.text.description
    row = db.session.scalars(select(GenerationRequest)).one()
    assert (row.request_type, row.options["trial"]) == ("listing_description", "writing_rule")
    assert (row.user_id, row.property_id, row.status) == (actor.id, listing.id, "completed")
    assert names(website) == ["Saved"]
    assert db.session.scalars(select(PropertyText)).all() == []


def test_a_changed_rule_is_tried_in_its_own_place(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    make(website, "First")
    middle = make(website, "Middle", active=False)
    make(website, "Last")
    draft = RuleDraft("Middle", "Changed.", active=False)
    rule_trials.try_rule(website, None, "ES-1", "en", draft, middle.id)
    system = simulator.completions[-1].json["messages"][0]["content"]
    assert "1. First it is.\n2. Changed.\n3. Last it is.\n" in system
    assert voice_for(website, "listing", "en").rules == ("First it is.", "Last it is.")


def test_a_rule_of_one_language_is_tried_in_it(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    rule_trials.try_rule(website, None, "", "en", RuleDraft("", "Kurz.", locale="de"))
    assert json.loads(simulator.completions[-1].json["messages"][1]["content"])["locale"] == "de"


def test_the_same_trial_sent_twice_is_one_and_a_changed_one_another(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    def once(rule: str) -> int:
        draft = RuleDraft("", rule)
        return rule_trials.try_rule(website, None, "", "en", draft, form_key="k").request_id

    assert once("Be terse.") == once("Be terse.") != once("Be brief.")
    assert len(simulator.completions) == 2


def test_a_trial_that_cannot_be_made_says_why(
    website: Website, listing: Any, simulator: RunningSimulator
) -> None:
    good = RuleDraft("", "Be terse.")
    assert "rule" in problems(rule_trials.try_rule, website, None, "", "en", RuleDraft("", ""))
    assert "property" in problems(rule_trials.try_rule, website, None, "NONE", "en", good)
    assert "locale" in problems(rule_trials.try_rule, website, None, "", "xx", good)
    simulator.enqueue("402")
    with pytest.raises(GenerationFailed):
        rule_trials.try_rule(website, None, "", "en", good)


def test_without_a_listing_there_is_nothing_to_try_on(website: Website) -> None:
    assert rule_trials.listing_choices(website) == []
    draft = RuleDraft("", "Be terse.")
    assert "property" in problems(rule_trials.try_rule, website, None, "", "en", draft)


def test_only_this_websites_listings_are_offered(website: Website) -> None:
    factories.create_property(website, reference="OURS", property_type=None)
    factories.create_property(factories.create_website(), reference="THEIRS")
    offered = [(choice.reference, choice.place) for choice in rule_trials.listing_choices(website)]
    assert offered == [("OURS", "Marbella")]
    assert "property" in problems(rule_trials.listing_to_try, website, "THEIRS")
