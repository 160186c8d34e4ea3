"""API tokens: made once, kept hashed, revoked at once, counted when wrong."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from sqlalchemy import event, select

from pwb.errors import InvalidInput, NotFound, Throttled
from pwb.extensions import db
from pwb.models import Action, ApiToken, AuditEvent
from pwb.models.base import utcnow
from pwb.services import api_tokens, throttle
from tests import factories

HERE = "192.0.2.7"


def make(agency, name="Public site"):
    return api_tokens.create_token(agency.website, agency.admin, name).token


def enter(token, address=HERE):
    return api_tokens.authenticate([f"Bearer {token}"], address)


def only_row():
    return db.session.scalars(select(ApiToken)).one()


def test_a_token_opens_its_own_website(agency):
    other = factories.create_agency()
    assert enter(make(agency)).id == agency.website.id
    assert enter(make(other)).id == other.website.id


def test_only_the_hash_and_a_hint_are_kept(agency):
    token = make(agency)
    row = only_row()
    assert token.startswith("pwb_") and len(token) == 47
    assert row.token_hash == hashlib.sha256(token.encode()).hexdigest()
    assert row.hint == f"…{token[-4:]}"
    stored = [str(value) for value in vars(row).values()]
    assert not any(token in value for value in stored)


def test_two_tokens_are_never_alike(agency):
    assert make(agency, "one") != make(agency, "two")


def test_making_and_revoking_are_recorded_without_the_token(agency):
    token = make(agency)
    api_tokens.revoke_token(agency.website, agency.admin, only_row().id)
    events = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [each.action for each in events] == [
        Action.API_TOKEN_CREATED.value,
        Action.API_TOKEN_REVOKED.value,
    ]
    assert all(each.object_label == "Public site" for each in events)
    assert not any(token[:20] in str(each.changes) for each in events)


def test_a_revoked_token_opens_nothing_from_the_next_request_on(agency):
    token = make(agency)
    enter(token)
    api_tokens.revoke_token(agency.website, agency.admin, only_row().id)
    with pytest.raises(api_tokens.BadToken) as refused:
        enter(token)
    assert 'error="invalid_token"' in refused.value.headers["WWW-Authenticate"]


def test_a_token_is_revoked_once_and_by_its_own_website_only(agency):
    make(agency)
    row = only_row()
    stranger = factories.create_agency()
    with pytest.raises(NotFound):
        api_tokens.revoke_token(stranger.website, stranger.admin, row.id)
    api_tokens.revoke_token(agency.website, agency.admin, row.id)
    with pytest.raises(NotFound):
        api_tokens.revoke_token(agency.website, agency.admin, row.id)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "x" * 81])
def test_a_name_is_needed_and_bounded(agency, name):
    with pytest.raises(InvalidInput) as refused:
        make(agency, name)
    assert "name" in refused.value.fields


def test_a_name_serves_one_token_in_use(agency):
    make(agency)
    with pytest.raises(InvalidInput):
        make(agency, "public SITE")
    api_tokens.revoke_token(agency.website, agency.admin, only_row().id)
    make(agency)


def test_so_many_tokens_and_no_more(agency, monkeypatch):
    monkeypatch.setattr(api_tokens, "MOST_IN_USE", 2)
    make(agency, "one")
    make(agency, "two")
    with pytest.raises(InvalidInput, match="2 tokens are in use"):
        make(agency, "three")


def test_the_list_shows_those_in_use_first(agency):
    make(agency, "old")
    make(agency, "new")
    old = api_tokens.list_tokens(agency.website)[1]
    assert old.name == "old" and old.created_by == agency.admin
    api_tokens.revoke_token(agency.website, agency.admin, old.id)
    make(agency, "newest")
    assert [row.name for row in api_tokens.list_tokens(agency.website)] == ["newest", "new", "old"]
    assert api_tokens.list_tokens(factories.create_website()) == []


@pytest.mark.parametrize(
    "headers",
    [
        ["Bearer"],
        ["Bearer "],
        ["Basic cHdiOnB3Yg=="],
        ["pwb_{rest}"],
        ["Bearer pwb_{rest} and more"],
        ["Bearer pwb_{rest}x"],
        ["Bearer PWB_{rest}"],
        ["Bearer pwb_{rest}", "Bearer pwb_{rest}"],
        ["Bearer pwb_{rest}, Bearer pwb_{rest}"],
        ["Bearer pwb_\x00"],
        ["Bearer pwb_" + "é" * 43],
        ["Bearer " + "x" * 100_000],
    ],
)
def test_what_is_no_bearer_token_is_refused(agency, headers):
    rest = make(agency).removeprefix("pwb_")
    with pytest.raises(api_tokens.BadToken):
        api_tokens.authenticate([each.replace("{rest}", rest) for each in headers], HERE)


def test_the_scheme_may_be_written_in_any_case(agency):
    token = make(agency)
    for scheme in ("bearer", "BEARER", "Bearer "):
        assert api_tokens.authenticate([f"{scheme} {token}"], HERE).id == agency.website.id


def test_the_last_use_is_noted_at_most_once_a_minute(agency):
    token = make(agency)
    assert only_row().last_used_at is None
    enter(token)
    first = only_row().last_used_at
    assert utcnow() - first < timedelta(seconds=30)
    written = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: written.append(args[2]))
    for _ in range(3):
        enter(token)
    assert not [sql for sql in written if not sql.startswith("SELECT")]
    db.session.refresh(only_row())
    assert only_row().last_used_at == first
    only_row().last_used_at = first - timedelta(minutes=2)
    db.session.commit()
    enter(token)
    db.session.refresh(only_row())
    assert only_row().last_used_at >= first


def test_bad_tokens_are_counted_by_address_and_a_good_one_still_opens(agency, monkeypatch):
    from limits import RateLimitItemPerMinute

    few = RateLimitItemPerMinute(3, 15, namespace="api-token-address")
    monkeypatch.setattr(throttle, "TOKENS_PER_ADDRESS", few)
    token = make(agency)
    for _ in range(3):
        with pytest.raises(api_tokens.BadToken):
            enter("pwb_" + "x" * 43)
    with pytest.raises(Throttled) as refused:
        enter("pwb_" + "x" * 43)
    assert refused.value.retry_after > 0
    assert enter(token).id == agency.website.id
    with pytest.raises(api_tokens.BadToken):
        enter("pwb_" + "x" * 43, "192.0.2.8")


def test_a_request_without_a_token_counts_for_nothing(agency, monkeypatch):
    monkeypatch.setattr(throttle, "check_api_token", lambda address: pytest.fail("counted"))
    with pytest.raises(api_tokens.BadToken) as refused:
        api_tokens.authenticate([], HERE)
    assert "error=" not in refused.value.headers["WWW-Authenticate"]
