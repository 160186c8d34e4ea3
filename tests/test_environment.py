"""What the test run itself covers."""

from __future__ import annotations

from tests.conftest import POSTGRES, skip_or_fail


def test_the_database_tests_run_on_postgresql_too() -> None:
    """One skip that says so, in place of one a test."""
    if not POSTGRES:
        skip_or_fail("postgres", "TEST_DATABASE_URL names no PostgreSQL database")
    assert POSTGRES
