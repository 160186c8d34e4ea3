"""One locale's words: phrases, numbers, plurals and lists, as the phrase files give them."""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from babel import Locale
from babel.dates import format_date
from babel.numbers import UnknownCurrencyError, format_currency, format_decimal

_FOLDER = Path(__file__).with_name("phrases")
_SPACES = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " "})
_CURRENCY = re.compile(r"[A-Z]{3}")
_LONGEST_FACT = 80
_AREAS = ("constructed_area", "plot_area")
_PRICES = ("sale_price", "rental_price")
_KINDS = ("features", "types", "states")


class _Picks(Protocol):
    def pick(self, options: Sequence[str]) -> str: ...


@dataclass(frozen=True, slots=True)
class Label:
    """A feature's name: as a sentence needs it, and `bare` as a heading does."""

    full: str
    bare: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """A listing's facts in clean types; unknown ones, zeros among them, are None or empty."""

    type: str
    state: str
    city: str
    region: str
    address: str
    energy: str
    currency: str
    area_unit: str
    year: str
    counts: Mapping[str, Decimal]
    area: Decimal | None
    plot: Decimal | None
    sale_price: Decimal | None
    rental_price: Decimal | None
    features: tuple[str, ...]
    labels: Mapping[str, str]

    @classmethod
    def of(cls, listing: Mapping[str, Any]) -> "Facts":
        """The facts of a document's ``listing``."""
        counted = ("bedrooms", "bathrooms", "toilets", "garages")
        year = _amount(listing.get("year_built"))
        return cls(
            type=_key(listing.get("property_type")),
            state=_key(listing.get("property_state")),
            city=_line(listing.get("city")),
            region=_line(listing.get("region")),
            address=_line(listing.get("street_address")),
            energy=_line(listing.get("energy_rating")),
            currency=_part(listing, _PRICES, "currency") or _line(listing.get("currency")),
            area_unit=_part(listing, _AREAS, "unit") or _line(listing.get("area_unit")),
            year=str(int(year)) if year else "",
            counts={name: n for name in counted if (n := _amount(listing.get(name)))},
            area=_amount(listing.get("constructed_area")),
            plot=_amount(listing.get("plot_area")),
            sale_price=_amount(listing.get("sale_price")),
            rental_price=_amount(listing.get("rental_price")),
            features=tuple(_features(listing)),
            labels=_features(listing),
        )


