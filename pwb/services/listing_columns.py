"""Listings out of CSV rows: PropertyWebBuilder's own columns, or RESO Data Dictionary names.

A column that is not in the file leaves its attribute alone. An empty cell means unknown, and so
does a zero where none can be meant (an area, a year, a price, bedrooms, bathrooms). In a row whose
column `verbatim` holds 1, as in the portal's own export, a zero is a zero and no text is tidied. An
apostrophe before what a spreadsheet would run as a formula is taken away.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, Literal

from pwb.content import listing_cells as cell
from pwb.content.cells import BadCell, minor_digits, unguarded, yes_or_no
from pwb.content.features import canonical_features
from pwb.content.kinds import canonical_state, canonical_type
from pwb.content.locales import LOCALES
from pwb.content.plain_text import one_line, without_hidden_characters
from pwb.content.vocabulary import snake

Reader = Callable[[str], object]

_SQUARE_FEET_PER_ACRE = Decimal(43_560)
_SQUARE_METRES_PER_ACRE = Decimal("4046.8564224")
_LONGEST_VALUE_SHOWN = 40

# Column (in small letters) to attribute and reader, for the columns that stand for themselves.
_PWB: dict[str, tuple[str, Reader]] = {
    "prop_type_key": ("property_type", canonical_type),
    "prop_state_key": ("property_state", canonical_state),
    "status": ("status", cell.status),
    "street_address": ("street_address", cell.address),
    "city": ("city", cell.place),
    "region": ("region", cell.place),
    "postal_code": ("postal_code", cell.postal_code),
    "country": ("country", cell.place),
    "latitude": ("latitude", cell.latitude),
    "longitude": ("longitude", cell.longitude),
    "count_bedrooms": ("bedrooms", cell.count),
    "count_bathrooms": ("bathrooms", cell.bathrooms),
    "count_toilets": ("toilets", cell.count),
    "count_garages": ("garages", cell.garages),
    "constructed_area": ("constructed_area", cell.area),
    "plot_area": ("plot_area", cell.area),
    "area_unit": ("area_unit", cell.unit_of_area),
    "year_construction": ("year_built", cell.year),
    "energy_rating": ("energy_rating", cell.energy_rating),
    "currency": ("currency", cell.currency),
}
VERBATIM = "verbatim"
PRICE_COLUMNS = {
    "price_sale_current_cents": "sale_price",
    "price_rental_monthly_current_cents": "rental_price",
}
_RESO: dict[str, tuple[str, Reader]] = {
    "unparsedaddress": ("street_address", cell.shouted_address),
    "city": ("city", cell.shouted_place),
    "stateorprovince": ("region", cell.place),
    "postalcode": ("postal_code", cell.postal_code),
    "country": ("country", cell.place),
    "latitude": ("latitude", cell.latitude),
    "longitude": ("longitude", cell.longitude),
    "bedroomstotal": ("bedrooms", cell.count),
    "bathroomstotalinteger": ("bathrooms", cell.bathrooms),
    "livingarea": ("constructed_area", cell.area),
    "yearbuilt": ("year_built", cell.year),
    "garagespaces": ("garages", cell.whole_garages),
}
_RESO_FEATURES = ("appliances", "flooring", "cooling", "heating")
_RESO_OTHERS = frozenset(
    (
        *("listingid", "standardstatus", "propertytype", "propertysubtype", "listprice"),
        *("bathroomsfull", "bathroomshalf", "livingareaunits", "lotsizeacres", "publicremarks"),
    )
)
Kind = Literal["pwb", "reso"]
FACT_COLUMNS: dict[str, str] = {
    "reference": "reference",
    **{column: attribute for column, (attribute, _) in _PWB.items()},
    **PRICE_COLUMNS,
    "features": "features",
}
"""PropertyWebBuilder's columns of facts in the export's order, to the attribute that each holds."""

TEXT_COLUMNS: dict[str, tuple[str, str]] = {
    f"{name}_{locale}": (locale, name) for locale in LOCALES for name in cell.TEXTS
}
"""Column of each part of each text, to its locale and the part's name."""

