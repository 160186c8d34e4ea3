"""What all tables share: naming of constraints, exact money, times in UTC."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Numeric
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import TypeDecorator, UserDefinedType

NAMING = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Declarative base with names for every constraint, so that migrations can drop them."""

    metadata = MetaData(naming_convention=NAMING)


def utcnow() -> datetime:
    """Now, with its zone."""
    return datetime.now(UTC)


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC: aware in Python, on both databases."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class _SQLiteNumeric(UserDefinedType[Any]):
    """A column of SQLite's NUMERIC affinity, to which the driver hands plain text."""

    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        self.precision, self.scale = precision, scale

    def get_col_spec(self, **kw: object) -> str:
        return f"NUMERIC({self.precision}, {self.scale})"


class ExactDecimal(TypeDecorator[Decimal]):
    """A Decimal with a fixed number of places that comes back as it went in.

    PostgreSQL has NUMERIC. SQLite keeps a double: one holds fifteen significant digits, and
    rounding to the fixed places on the way out gives back the exact value up to that many.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, precision: int, scale: int) -> None:
        super().__init__(precision, scale)
        self.precision, self.scale = precision, scale
        self.quantum = Decimal(1).scaleb(-scale)

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        if dialect.name == "sqlite":
            return _SQLiteNumeric(self.precision, self.scale)
        return dialect.type_descriptor(Numeric(self.precision, self.scale))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        exact = Decimal(value).quantize(self.quantum, rounding=ROUND_HALF_EVEN)
        return str(exact) if dialect.name == "sqlite" else exact

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None:
            return None
        exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return exact.quantize(self.quantum)


CENTS_SCALE = 8


class Cents(ExactDecimal):
    """Money in cents with eight decimals: a cached token costs far less than a cent."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(20, CENTS_SCALE)


class CentUnits(TypeDecorator[Decimal]):
    """Money as a whole number of units of 1e-8 cents, a Decimal in cents in Python.

    For sums that are kept: adding to one is exact on SQLite too, and so are SUM and comparisons.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        return None if value is None else round(Decimal(value).scaleb(CENTS_SCALE))

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-CENTS_SCALE)


class exact_sum(GenericFunction[Decimal]):  # noqa: N801 - reads as an SQL function: exact_sum(column)
    """SUM of a `Cents` column that is exact on SQLite too, where it adds whole units of 1e-8."""

    type = Cents()
    inherit_cache = True


@compiles(exact_sum)
def _plain_sum(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    return f"SUM({compiler.process(element.clauses, **kw)})"


@compiles(exact_sum, "sqlite")
def _sum_of_units(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    """The units as an integer sum, written back as decimal text so that no digit is lost."""
    unit = 10**CENTS_SCALE
    total = f"SUM({compiler.process(cent_units(*element.clauses), **kw)})"
    return (
        f"CASE WHEN {total} IS NULL THEN NULL ELSE "
        f"printf('%s%d.%08d', CASE WHEN {total} < 0 THEN '-' ELSE '' END, "
        f"ABS({total}) / {unit}, ABS({total}) % {unit}) END"
    )


class cent_units(GenericFunction[int]):  # noqa: N801 - reads as an SQL function
    """A `Cents` column as a whole number of units of 1e-8 cents, as `CentUnits` keeps them."""

    type = BigInteger()
    inherit_cache = True


@compiles(cent_units)
def _units_of_numeric(element: cent_units, compiler: SQLCompiler, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} * {10**CENTS_SCALE} AS BIGINT)"


@compiles(cent_units, "sqlite")
def _units_of_double(element: cent_units, compiler: SQLCompiler, **kw: Any) -> str:
    column = compiler.process(element.clauses, **kw)
    return f"CAST(ROUND({column} * {10**CENTS_SCALE}) AS INTEGER)"


class Timestamps:
    """When a row was made and last changed."""

    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)


class Keyed:
    """An integer primary key."""

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
