"""What is said of a month's limits: at four fifths of one, at its end, and to whom it refuses."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pwb.models import User, Website
from pwb.services import budgets, people
from pwb.services.budgets import BudgetState, PlanUse, Purse
from pwb.services.generation_errors import GenerationFailed

What = Literal["website", "person", "plan"]
_WHOSE = {"website": "The website's budget", "person": "Your budget"}
_PLACE = {"website": "Site admin > Settings", "person": "Site admin > People"}


@dataclass(frozen=True)
class Notice:
    """A limit that is used up, or nearly, and who can do something about it."""

    what: What
    is_full: bool
    message: str
    cure: str


def notices(website: Website, found: BudgetState) -> list[Notice]:
    """What is to be said of the limits, nothing as long as less than four fifths are used."""
    near = [(what, purse) for what, purse in _purses(found) if purse.is_near]
    said = [
        Notice(w, purse.is_full, _of_purse(w, purse), _cure(website, found, w)) for w, purse in near
    ]
    if found.plan.is_near:
        said.append(Notice("plan", found.plan.is_full, _of_plan(found.plan), _plan_cure(found)))
    return said


def refusal(website: Website, actor: User | None, cents: Decimal) -> GenerationFailed | None:
    """Why a request that may cost so much can't be opened now; None where it can."""
    found = budgets.state(website, actor)
    if found.plan.is_full:
        return _failure(_of_plan(found.plan), _plan_cure(found))
    for what, purse in _purses(found):
        if not purse.has_room_for(cents):
            wait = bool(purse.left_cents and purse.reserved_cents)
            return _failure(_why(what, purse, cents), _cure(website, found, what, wait))
    return None


def _failure(message: str, cure: str) -> GenerationFailed:
    return GenerationFailed("budget_exceeded", message, resolution=cure)


def _purses(found: BudgetState) -> list[tuple[What, Purse]]:
    purses: list[tuple[What, Purse]] = [("website", found.website)]
    return [*purses, ("person", found.person)] if found.person else purses


def _of_purse(what: What, purse: Purse) -> str:
    whole = f"{_WHOSE[what]} of {dollars(purse.limit_cents or 0)} for this month"
    if purse.is_full:
        return f"{whole} is used up.{_held(purse)}"
    left = dollars(purse.left_cents or 0)
    return f"{whole} is {purse.percent}% used, {left} is left.{_held(purse)}"


def _held(purse: Purse) -> str:
    """What of it is no known cost, where that is anything."""
    if not purse.held_cents:
        return ""
    return (
        f" Of what is used, {dollars(purse.held_cents)} is held for texts whose cost is not known."
    )


def _why(what: What, purse: Purse, cents: Decimal) -> str:
    """What is used, and what the text may need."""
    said = _of_purse(what, purse)
    if purse.is_full:
        return said
    if purse.reserved_cents:
        said += f" {dollars(purse.reserved_cents)} is set aside for texts being written."
    return f"{said} This text may cost up to {dollars(cents)}."


def _of_plan(plan: PlanUse) -> str:
    name = plan.plan.capitalize()
    if plan.is_full:
        return f"All {plan.limit} texts that the {name} plan holds a month are used."
    return f"{plan.used} of the {plan.limit} texts that the {name} plan holds a month are used."


def _cure(website: Website, found: BudgetState, what: What, wait: bool = False) -> str:
    """Who can raise a budget, where, and what helps without it."""
    admins = people.admin_names(website)
    who = f"A site admin ({', '.join(admins)})" if admins else "A site admin"
    first = "Try again when those are written. " if wait else ""
    return f"{first}{who} can raise it under {_PLACE[what]}. {_begins_anew(found)}"


def _plan_cure(found: BudgetState) -> str:
    return f"The portal's operator can change the plan. {_begins_anew(found)}"


def _begins_anew(found: BudgetState) -> str:
    return f"The next month begins on {found.next_month:%-d %B %Y}."


def dollars(cents: Decimal | int) -> str:
    """US dollars in a sentence; less than a cent is said so."""
    return "less than $0.01" if 0 < cents < 1 else f"${Decimal(cents) / 100:,.2f}"
