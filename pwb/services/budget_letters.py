"""The letters about a month's limits that are nearly used: one a month for each limit, and another
where a limit was raised since (whoever raises it takes the note of the letter away)."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, update

from pwb.extensions import db
from pwb.models import Membership, Website
from pwb.services import budget_notices, budget_room, budgets, mail, people
from pwb.services.budget_notices import Notice, What
from pwb.services.letters import Letter
from pwb.services.tenancy import scoped

_SUBJECTS: dict[What, str] = {
    "website": "This month's budget of {website} is {state}",
    "plan": "This month's texts of {website} are {state}",
    "person": "Your budget at {website} is {state}",
}


def warn_if_due(website_id: int, user_id: int | None = None) -> None:
    """Mail whoever should know that four fifths of a limit are used, and does not know yet: the
    website's admins; the person who has a budget of their own.

    To be called after the person's request was settled. The letters go out in the background.
    """
    if not mail.enabled():
        return
    website = db.session.get(Website, website_id, populate_existing=True)
    if website is None:
        return
    member = _member_with_budget(website, user_id)
    due = _due(website, member)
    if not due:
        return
    found = budgets.state(website, member.user if member else None)
    for notice in budget_notices.notices(website, found):
        if notice.what in due and _claim(website, member, notice.what):
            _post(_addresses(website, member, notice.what), _letter(website.name, notice))


def _member_with_budget(website: Website, user_id: int | None) -> Membership | None:
    """The person's membership, where they have a budget of their own."""
    query = scoped(Membership, website).where(
        Membership.user_id == user_id,
        Membership.monthly_budget_cents.is_not(None),
        Membership.deactivated_at.is_(None),
    )
    return db.session.scalar(query.execution_options(populate_existing=True))


def _due(website: Website, member: Membership | None) -> set[What]:
    """The limits of which nobody was told this month."""
    told: dict[What, str | None] = {
        "website": website.budget_warned_month,
        "plan": website.plan_warned_month,
    }
    if member is not None:
        told["person"] = member.budget_warned_month
    return {what for what, month in told.items() if month != _this_month(website)}


def _this_month(website: Website) -> str:
    return f"{budget_room.month_of(website).first:%Y-%m}"


def _claim(website: Website, member: Membership | None, what: What) -> bool:
    """Note that the letter goes out; False where another process was quicker, or where the limit
    is another one by now: a note about the old one would silence the new one's letter."""
    month = _this_month(website)
    model, row_id, column = _mark(website, member, what)
    limit, told = _limit(website, member, what)
    claimed = db.session.execute(
        update(model)
        .where(model.id == row_id, column.is_distinct_from(month), limit == told)
        # No change of the settings: whoever has their page open can still save it.
        .values({column: month, model.updated_at: model.updated_at})
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return bool(claimed.rowcount == 1)  # type: ignore[attr-defined] # a cursor result has it


def _mark(
    website: Website, member: Membership | None, what: What
) -> tuple[type[Any], int, ColumnElement[Any]]:
    """Where it is noted that the letter went out."""
    if what == "person" and member is not None:
        return Membership, member.id, Membership.budget_warned_month.expression
    column = Website.plan_warned_month if what == "plan" else Website.budget_warned_month
    return Website, website.id, column.expression


def _limit(
    website: Website, member: Membership | None, what: What
) -> tuple[ColumnElement[Any], Any]:
    """The limit's column, and the value of it that the letter speaks of."""
    if what == "person" and member is not None:
        return Membership.monthly_budget_cents.expression, member.monthly_budget_cents
    if what == "plan":
        return Website.plan.expression, website.plan
    return Website.monthly_budget_cents.expression, website.monthly_budget_cents


def _addresses(website: Website, member: Membership | None, what: What) -> list[str]:
    if what == "person" and member is not None:
        return [member.user.email]
    return [admin.user.email for admin in people.admins(website)]


def _letter(website_name: str, notice: Notice) -> Letter:
    state = "used up" if notice.is_full else "nearly used"
    return Letter(
        _SUBJECTS[notice.what].format(website=website_name, state=state),
        f"Texts written with AI on {website_name}:\n\n{notice.message}\n{notice.cure}\n\n"
        "What was spent on what is under Usage. This letter comes once a month, and again "
        "where the limit was raised since.\n",
    )


def _post(addresses: list[str], letter: Letter) -> None:
    def send() -> None:
        for address in addresses:
            mail.send(address, letter.subject, letter.text)

    mail.in_background(send)
