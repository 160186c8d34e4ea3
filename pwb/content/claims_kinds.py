"""Whether a named type, status or condition is the record's, or clearly another."""

from pwb.content.claims_model import ClaimState
from pwb.content.listing import ListingFacts

_APARTMENTS = frozenset(
    (
        *("apartment", "upper_floor_apartment", "ground_floor_apartment", "maisonette", "studio"),
        *("loft", "penthouse", "duplex", "condominium"),
    )
)
_HOUSES = frozenset(
    (
        *("house", "villa", "townhouse", "semi_detached", "corner_house", "canal_house"),
        *("farmhouse", "bungalow", "cabin"),
    )
)
_WORKPLACES = frozenset(("office", "shop", "warehouse", "hotel", "commercial"))
_FAMILIES = (_APARTMENTS, _HOUSES, _WORKPLACES, frozenset(("land",)))
# What a broader word may be said of: a townhouse is a house; a canal house is a townhouse, too.
_BROADER = {
    "apartment": _APARTMENTS,
    "house": _HOUSES,
    "villa": frozenset(("house", "farmhouse", "bungalow")),
    "townhouse": frozenset(("canal_house", "corner_house", "semi_detached")),
    "canal_house": frozenset(("townhouse",)),
    "farmhouse": frozenset(("cabin",)),
    "cabin": frozenset(("farmhouse",)),
    "condominium": _APARTMENTS,
    "maisonette": frozenset(("duplex",)),
    "duplex": frozenset(("maisonette", "penthouse", "loft")),
}
_STYLE_ONLY = frozenset(("loft", "duplex", "maisonette", "studio"))
_OPPOSITES = {
    "new_build": frozenset(("needs_renovation", "needs_some_work", "original", "renovated")),
    "renovated": frozenset(("needs_renovation", "original")),
    "needs_renovation": frozenset(("new_build", "excellent", "renovated", "good")),
}


def type_state(claimed: str, recorded: str | None) -> ClaimState | None:
    """How a type named in a text stands; None where it says nothing that could be wrong."""
    family = next((own for own in _FAMILIES if recorded in own), None)
    if recorded is None or family is None:
        return None
    if claimed == recorded or recorded in _BROADER.get(claimed, ()):
        return "supported"
    if claimed not in family:
        return "contradicted"
    if claimed in _STYLE_ONLY or recorded in ("apartment", "house", "condominium"):
        return "unsupported"
    return "contradicted"


def status_state(claimed: str, facts: ListingFacts) -> tuple[ClaimState | None, str | None]:
    """How "for sale" or "for rent" stands, and the price that says so."""
    own, other = (
        ("sale_price", "rental_price") if claimed == "sale" else ("rental_price", "sale_price")
    )
    if getattr(facts, own):
        return "supported", own
    if getattr(facts, other):
        return "contradicted", other
    return None, None


def condition_state(claimed: str, facts: ListingFacts) -> ClaimState | None:
    """How a condition stands; None where the record has none to compare with."""
    if claimed in (facts.property_state, facts.property_type):
        return "supported"
    if facts.property_state in _OPPOSITES.get(claimed, ()):
        return "contradicted"
    soft = claimed == "new_build" or facts.property_state is None
    return None if soft else "unsupported"
