"""The letter about a budget that is nearly used: to every admin, once a month and limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask import Flask

from pwb import create_app
from pwb.config import Settings
from pwb.extensions import db
from pwb.models import User
from pwb.services import ledger, mail, people, plans, websites
from tests import factories
from tests.ledger_rows import finish, new_request
from tests.mailbox import Mailbox, running_mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with running_mailbox() as running:
        yield running


@pytest.fixture
def mailing(settings: Settings, mailbox: Mailbox) -> Iterator[Flask]:
    """An app that mails."""
    app = create_app(settings.model_copy(update=mailbox.settings()))
    with app.app_context():
        yield app
        assert mail.drain(5)
        db.session.remove()
        db.engine.dispose()


def spend(agency: factories.Agency, cents: str, who: User | None = None) -> None:
    request_id, _ = ledger.open_request(agency.website, who, new_request())
    finish(request_id, Decimal(cents))


def test_every_admin_gets_one_letter_a_month(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(name="Costa Homes", monthly_budget_cents=100)
    other = factories.create_user(agency.website, "admin")
    version = websites.version_of(agency.website)
    spend(agency, "79")
    assert mail.drain(5)
    assert mailbox.letters == []
    spend(agency, "2")
    letters = mailbox.wait_for(2)
    assert {letter["To"] for letter in letters} == {agency.admin.email, other.email}
    assert letters[0]["Subject"] == "This month's budget of Costa Homes is nearly used"
    text = letters[0].get_content()
    assert "The website's budget of $1.00 for this month is 81% used, $0.19 is left." in text
    assert "Site admin > Settings" in text
    spend(agency, "3")
    assert mail.drain(5)
    assert len(mailbox.letters) == 2
    # An open form of the settings can still be saved.
    db.session.refresh(agency.website)
    assert websites.version_of(agency.website) == version


def test_another_month_has_a_letter_of_its_own(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(monthly_budget_cents=100, budget_warned_month="2001-01")
    spend(agency, "100")
    assert mailbox.wait_for(1)[0]["Subject"].endswith("is used up")


def test_the_plan_has_a_letter_of_its_own(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(name="Costa Homes", monthly_budget_cents=100, plan="free")
    spend(agency, "90")
    assert mailbox.wait_for(1)[0]["Subject"] == "This month's budget of Costa Homes is nearly used"
    for _ in range(4):
        spend(agency, "0.1")
    assert mail.drain(5)
    (_, letter) = mailbox.letters
    assert letter["Subject"] == "This month's texts of Costa Homes are nearly used"
    assert "4 of the 5 texts that the Free plan holds" in letter.get_payload()


def test_whoever_has_a_budget_of_their_own_is_told_of_it(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(name="Costa Homes", monthly_budget_cents=1000)
    member = next(m for m in people.list_members(agency.website) if m.user == agency.agent)
    member.monthly_budget_cents = 100
    db.session.commit()
    spend(agency, "90")
    spend(agency, "85", agency.agent)
    spend(agency, "1", agency.agent)
    assert mail.drain(5)
    (letter,) = mailbox.letters
    assert letter["To"] == agency.agent.email
    assert letter["Subject"] == "Your budget at Costa Homes is nearly used"
    assert "Your budget of $1.00 for this month is 85% used" in letter.get_payload()


def set_budget(agency: factories.Agency, cents: int | None) -> None:
    """As the form of the settings does it."""
    website = agency.website
    db.session.refresh(website)
    names = websites.WebsiteSettings.__dataclass_fields__
    kept = websites.WebsiteSettings(**{name: getattr(website, name) for name in names})
    version = websites.version_of(website)
    wanted = replace(kept, monthly_budget_cents=cents)
    websites.update_settings(website, agency.admin, wanted, version)


def test_a_raised_budget_has_a_letter_when_it_is_nearly_used_in_its_turn(
    mailing: Flask, mailbox: Mailbox
) -> None:
    agency = factories.create_agency(name="Costa Homes", monthly_budget_cents=100)
    spend(agency, "81")
    assert mailbox.wait_for(1)
    set_budget(agency, 200)
    spend(agency, "1")
    assert mail.drain(5)
    assert len(mailbox.letters) == 1
    spend(agency, "80")
    (_, letter) = mailbox.wait_for(2)
    assert "The website's budget of $2.00 for this month is 81% used" in letter.get_content()
    spend(agency, "1")
    assert mail.drain(5)
    assert len(mailbox.letters) == 2


def test_a_lowered_budget_has_no_second_letter(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(monthly_budget_cents=100)
    spend(agency, "81")
    assert mailbox.wait_for(1)
    set_budget(agency, 90)
    spend(agency, "1")
    assert mail.drain(5)
    assert len(mailbox.letters) == 1


def test_a_budget_that_was_lifted_and_set_again_has_a_letter(
    mailing: Flask, mailbox: Mailbox
) -> None:
    agency = factories.create_agency(monthly_budget_cents=100)
    spend(agency, "81")
    assert mailbox.wait_for(1)
    set_budget(agency, None)
    set_budget(agency, 100)
    spend(agency, "1")
    assert "82% used" in mailbox.wait_for(2)[1].get_content()


def test_a_persons_raised_budget_has_a_letter_of_its_own(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(name="Costa Homes")
    member = next(m for m in people.list_members(agency.website) if m.user == agency.agent)
    people.change_budget(agency.website, agency.admin, member.id, 100)
    spend(agency, "85", agency.agent)
    assert mailbox.wait_for(1)
    people.change_budget(agency.website, agency.admin, member.id, 200)
    spend(agency, "85", agency.agent)
    letters = mailbox.wait_for(2)
    assert [letter["To"] for letter in letters] == [agency.agent.email] * 2
    assert "Your budget of $2.00 for this month is 85% used" in letters[1].get_payload()


def test_a_larger_plan_has_a_letter_of_its_own(mailing: Flask, mailbox: Mailbox) -> None:
    agency = factories.create_agency(name="Costa Homes", plan="free")
    for _ in range(4):
        spend(agency, "0")
    assert mailbox.wait_for(1)
    plans.change_plan(agency.website, "starter")
    for _ in range(36):
        spend(agency, "0")
    assert "40 of the 50 texts" in mailbox.wait_for(2)[1].get_payload()


def test_without_mail_nothing_is_noted_as_sent(app: Flask) -> None:
    agency = factories.create_agency(monthly_budget_cents=100)
    spend(agency, "100")
    db.session.refresh(agency.website)
    assert agency.website.budget_warned_month is None