AI_COLUMNS: dict[str, tuple[str, str]] = {
    f"{name}_{locale}": (locale, name)
    for locale in LOCALES
    for name in ("ai_generated", "edited_by_hand")
}
"""Column of what is told of who wrote each text, to its locale and what it tells."""

_KEY_COLUMNS: dict[Kind, str] = {"pwb": "reference", "reso": "ListingId"}
_KNOWN: dict[Kind, frozenset[str]] = {
    "pwb": frozenset((*FACT_COLUMNS, *TEXT_COLUMNS, *AI_COLUMNS, VERBATIM)),
    "reso": frozenset((*_RESO, *_RESO_FEATURES)) | _RESO_OTHERS,
}
# These attributes always have a value; an empty cell leaves the one they have.
_NEVER_UNKNOWN = frozenset(("status", "area_unit", "currency"))


class UnknownColumns(ValueError):
    """A header that cannot be used: `missing` and `duplicates` name the columns."""

    def __init__(
        self, message: str, missing: tuple[str, ...] = (), duplicates: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message)
        self.missing = missing
        self.duplicates = duplicates


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row was not taken. `column` is empty where the whole row is meant."""

    line: int
    column: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """One listing as the file gives it.

    `fields` has the attributes whose columns are in the file, None for unknown. `texts` holds what
    the file has of each locale; an empty cell is left out, so that it erases no text. `features`
    is None where the file has no column of features. `origins` has the locales of the texts that
    a model wrote, as the file says: "generated", or "edited" where a person changed its words.
    """

    line: int
    reference: str
    fields: dict[str, Any]
    texts: dict[str, dict[str, str]]
    features: tuple[str, ...] | None
    origins: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ColumnSet:
    """The columns of one file: `kind`, those that are `ignored`, and how to read a row."""

    kind: Kind
    names: Mapping[str, str]
    ignored: tuple[str, ...] = ()

    def read(
        self, row: Mapping[str, str], line: int, default_currency: str
    ) -> ParsedRow | list[RowProblem]:
        """One row of csv.DictReader as a listing, or everything that is wrong with it.

        `default_currency` counts where the row names none; RESO prices are in US dollars.
        """
        cells = _Cells(self.names, row, line)
        if cells.problems:
            return cells.problems
        reference = cells.read(_KEY_COLUMNS[self.kind].lower(), cell.reference)
        if not reference and not cells.problems:
            cells.refuse(_KEY_COLUMNS[self.kind].lower(), "Every listing needs a reference.")
        take = _take_pwb if self.kind == "pwb" else _take_reso
        fields = take(cells, default_currency)
        texts, features = _texts(cells, self.kind), _features(cells, self.kind)
        origins = _origins(cells, texts) if self.kind == "pwb" else {}
        if cells.problems:
            return cells.problems_in_order()
        return ParsedRow(line, reference, fields, texts, features, origins)


def detect(header: Sequence[str]) -> ColumnSet:
    """The column set of a header, whatever its case. Raises UnknownColumns."""
    spelt = [(one_line(name).casefold(), name) for name in header]
    _refuse_duplicates(name for name, _ in spelt if name)
    names = dict(spelt)
    kind = max(_KNOWN, key=lambda kind: len(_KNOWN[kind] & names.keys()))
    key = _KEY_COLUMNS[kind]
    if not _KNOWN[kind] & names.keys():
        raise UnknownColumns(_nothing_known(header), tuple(_KEY_COLUMNS.values()))
    if key.lower() not in names:
        raise UnknownColumns(f"The column {key} is missing, which names the listing.", (key,))
    ignored = tuple(one_line(raw) for name, raw in spelt if name and name not in _KNOWN[kind])
    return ColumnSet(kind, {name: raw for name, raw in spelt if name in _KNOWN[kind]}, ignored)


def _refuse_duplicates(names: Iterable[str]) -> None:
    duplicates = tuple(name for name, times in Counter(names).items() if times > 1)
    if duplicates:
        shown = ", ".join(_shortened(name) for name in duplicates[:5])
        raise UnknownColumns(f"The file names columns twice: {shown}.", duplicates=duplicates)


def _nothing_known(header: Sequence[str]) -> str:
    message = "No column of this file is known: it needs a column reference or ListingId."
    if len(header) == 1 and re.search(r"[;\t]", header[0]):
        return f"{message} Its columns must be separated by commas."
    return message


def _shortened(value: str) -> str:
    line = one_line(value[: 10 * _LONGEST_VALUE_SHOWN])
    return line if len(line) <= _LONGEST_VALUE_SHOWN else line[: _LONGEST_VALUE_SHOWN - 1] + "…"


@dataclass(slots=True)
class _Cells:
    """The cells of one row by the column's small-letter name, and what is wrong with them."""

    names: Mapping[str, str]
    row: Mapping[Any, Any]
    line: int
    problems: list[RowProblem] = field(default_factory=list)
    verbatim: bool = False

    def __post_init__(self) -> None:
        # csv.DictReader files surplus cells under None, and None for cells that are missing.
        if None in self.row:
            self._refuse_row("This row has more cells than the header.")
        elif any(self.row.get(name) is None for name in self.names.values()):
            self._refuse_row("This row has fewer cells than the header.")
        else:
            self.verbatim = self.text(VERBATIM) == "1"

    def _refuse_row(self, reason: str) -> None:
        first = next((cell for cell in self.row.values() if isinstance(cell, str)), "")
        self.problems.append(RowProblem(self.line, "", _shortened(first), reason))

    def problems_in_order(self) -> list[RowProblem]:
        """As the columns stand in the file."""
        order = [one_line(name) for name in self.names.values()]
        return sorted(self.problems, key=lambda problem: order.index(problem.column))

    def has(self, *columns: str) -> bool:
        return any(column in self.names for column in columns)

    def text(self, column: str) -> str:
        """The cell without hidden characters; empty where the file has no such column."""
        raw = self.row[self.names[column]] if column in self.names else ""
        return unguarded((raw if self.verbatim else without_hidden_characters(raw)).strip())

    def read(self, column: str, reader: Callable[[str], Any]) -> Any:
        """The cell's value; None where it is empty or cannot be read, which is noted."""
        if "\0" in (self.row[self.names[column]] if column in self.names else ""):
            return self.refuse(column, "This holds a NUL byte: the file is not plain text.")
        text = self.text(column)
        if self.verbatim:
            reader = cell.EXACT.get(reader, reader)
        try:
            return reader(text) if text else None
        except BadCell as problem:
            return self.refuse(column, str(problem))

    def refuse(self, column: str, reason: str) -> None:
        name = self.names[column]
        value = _shortened(self.row[name])
        self.problems.append(RowProblem(self.line, one_line(name), value, reason))

    def read_all(self, columns: Mapping[str, tuple[str, Reader]]) -> dict[str, Any]:
        """Attribute to value for those of the columns that are in the file."""
        here = ((column, *columns[column]) for column in columns if column in self.names)
        values = {attribute: self.read(column, reader) for column, attribute, reader in here}
        return {
            attribute: value
            for attribute, value in values.items()
            if value is not None or attribute not in _NEVER_UNKNOWN
        }


