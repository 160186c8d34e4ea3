"""Signing a text off: who answers for it, what the checks said, and why it went out all the same.

An approval is written once. Each carries the hash of the website's approval before it, so that a
record that was changed, taken out or put in shows: see `approval_chain`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from pwb.content.plain_text import one_line
from pwb.errors import EditConflict, InvalidInput, NotFound, PortalError
from pwb.extensions import db
from pwb.models import (
    Action,
    GenerationRequest,
    Membership,
    Property,
    PropertyText,
    SocialMediaPost,
    TextApproval,
    User,
    Website,
)
from pwb.models.base import utcnow
from pwb.services import approval_chain, audit, checks, stale, tenancy, turns
from pwb.services.approval_chain import hash_of
from pwb.services.checks import Findings, parts_of
from pwb.services.property_changes import make_draft

REASON_SHORTEST, REASON_LONGEST = 5, 500
REASON_SIGNS = 3
"""How many different letters or digits a reason has at least: ".....", "xxxxx" say nothing."""
ATTEMPTS = 3

State = Literal["no_text", "draft", "approved", "stale"]
Outcome = TypeVar("Outcome")
Signable = PropertyText | SocialMediaPost


class ApprovalBlocked(InvalidInput):
    """Findings stand in the way; `fields` says of each (by its id) what is missing."""

    code = "approval_blocked"


class OverrideNotAllowed(PortalError):
    """Only an admin may approve over a finding on this website."""

    code = "override_not_allowed"
    status = 403


def state_of(listing: Property, locale: str) -> State:
    """How far a listing's text in a language is."""
    text = listing.text(locale)
    if text is None or not any(parts_of(text).values()):
        return "no_text"
    if text.status != "approved":
        return "draft"
    return "stale" if text.stale_at else "approved"


def may_override(website: Website, actor: User) -> bool:
    """Whether this person may approve a text over a finding, with a reason."""
    query = tenancy.scoped(Membership, website).where(
        Membership.user_id == actor.id, Membership.deactivated_at.is_(None)
    )
    membership = db.session.scalar(query)
    return membership is not None and (membership.is_admin or website.agents_may_override)


def saved_text(listing: Property, locale: str) -> PropertyText:
    """The listing's text in a language; raises NotFound where there is none."""
    text = listing.text(locale)
    if text is None or state_of(listing, locale) == "no_text":
        raise NotFound("This listing has no text in that language.")
    return text


def approval_of(website: Website, text: Signable) -> TextApproval | None:
    """The approval that a text stands under, if it has one."""
    return approvals_of(website, [text]).get(text.id)


def approvals_of(website: Website, texts: Iterable[Signable]) -> dict[int, TextApproval]:
    """The approvals that texts, or that posts, stand under, by the id of the text or post."""
    wanted = {text.id: text.approval_id for text in texts if text.approval_id is not None}
    if not wanted:
        return {}
    query = tenancy.scoped(TextApproval, website).where(TextApproval.id.in_(wanted.values()))
    found = {approval.id: approval for approval in db.session.scalars(query)}
    return {text: found[approval] for text, approval in wanted.items() if approval in found}


def approve(
    website: Website,
    actor: User,
    listing_id: int,
    locale: str,
    seen_hash: str,
    overrides: Mapping[str, str],
) -> TextApproval:
    """Sign a text off as it stands; approving the same text again gives the same approval.

    `seen_hash` is that of the text that the person saw; `overrides` maps ids of findings to the
    reasons for approving over them. Raises EditConflict where the text is another one by now,
    ApprovalBlocked where a finding that blocks has no reason that will do, OverrideNotAllowed,
    InvalidInput for an incomplete text, NotFound.
    """

    def attempt() -> TextApproval:
        turns.take_turn(website)
        listing = _fresh(website, listing_id)
        text = saved_text(listing, locale)
        _check_seen(text, seen_hash)
        earlier = approval_of(website, text)
        if earlier is not None and text.stale_at is None:
            db.session.commit()
            return earlier
        return _approve(website, actor, listing, text, overrides)

    return without_collision(attempt)


def without_collision(attempt: Callable[[], Outcome]) -> Outcome:
    """What `attempt` returns, tried again where somebody saves the same at the same moment.

    Raises its PortalError with the transaction rolled back, and EditConflict."""
    for _ in range(ATTEMPTS):
        try:
            return attempt()
        except StaleDataError:
            # The listing was saved between our reading and our writing: look again.
            db.session.rollback()
        except PortalError:
            db.session.rollback()
            raise
    raise EditConflict("Somebody keeps saving this at the same moment.", resolution="Try again.")


def _fresh(website: Website, listing_id: int) -> Property:
    """The listing as the database has it now, whatever this session read before."""
    query = (
        tenancy.scoped(Property, website)
        .where(Property.id == listing_id)
        .options(selectinload(Property.texts))
        .execution_options(populate_existing=True)
    )
    listing = db.session.scalar(query)
    if listing is None:
        raise NotFound("There is no such listing.", resolution="It may have been removed.")
    return listing