class Words:
    """The phrases of one locale, filled in with facts."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self._phrases = tomllib.loads((_FOLDER / f"{locale}.toml").read_text("utf-8"))
        marks = self._phrases["marks"]
        self._babel = Locale.parse(marks.get("babel", locale))
        self._place_form = marks.get("place", "{city}, {region}")
        self.space: str = marks["space"]
        self.comma: str = marks["comma"]
        self.colon: str = marks["colon"]
        self.dash: str = marks["dash"]
        self.stop: str = marks["stop"]
        self._and: str = marks["and"]
        self._articles = tuple(marks.get("articles", ()))

    def text(self, name: str) -> str:
        """A phrase by its name."""
        return str(self._phrases["sentences"][name])

    def options(self, name: str, tone: str) -> list[str]:
        """The choices for a name, of a tone where the phrases differ by tone."""
        choices = self._phrases[name]
        return list(choices.get(tone) or choices.get("professional") or choices["all"])

    def of_tone(self, name: str, tone: str, picker: _Picks) -> str:
        """One of the choices of a tone."""
        return picker.pick(self.options(name, tone))

    def opening(self, facts: Facts, template: str) -> str:
        """The first sentence."""
        place = self._place(facts)
        name = self._type(facts).full
        text = self._fill("np_place", np=name, place=place) if place else name
        return template.format(np=text, Np=text[:1].upper() + text[1:])

    def heading(self, facts: Facts) -> str:
        """Type and city, as a title begins."""
        name = self._type(facts).bare
        city = facts.city or facts.region
        text = self._fill("heading", type=name, city=city) if city else name
        return text[:1].upper() + text[1:]

    def counts(self, facts: Facts) -> list[Label]:
        """Rooms and garages with their numbers."""
        return [Label(text, text) for text in self._counted(facts)]

    def measures(self, facts: Facts) -> list[str]:
        """Bedrooms, bathrooms and area, as a heading shows them."""
        rooms = self._counted(facts)[:2]
        return [*rooms, self._area(facts.area, facts.area_unit)] if facts.area else rooms

    def area(self, facts: Facts) -> str:
        """The sentence on areas, or nothing."""
        name = {(True, True): "area_both", (True, False): "area", (False, True): "plot"}.get(
            (facts.area is not None, facts.plot is not None)
        )
        area = self._area(facts.area, facts.area_unit)
        return (
            self._fill(name, area=area, plot=self._area(facts.plot, facts.area_unit))
            if name
            else ""
        )

    def state(self, facts: Facts) -> str:
        """The state in words, or nothing where it is not a known one."""
        return str(self._phrases["states"].get(facts.state, ""))

    def with_fact(self, name: str, value: str) -> str:
        """A sentence around one fact, or nothing."""
        return self._fill(name, value=value) if value else ""

    def price(self, name: str, amount: Decimal | None, currency: str) -> str:
        """A sentence on a price, or nothing where the price or its currency is unknown."""
        return (
            self._fill(name, value=self.money(amount, currency))
            if amount and _CURRENCY.fullmatch(currency)
            else ""
        )

    def short_price(self, facts: Facts) -> str:
        """The price as a heading shows it, or nothing."""
        if not _CURRENCY.fullmatch(facts.currency):
            return ""
        if facts.sale_price:
            return self.money(facts.sale_price, facts.currency)
        rent = facts.rental_price
        return self._fill("rent_short", value=self.money(rent, facts.currency)) if rent else ""

    def money(self, amount: Decimal | None, currency: str) -> str:
        """An amount as the locale writes it, without cents where there are none."""
        amount = amount or Decimal(0)
        whole = amount == amount.to_integral_value()
        pattern = re.sub(r"0([.,])00", "0", self._babel.currency_formats["standard"].pattern)
        try:
            text = format_currency(
                amount, currency, pattern if whole else None, self._babel, currency_digits=not whole
            )
        except UnknownCurrencyError:
            text = f"{self._number(amount)} {currency}"
        return text.translate(_SPACES)

    def listing_of(self, name: str, labels: Iterable[Label], picker: _Picks) -> str:
        """A sentence with a list, or nothing for an empty one."""
        joined = self.join([label.full for label in labels])
        return picker.pick(self._phrases[name]["all"]).format(list=joined) if joined else ""

    def join(self, items: list[str]) -> str:
        """A list as the locale writes it."""
        if len(items) < 2:
            return "".join(items)
        return self.comma.join(items[:-1]) + self._and + items[-1]

    def features(self, facts: Facts) -> list[Label]:
        """The known features, the most telling ones first."""
        names = self._phrases["features"]["names"]
        known = [key for key in _told(facts) if key in names]
        return [self._label(names[key]) for key in known] + self._unknown(facts, names)

    def labels(self, facts: Facts) -> list[Label | None]:
        """The name of each feature in this language, None where it has none."""
        names = self._phrases["features"]["names"]
        return [self._label(names[key]) if key in names else None for key in facts.features]

    def feature(self, key: str) -> Label:
        """The name of a feature that the language knows."""
        return self._label(self._phrases["features"]["names"][key])

    def _unknown(self, facts: Facts, names: Mapping[str, str]) -> list[Label]:
        # A key is an English name; in other languages nothing is better than a foreign word.
        if self.locale != "en":
            return []
        plain = [facts.labels[key] for key in _told(facts) if key not in names]
        return [Label(text, text) for text in plain if re.fullmatch(r"[a-z][a-z0-9 -]+", text)]

    def _counted(self, facts: Facts) -> list[str]:
        return [self._count(name, number) for name, number in facts.counts.items()]

    def post(self, category: str, heading: str) -> str:
        """The first line of a social post."""
        lines = self._phrases["posts"]
        return str(lines.get(category, lines["just_listed"])).format(heading=heading)

    def day(self, day: date) -> str:
        """A day in full, its weekday included."""
        return str(format_date(day, "full", locale=self._babel))

    @property
    def post_ending(self) -> str:
        """The last line of a social post."""
        return str(self._phrases["posts"]["ending"])

    def tags(self, category: str) -> list[str]:
        """Hashtags of a category, without their mark."""
        names = self._phrases["tags"]
        return [names[key] for key in (category, "always") if key in names]

    def _count(self, name: str, number: Decimal) -> str:
        forms = self._phrases["counts"][name]
        form = forms.get(self._babel.plural_form(number), forms["other"])
        return str(form).format(n=self._number(number))

    def _area(self, amount: Decimal | None, unit: str) -> str:
        if amount is None:
            return ""
        named = "sqft" if unit.lower() in ("sqft", "sq ft", "square feet") else "sqmt"
        return str(self._phrases["units"][named]).format(n=self._number(amount))

    def _number(self, number: Decimal) -> str:
        return format_decimal(number, locale=self._babel).translate(_SPACES)

    def _type(self, facts: Facts) -> Label:
        names = self._phrases["types"]
        return self._label(names.get(facts.type, names["property"]))

    def _place(self, facts: Facts) -> str:
        if facts.city and facts.region and facts.city != facts.region:
            return str(self._place_form.format(city=facts.city, region=facts.region))
        return facts.city or facts.region

    def _fill(self, name: str, **parts: str) -> str:
        return self.text(name).format(**parts)

    def _label(self, text: str) -> Label:
        full, _, bare = text.partition("|")
        return Label(full, bare or self._without_article(full))

    def _without_article(self, text: str) -> str:
        article = next((a for a in self._articles if text.startswith(a)), "")
        return text.removeprefix(article)


def words(locale: str) -> Words:
    """The words of a locale (``pt-BR`` reads as ``pt``), English for an unknown one."""
    short = locale.lower()[:2]
    return _words(short if short in locales() else "en")


@cache
def locales() -> tuple[str, ...]:
    """The locales that there are phrases for."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("??.toml")))