def _take_pwb(cells: _Cells, default_currency: str) -> dict[str, Any]:
    fields = cells.read_all(_PWB)
    if cells.has("currency"):
        fields.setdefault("currency", default_currency)
    digits = minor_digits(fields.get("currency", default_currency))
    read_price = cell.exact_price_in_cents if cells.verbatim else cell.price_in_cents
    for column, attribute in PRICE_COLUMNS.items():
        if cells.has(column):
            fields[attribute] = cells.read(column, partial(read_price, digits=digits))
    return fields


def _take_reso(cells: _Cells, _default_currency: str) -> dict[str, Any]:
    fields = cells.read_all(_RESO) | {"currency": "USD"}
    rental = "lease" in cells.text("propertytype").casefold()
    fields |= _reso_status(cells, rental)
    if cells.has("propertytype", "propertysubtype"):
        fields["property_type"] = _reso_type(cells)
    if cells.has("listprice"):
        fields |= _reso_price(cells, rental or fields.get("status") == "rented")
    if cells.has("bathroomsfull", "bathroomshalf"):
        fields |= _reso_bathrooms(cells)
    if cells.has("livingarea", "lotsizeacres"):
        fields |= _reso_areas(cells)
    return fields


def _reso_status(cells: _Cells, rental: bool) -> dict[str, Any]:
    status = cells.read("standardstatus", cell.status)
    if status is None:
        return {}
    return {"status": "rented" if rental and status == "sold" else status}