def _check_seen(text: PropertyText, seen_hash: str) -> None:
    if hash_of(text) != seen_hash:
        raise EditConflict(
            "This text was changed after you opened it, so it was not approved.",
            resolution="Read it again, then approve.",
        )
    if not (text.title.strip() and text.description.strip()):
        message = "A text needs a title and a description before it can be approved."
        raise InvalidInput(message)


def _approve(
    website: Website,
    actor: User,
    listing: Property,
    text: PropertyText,
    overrides: Mapping[str, str],
) -> TextApproval:
    findings = checks.check_saved(website, listing, text)
    given = overrides_for(website, actor, findings, overrides)
    approval = _written(website, actor, listing, text, findings, given)
    text.status, text.approval_id = "approved", approval.id
    text.stale_at, text.stale_fields = None, []
    listing.updated_at = utcnow()  # Raises the version: a save under way looks again.
    db.session.flush()
    change = (None, approval.record_hash)
    _record(website, actor, Action.TEXT_APPROVED, listing, {f"text.{text.locale}.approval": change})
    db.session.commit()
    return approval


def overrides_for(
    website: Website, actor: User, findings: Findings, reasons: Mapping[str, str]
) -> list[dict[str, Any]]:
    """What is overridden and why; raises where a finding that blocks has no good reason."""
    blocking = findings.blocking_items
    if not blocking:
        return []
    given = {item["id"]: one_line(reasons.get(item["id"], "")) for item in blocking}
    if any(given.values()) and not may_override(website, actor):
        raise OverrideNotAllowed(
            "Your role may not approve a text over its findings.",
            resolution="Change the text, or ask an admin of this website.",
        )
    problems = {name: problem for name, reason in given.items() if (problem := _problem(reason))}
    if problems:
        count = "A finding blocks" if len(problems) == 1 else f"{len(problems)} findings block"
        raise ApprovalBlocked(
            f"{count} approval.",
            fields={name: [problem] for name, problem in problems.items()},
            resolution="Change the text, or give a reason for each.",
        )
    return [_override(item, given[item["id"]]) for item in blocking]


def _problem(reason: str) -> str | None:
    if not reason:
        return "Change the text, or say why it may stay."
    if not REASON_SHORTEST <= len(reason) <= REASON_LONGEST:
        return f"A reason has {REASON_SHORTEST} to {REASON_LONGEST} characters."
    if len(set(filter(str.isalnum, reason.casefold()))) < REASON_SIGNS:
        return "Say it in words: the reason is kept in the record."
    return None


def _override(item: Mapping[str, Any], reason: str) -> dict[str, Any]:
    is_rule = "rule_id" in item
    return {
        "id": item["id"],
        "kind": "violation" if is_rule else "contradicted",
        "field": item["field"],
        "text": item["text"],
        "finding": item["why"] if is_rule else item["message"],
        "reason": reason,
    }


def _written(
    website: Website,
    actor: User,
    listing: Property,
    text: PropertyText,
    findings: Findings,
    overrides: list[dict[str, Any]],
) -> TextApproval:
    values = {
        "locale": text.locale,
        **parts_of(text),
        "text_hash": hash_of(text),
        "origin": text.origin,
        "model": _model_of(text),
        "findings": findings.as_json(),
        "overrides": overrides,
    }
    return sign(website, actor, listing, values, findings.relies_on)


def sign(
    website: Website,
    actor: User,
    listing: Property,
    values: Mapping[str, Any],
    relies_on: Iterable[str],
) -> TextApproval:
    """Write an approval of something of a listing as the last of the website's chain.

    `values` are what is signed and what the checks say of it; `relies_on` names the facts whose
    values now are kept. The caller has taken the chain's turn and owns the transaction.
    """
    approval = TextApproval(
        website_id=website.id,
        property_id=listing.id,
        reference=listing.reference,
        **values,
        relies_on=list(relies_on),
        facts=stale.values_of(listing, relies_on),
        approved_by_id=actor.id,
        approved_by_name=actor.display_name,
        created_at=utcnow(),
    )
    approval_chain.link(website, approval)
    db.session.add(approval)
    db.session.flush()
    return approval


def _model_of(text: PropertyText) -> str | None:
    if text.generation_request_id is None:
        return None
    request = db.session.get(GenerationRequest, text.generation_request_id)
    return (request.served_model or request.ai_model) if request else None


def withdraw(website: Website, actor: User, listing_id: int, locale: str) -> None:
    """Make an approved text a draft again; its approval stays in the records. Raises NotFound."""

    def attempt() -> None:
        listing = _fresh(website, listing_id)
        text = saved_text(listing, locale)
        approval = approval_of(website, text)
        if approval is None:
            return
        make_draft(text)
        listing.updated_at = utcnow()
        db.session.flush()
        change = (approval.record_hash, None)
        _record(website, actor, Action.TEXT_WITHDRAWN, listing, {f"text.{locale}.approval": change})
        db.session.commit()

    without_collision(attempt)


def _record(
    website: Website,
    actor: User,
    action: Action,
    listing: Property,
    changes: Mapping[str, audit.Change],
) -> None:
    audit.record(
        website,
        actor,
        action,
        object_type="property",
        object_id=listing.id,
        label=listing.reference,
        version=listing.lock_version,
        changes=changes,
    )