@cache
def _words(locale: str) -> Words:
    return Words(locale)


@cache
def _table() -> dict[str, dict[str, Any]]:
    return tomllib.loads((_FOLDER / "aliases.toml").read_text("utf-8"))


def _told(facts: Facts) -> list[str]:
    """The features that are written of, the most telling ones first."""
    table, given = _table(), {*facts.features, *facts.counts}
    never, implied_by = table["never"]["features"], table["implied_by"]
    rank = {key: turn for turn, key in enumerate(table["order"]["features"])}
    told = [f for f in facts.features if f not in never and given.isdisjoint(implied_by.get(f, ()))]
    return sorted(told, key=lambda key: rank.get(key, len(rank)))


def _key(value: object) -> str:
    text = re.sub(r"[^a-z0-9]+", "_", str(value or "").lower().rsplit(".", 1)[-1]).strip("_")
    table = _table()
    return next((table[kind][text] for kind in _KINDS if text in table[kind]), text)


def _features(listing: Mapping[str, Any]) -> dict[str, str]:
    """Key to English label; a feature comes as its key alone or as ``{"key", "label"}``."""
    value = listing.get("features")
    pairs = (
        (item.get("key"), item.get("label")) if isinstance(item, dict) else (item, None)
        for item in (value if isinstance(value, list) else [])
    )
    known = {_key(key): _line(label).lower() for key, label in pairs}
    return {key: label or key.replace("_", " ") for key, label in known.items() if key}


def _part(listing: Mapping[str, Any], names: tuple[str, ...], part: str) -> str:
    """A part, such as the unit, of the first of some facts that come as objects."""
    facts = (listing.get(name) for name in names)
    return next((_line(fact.get(part)) for fact in facts if isinstance(fact, dict)), "")


def _line(value: object) -> str:
    text = " ".join(str(value).split()) if isinstance(value, str) else ""
    return text[:_LONGEST_FACT]


def _amount(fact: object) -> Decimal | None:
    """A number that comes alone or as the value of an object; None for zero and for nonsense."""
    value = fact.get("value") if isinstance(fact, dict) else fact
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None