def _reso_type(cells: _Cells) -> str | None:
    subtype = canonical_type(cells.text("propertysubtype"))
    general = cells.text("propertytype")
    # "Residential" says nothing that the listing does not.
    says_nothing = snake(general) in ("residential", "residential_lease")
    return subtype or (None if says_nothing else canonical_type(general))


def _reso_price(cells: _Cells, rental: bool) -> dict[str, Any]:
    price = cells.read("listprice", cell.price)
    here, elsewhere = ("rental_price", "sale_price") if rental else ("sale_price", "rental_price")
    return {here: price, elsewhere: None}


def _reso_bathrooms(cells: _Cells) -> dict[str, Any]:
    """A half bathroom has a toilet and no bath."""
    full, half = (
        cells.read("bathroomsfull", cell.count) or 0,
        cells.read("bathroomshalf", cell.count) or 0,
    )
    return {"bathrooms": full + half * Decimal("0.5") or None, "toilets": full + half or None}


def _reso_areas(cells: _Cells) -> dict[str, Any]:
    unit = cells.read("livingareaunits", cell.unit_of_area) or "sqft"
    if not cells.has("lotsizeacres"):
        return {"area_unit": unit}
    acres = cells.read("lotsizeacres", cell.acres)
    per_acre = _SQUARE_FEET_PER_ACRE if unit == "sqft" else _SQUARE_METRES_PER_ACRE
    plot = (acres * per_acre).quantize(Decimal(1)) if acres else None
    return {"area_unit": unit, "plot_area": plot}


def _texts(cells: _Cells, kind: Kind) -> dict[str, dict[str, str]]:
    columns = TEXT_COLUMNS if kind == "pwb" else {"publicremarks": ("en", "description")}
    texts: dict[str, dict[str, str]] = {}
    for column, (locale, name) in columns.items():
        text = cells.read(column, cell.TEXTS[name])
        if text:
            texts.setdefault(locale, {})[name] = text
    return texts


def _origins(cells: _Cells, texts: Iterable[str]) -> dict[str, str]:
    """Which of the texts a model wrote, and whether a person changed them since."""
    told = {column: cells.read(column, yes_or_no) for column in AI_COLUMNS if cells.has(column)}
    return {
        locale: "edited" if told.get(f"edited_by_hand_{locale}") else "generated"
        for locale in texts
        if told.get(f"ai_generated_{locale}")
    }


def _features(cells: _Cells, kind: Kind) -> tuple[str, ...] | None:
    if kind == "pwb":
        words = re.split(r"[|;,\n]", cells.text("features"))
        return canonical_features(words) if cells.has("features") else None
    if not cells.has(*_RESO_FEATURES):
        return None
    lists = ((column, cells.text(column).split(",")) for column in _RESO_FEATURES)
    return canonical_features(f"{column}.{word}" for column, words in lists for word in words)
