"""What is removed for good: old prompts and outputs, and a person's data. The money stays."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Executable,
    String,
    Table,
    cast,
    delete,
    func,
    or_,
    select,
    update,
)

from pwb.errors import InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import (
    AccountLink,
    Action,
    AuditEvent,
    GenerationRequest,
    Membership,
    TextApproval,
    User,
    Website,
)
from pwb.models.base import Base, utcnow
from pwb.models.generations import FINAL
from pwb.services import accounts, audit, request_lists, rollups

ERASED = "Erased person"
_PURGED_AT_ONCE = 500
# What a person wrote into an order; the rest of the options says which text was asked for.
_TYPED = ("instruction",)
_EMPTIED: dict[str, Any] = {"input_data": {}, "output_data": None}
_USER_ID: Any = User.__table__.c.id
# A signature covers its signer and cannot be changed; the audit log tells who by this number. Both
# then lead to an account without a name.
_STAYS = {("pwb_text_approvals", "approved_by_id"), ("pwb_audit_events", "actor_id")}


def parse_age(text: str) -> timedelta:
    """The age that `400d` names; raises InvalidInput."""
    found = re.fullmatch(r"([1-9][0-9]{0,4})d", text.strip())
    if found is None:
        raise InvalidInput(f"{text[:20]!r} is not an age in days such as 400d.")
    return timedelta(days=int(found[1]))


def purge(older_than: timedelta, website: Website | None = None) -> int:
    """Remove prompts and outputs of finished requests older than that; how many had any.

    Who asked for what, when, with which model, at which cost and with which outcome stays. A few
    hundred go in one transaction, so that nobody waits long.
    """
    due = _with_content(older_than, website)
    purged, last = 0, 0
    while found := db.session.execute(_next(due, last)).all():
        last = found[-1].id
        bare = [{"id": id_, **_EMPTIED, "options": _chosen(options)} for id_, options in found]
        db.session.execute(update(GenerationRequest), bare)
        db.session.commit()
        purged += len(found)
    return purged


def _chosen(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name not in _TYPED}


def _next(due: list[ColumnElement[bool]], after: int) -> Executable:
    query = select(GenerationRequest.id, GenerationRequest.options)
    query = query.where(*due, GenerationRequest.id > after)
    return query.order_by(GenerationRequest.id).limit(_PURGED_AT_ONCE)


def _with_content(older_than: timedelta, website: Website | None) -> list[ColumnElement[bool]]:
    row = GenerationRequest
    conditions = [
        row.created_at < utcnow() - older_than,
        row.status.in_(FINAL),
        or_(cast(row.input_data, String) != "{}", request_lists.has_output()),
    ]
    return conditions if website is None else [*conditions, row.website_id == website.id]


@dataclass(frozen=True)
class Erasure:
    """What became of a person's data. `without_admin` are websites whose last admin they were."""

    requests: int
    signatures: int
    without_admin: list[str] = field(default_factory=list)

    def sentence(self) -> str:
        """The whole in one line, with what is left and why."""
        sentence = f"Erased. Generations that stay in the ledger without a person: {self.requests}."
        if self.signatures:
            sentence += (
                f" Signatures under texts that keep the name they were given with: "
                f"{self.signatures}. They are the agency's evidence and cannot be changed."
            )
        return sentence


def erase_person(email: str) -> Erasure:
    """Remove a person's data and keep the sums; raises NotFound.

    The account loses name, e-mail and password and can never be used again. Their roles and links
    go, and so does their number wherever it is not needed: the ledger's money stays, without them.
    """
    address = accounts.normal_email(email)
    user = db.session.scalar(select(User).where(User.email == address))
    if user is None:
        raise NotFound(f"Nobody has the e-mail {email}.", resolution="Check its spelling.")
    report = Erasure(_take_out_of_ledger(user), _signatures(user), _left_without_admin(user))
    websites = [membership.website for membership in user.memberships]
    own = or_(AccountLink.user_id == user.id, AccountLink.email == user.email)
    db.session.execute(delete(AccountLink).where(own))
    db.session.execute(delete(Membership).where(Membership.user_id == user.id))
    _take_out_of_audit_log(user)
    _take_number_away(user)
    _record(user, websites)
    user.email, user.name, user.password_hash = f"erased-{user.id}@erased.invalid", ERASED, None
    user.session_version += 1
    user.last_signed_in_at = None
    db.session.commit()
    return report


def _take_out_of_ledger(user: User) -> int:
    """Their generations stay, without them; how many there are."""
    own = GenerationRequest.user_id == user.id
    websites = db.session.scalars(select(GenerationRequest.website_id).where(own).distinct()).all()
    count = 0
    for website_id in sorted(websites):
        here = GenerationRequest.website_id == website_id
        with rollups.kept_right(website_id, own):
            done = db.session.execute(
                update(GenerationRequest).where(own, here).values(user_id=None)
            )
        count += done.rowcount  # type: ignore[attr-defined] # a cursor result has it
    return count


def _signatures(user: User) -> int:
    """How many texts they approved."""
    query = select(func.count(TextApproval.id)).where(TextApproval.approved_by_id == user.id)
    return db.session.scalar(query) or 0


def _left_without_admin(user: User) -> list[str]:
    """Subdomains of the websites whose only active admin they are."""
    active = (Membership.role == "admin", Membership.deactivated_at.is_(None))
    others = select(Membership.website_id).where(*active, Membership.user_id != user.id)
    query = (
        select(Website.subdomain)
        .join(Membership, Membership.website_id == Website.id)
        .where(Membership.user_id == user.id, *active, Website.id.not_in(others))
    )
    return sorted(db.session.scalars(query))


def _take_out_of_audit_log(user: User) -> None:
    """What was done to them stays recorded, without their address."""
    about_them = (AuditEvent.object_type == "user") & (AuditEvent.object_id == user.id)
    db.session.execute(
        update(AuditEvent)
        .where(or_(about_them, AuditEvent.object_label == user.email))
        .values(object_label=ERASED)
    )


def _take_number_away(user: User) -> None:
    """Empty every other column that refers to them, of whatever table. That is no change of what
    the row tells: it stays as old as it was."""
    for table in Base.metadata.sorted_tables:
        age = {"updated_at": table.c.updated_at} if "updated_at" in table.c else {}
        for column in _references(table):
            values = {column.name: None} | age
            db.session.execute(update(table).where(column == user.id).values(values))


def _record(user: User, websites: list[Website]) -> None:
    """Each website's log says that it happened, not to whom."""
    for website in websites:
        audit.record(
            website,
            None,
            Action.PERSON_ERASED,
            object_type="user",
            object_id=user.id,
            label=ERASED,
        )


def _references(table: Table) -> list[Any]:
    return [
        column
        for column in table.columns
        if column.references(_USER_ID)
        and column.nullable
        and (table.name, column.name) not in _STAYS
    ]
