"""How findings are told in English, and how values are written."""

from decimal import Decimal

from pwb.content.claims_model import Claim, ClaimKind, ClaimState
from pwb.content.claims_reading import Reading
from pwb.content.features import feature_label
from pwb.content.listing import ListingFacts

_LABELS = {
    "bedrooms": "bedrooms",
    "bathrooms": "bathrooms",
    "garages": "garage spaces",
    "constructed_area": "built area",
    "plot_area": "plot area",
    "year_built": "year built",
    "sale_price": "sale price",
    "rental_price": "rent per month",
    "energy_rating": "energy rating",
    "property_type": "type",
    "property_state": "condition",
}
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥"}
_GROUP_SIGNS = {"en": ",", "zh": ",", "ja": ",", "fr": "\u202f", "ru": "\u00a0"}
_DECIMAL_SIGNS = {"en": ".", "zh": ".", "ja": "."}


def make_claim(
    reading: Reading,
    first: int,
    last: int,
    *,
    kind: ClaimKind,
    subject: str,
    state: ClaimState,
    field: str | None = None,
    claimed: str | None = None,
    recorded: str | None = None,
    correction: str | None = None,
) -> Claim:
    """The claim of the tokens from first to last, with its sentence."""
    start, end = reading.span(first, last)
    text = reading.text[start:end]
    wording = " ".join((claimed or text).split())
    return Claim(
        start=start,
        end=end,
        text=text,
        kind=kind,
        subject=subject,
        state=state,
        field=field,
        claimed=wording,
        recorded=recorded,
        correction=correction if state == "contradicted" else None,
        message=_message(wording, state, field or subject, recorded),
    )


def _message(claimed: str, state: ClaimState, about: str, recorded: str | None) -> str:
    opening = claimed[:1].upper() + claimed[1:]
    if state == "unsupported":
        return f"{opening} is not in the record."
    verb = "contradicts" if state == "contradicted" else "agrees with"
    if not recorded:
        return f"{opening} {verb} the record."
    label = _LABELS.get(about, about.replace("_", " "))
    if about == "features":
        return f"{opening} {verb} the record, which has: {recorded}."
    return f"{opening} {verb} the record: {label} is {recorded}."


def plain(value: Decimal | int) -> str:
    """The number with comma groups and no needless zeros: "1,250.5"."""
    text = f"{Decimal(value):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def local_number(value: Decimal, locale: str, like: str) -> str:
    """The number as the locale writes it, with the signs of the figure it replaces where it can."""
    group, decimal = _GROUP_SIGNS.get(locale, "."), _DECIMAL_SIGNS.get(locale, ",")
    signs = [sign for sign in like if not sign.isdigit()]
    if signs and (len(signs) > 1 or len(like.rpartition(signs[0])[2]) == 3):
        group = signs[0]
        decimal = "," if group == "." else decimal if group != decimal else "."
    elif not signs and len(like) > 3:
        group = ""
    whole, _, rest = plain(value).partition(".")
    return whole.replace(",", group) + (decimal + rest if rest else "")


def area_words(value: Decimal, facts: ListingFacts) -> str:
    """The area with the record's own unit."""
    return f"{plain(value)} {'sq ft' if facts.area_unit == 'sqft' else 'm²'}"


def price_words(value: Decimal, currency: str | None) -> str:
    """The price with its currency: "€3,950,000", "CHF 1,200"."""
    symbol = _SYMBOLS.get(currency or "")
    return f"{symbol}{plain(value)}" if symbol else f"{currency or ''} {plain(value)}".strip()


def feature_words(keys: list[str]) -> str:
    """The labels of features in small letters, as in a sentence."""
    labels = [feature_label(key) for key in keys]
    return ", ".join(labels)
