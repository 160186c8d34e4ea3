"""Two years of fifty agencies' requests, made by the database itself."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, text
from werkzeug.security import generate_password_hash

from pwb.extensions import db
from pwb.models import Membership, Property, User, Website
from pwb.models.base import utcnow
from tests import factories

WEBSITES, PEOPLE, LISTINGS = 50, 10, 200
SECONDS = 2 * 365 * 86_400

# `i` counts the requests; the other columns follow from it by primes, so that every website has
# every model, task, person and listing in no order.
_REQUESTS = """
INSERT INTO pwb_ai_generation_requests (
    website_id, user_id, property_id, request_type, ai_provider, ai_model, served_model, locale,
    input_data, output_data, options, status, error_code, input_tokens, output_tokens, cost_cents,
    cost_state, duration_ms, attempts, cancel_requested, created_at, updated_at, finished_at
)
WITH RECURSIVE counted(i) AS (
    SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM counted WHERE i < :last
), spread AS (
    SELECT i, (i * 7919) % {websites} AS w, (i / {websites} * 31) AS n, {moment} AS moment
    FROM counted
)
SELECT
    w + 1,
    w * {people} + n % {people} + 1,
    w * {listings} + n * 17 % {listings} + 1,
    CASE WHEN n % 10 < 7 THEN 'listing_description' WHEN n % 10 < 9 THEN 'listing_translation'
         ELSE 'listing_refresh' END,
    'open_router',
    'bench/model-' || (n * 13 % 6),
    'bench/model-' || (n * 13 % 6),
    CASE n % 5 WHEN 0 THEN 'es' WHEN 1 THEN 'de' ELSE 'en' END,
    '{prompt}', '{output}', '{{}}',
    CASE WHEN n % 40 = 3 THEN 'failed' ELSE 'completed' END,
    CASE WHEN n % 40 <> 3 THEN NULL WHEN n % 3 = 0 THEN 'timeout' ELSE 'rate_limited' END,
    300 + n % 200, 150 + n % 90,
    CASE WHEN n % 100 = 7 THEN NULL ELSE 0.1 + (n % 1000) * 0.00012345 END,
    CASE WHEN n % 100 = 7 THEN 'unknown' ELSE 'exact' END,
    1000 + n % 3000, 1, {false}, moment, moment, moment
FROM spread
"""
_ON_SQLITE = {
    "moment": f"DATETIME(:start, ((i * 104729) % {SECONDS}) || ' seconds') || '.000000'",
    "false": "0",
}
_ON_POSTGRES = {
    "moment": "CAST(:start AS TIMESTAMP) AT TIME ZONE 'UTC' "
    f"+ ((i * 104729) % {SECONDS}) * INTERVAL '1 second'",
    "false": "FALSE",
}
_PROMPT = '{"messages": [{"role": "user", "content": "' + "Describe this villa by the sea. " * 8
_OUTPUT = '{"title": "A villa", "description": "' + "It is bright and has a pool. " * 8


def make_websites() -> list[str]:
    """The websites with their people and listings; the address of each one's first admin."""
    sites = range(1, WEBSITES + 1)
    _insert(
        Website,
        [
            {"name": f"Agency {n}", "subdomain": f"a{n}", "supported_locales": ["en"]}
            | {"plan": "enterprise", "monthly_budget_cents": 10_000_000}
            for n in sites
        ],
    )
    people = [f"person{n}@bench.test" for n in range(WEBSITES * PEOPLE)]
    hashed = generate_password_hash(factories.PASSWORD, "pbkdf2:sha256:1000")
    _insert(
        User,
        [
            {"id": n, "email": email, "name": f"Person {n}", "password_hash": hashed}
            for n, email in enumerate(people, 1)
        ],
    )
    _insert(
        Membership,
        [
            {"website_id": n // PEOPLE + 1, "user_id": n + 1, "role": "admin"}
            for n in range(len(people))
        ],
    )
    _insert(
        Property,
        [
            {"website_id": n // LISTINGS + 1, "reference": f"REF-{n}", "city": "Marbella"}
            for n in range(WEBSITES * LISTINGS)
        ],
    )
    db.session.commit()
    return people[::PEOPLE]


def _insert(model: type, rows: list[dict[str, object]]) -> None:
    db.session.execute(insert(model), rows)


def grow(before: int, after: int) -> None:
    """Let the requests become so many; their sums are not made."""
    own = _ON_SQLITE if db.engine.dialect.name == "sqlite" else _ON_POSTGRES
    statement = _REQUESTS.format(
        websites=WEBSITES,
        people=PEOPLE,
        listings=LISTINGS,
        prompt=f'{_PROMPT}"}}]}}',
        output=f'{_OUTPUT}"}}',
        **own,
    )
    start = f"{utcnow() - timedelta(seconds=SECONDS):%Y-%m-%d %H:%M:%S}"
    db.session.execute(text(statement), {"first": before, "last": after - 1, "start": start})
    db.session.commit()
    if db.engine.dialect.name != "sqlite":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as own_line:
            own_line.execute(text("VACUUM ANALYZE"))
