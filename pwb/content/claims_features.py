"""Features, condition, type and status that a text claims, denies or only dreams of."""

from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from operator import itemgetter

from pwb.content.claims_kinds import condition_state, status_state, type_state
from pwb.content.claims_lexicon import Match, lexicon, read_terms
from pwb.content.claims_model import Claim, ClaimKind, ClaimState
from pwb.content.claims_reading import Reading
from pwb.content.claims_text import tokenise
from pwb.content.claims_wording import feature_words, make_claim
from pwb.content.features import FEATURES
from pwb.content.kinds import state_label, type_label
from pwb.content.listing import ListingFacts
from pwb.content.once import once_each

_SECTIONS = ("ignore", "features", "types", "statuses", "states")
_KINDS: dict[str, tuple[ClaimKind, str]] = {
    "types": ("type", "property_type"),
    "statuses": ("status", "status"),
    "states": ("condition", "property_state"),
}
_HOUSE_LIKE = frozenset(
    ("house", "villa", "farmhouse", "bungalow", "cabin", "canal_house", "new_build")
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a phrase stands, and the facts or feature keys that say so."""

    state: ClaimState
    field: str | None = None
    recorded: str | None = None
    relies: frozenset[str] = frozenset()


def phrase_claims(reading: Reading, taken: list[Claim]) -> Iterator[tuple[Claim, frozenset[str]]]:
    """The claims made in phrases, each with the facts and feature keys it leans on."""
    spans = [(claim.start, claim.end) for claim in taken]
    end = -1
    for match, first, last in _side_by_side(list(_standing(reading))):
        found = _judge(reading, match, first, last, end)
        if found and not _within(reading, match, spans):
            yield found
        end = last


def _side_by_side(matches: list[Match]) -> Iterator[tuple[Match, int, int]]:
    """Each phrase with the tokens to mark: where two share some, "sea" and "mountain views"."""
    end = -1
    for match, following in zip_longest(matches, matches[1:]):
        limit = following.first if following and following.first > match.first else None
        own = [t for t in match.tokens if t > end and (limit is None or t < limit)]
        own = own or [t for t in match.tokens if t > end]
        if own:
            end = own[-1]
            yield match, own[0], end


def _within(reading: Reading, match: Match, spans: list[tuple[int, int]]) -> bool:
    """Whether one of the spans, which rise and do not overlap, holds the whole phrase."""
    start, end = reading.span(match.first, match.last)
    place = bisect(spans, start, key=itemgetter(0))
    return place > 0 and end <= spans[place - 1][1]


def _standing(reading: Reading) -> Iterator[Match]:
    """The phrases that no longer phrase holds within it; "pool" falls to "private pool"."""
    found = [match for section in _SECTIONS for match in reading.all(section)]
    found.sort(key=lambda match: -len(match.tokens))
    holders: dict[int, list[frozenset[int]]] = {}
    kept: list[Match] = []
    for match in found:
        own = frozenset(match.tokens)
        if any(own <= other for other in holders.get(match.first, ())):
            continue
        for token in own:
            holders.setdefault(token, []).append(own)
        if match.section != "ignore":
            kept.append(match)
    yield from sorted(kept, key=lambda match: (match.first, match.last))


def _judge(
    reading: Reading, match: Match, first: int, last: int, after: int
) -> tuple[Claim, frozenset[str]] | None:
    if _is_street(reading, match) or _is_asked(reading, match):
        return None
    denial = denying(reading, match) if match.section == "features" else None
    if match.section == "features":
        verdict = _feature(reading, match, denied=denial is not None)
    else:
        verdict = _kind(reading, match)
    if verdict is None:
        return None
    kind, subject = _KINDS.get(match.section, ("feature", match.key.rstrip("?")))
    whole = (first, last) == (match.first, match.last)
    if denial and denial.last < first:
        first = max(denial.first, after + 1)
    elif denial:
        last = max(last, denial.last)
    claim = make_claim(
        reading,
        first,
        last,
        kind=kind,
        subject=subject,
        state=verdict.state,
        field=verdict.field,
        recorded=verdict.recorded,
        correction=_correction(reading, match, verdict) if whole and not denial else None,
    )
    return claim, verdict.relies


def _is_street(reading: Reading, match: Match) -> bool:
    """ "Garden Street", "Calle Jardín": a name by its capital and its neighbour."""
    start, _ = reading.span(match.first, match.first)
    if not reading.text[start].isupper() or not reading.spaced:
        return False
    after = reading.at("streets", match.last + 1, "after")
    if after and reading.text[reading.span(after.first, after.first)[0]].isupper():
        return True
    return reading.before("streets", match.first, 3, "before") is not None


def _is_asked(reading: Reading, match: Match) -> bool:
    """ "Unfurnished?", "For rent in Marbella?": a question claims nothing."""
    for place in range(match.last + 1, match.last + 5):
        if reading.kind(place) == "stop":
            return reading.norm(place) in ("?", "？")
    return False


def _kind(reading: Reading, match: Match) -> Verdict | None:
    denied = _cue_before(reading, match, 4, "not") is not None
    if denied or is_dreamt(reading, match) or is_near(reading, match):
        return None
    return _JUDGES[match.section](reading, match)


def _type(reading: Reading, match: Match) -> Verdict | None:
    recorded = reading.facts.property_type
    if _is_other_home(reading, match):
        return None
    state = type_state(match.key, recorded)
    return _verdict(state, "property_type", recorded and type_label(recorded))


def _status(reading: Reading, match: Match) -> Verdict | None:
    if reading.before("cues", match.first, 5, "ideal"):
        return None
    state, field = status_state(match.key, reading.facts)
    return _verdict(state, field, None)


def _condition(reading: Reading, match: Match) -> Verdict | None:
    recorded = reading.facts.property_state
    if reading.at("year", match.last + 1, "part_noun"):
        return None
    state = condition_state(match.key, reading.facts)
    return _verdict(state, "property_state", recorded and state_label(recorded))


_JUDGES = {"types": _type, "statuses": _status, "states": _condition}


def _verdict(state: ClaimState | None, field: str | None, recorded: str | None) -> Verdict | None:
    if state is None:
        return None
    relies = frozenset((field,)) if field and state != "unsupported" else frozenset()
    return Verdict(state, field if recorded or relies else None, recorded, relies)


def _is_other_home(reading: Reading, match: Match) -> bool:
    """A guest apartment, the villas next door, Villa Borghese."""
    if reading.before("cues", match.first, 2, "secondary_before"):
        return True
    if reading.at("cues", match.last + 1, "not_home_after"):
        return True
    start, end = reading.span(match.first, match.last)
    if not reading.text[start].isupper() or reading.locale in ("de", "zh", "ja"):
        return False
    before, after = match.first - 1, match.last + 1
    return (
        reading.kind(after) == "word"
        and reading.text[reading.span(after, after)[0]].isupper()
        and reading.text[end : end + 1] == " "
        and reading.kind(before) == "word"
        and reading.text[reading.span(before, before)[0]].islower()
    )


def _feature(reading: Reading, match: Match, *, denied: bool) -> Verdict | None:
    key = match.key.rstrip("?")
    if is_dreamt(reading, match) or (key not in _places() and is_near(reading, match)):
        return None
    owned = owned_features(reading.facts, reading.locale)
    by = [name for name in _supporters(key, reading.facts) if name in owned]
    by = [key] if key in by else by
    against = [name for name in _table("contradicts").get(key, ()) if name in owned]
    field = "garages" if by == ["garages"] else "features"
    if denied:
        relies = _relies(by) or frozenset((key,))
        state: ClaimState = "contradicted" if by else "supported"
        return Verdict(state, field if by else None, _labels(by, reading.facts), relies)
    if by:
        return Verdict("supported", field, _labels(by, reading.facts), _relies(by))
    if against:
        return Verdict(
            "contradicted", "features", _labels(against, reading.facts), _relies(against)
        )
    return None if match.key.endswith("?") else Verdict("unsupported")


def _relies(keys: list[str]) -> frozenset[str]:
    return frozenset("property_type" if key.startswith("type_") else key for key in keys)


def _labels(keys: list[str], facts: ListingFacts) -> str | None:
    names = [key for key in keys if key in FEATURES or key in facts.features]
    if keys == ["garages"]:
        return str(facts.garages)
    return feature_words(names) or None


def _supporters(key: str, facts: ListingFacts) -> tuple[str, ...]:
    names = (key, *_table("supports").get(key, ()))
    if key == "private_pool" and facts.property_type in _HOUSE_LIKE:
        return (*names, "pool", "heated_pool")
    if key == "private_garden" and facts.property_type in _HOUSE_LIKE:
        return (*names, "garden")
    return names


def owned_features(facts: ListingFacts, locale: str) -> frozenset[str]:
    """The record's features; what a key of its own says in words counts as well."""
    keys = set(facts.features)
    for key in facts.features:
        if key not in FEATURES:
            keys.update(_told_by_key(key, locale))
    if facts.garages:
        keys.add("garages")
    if facts.property_type:
        keys.add(f"type_{facts.property_type}")
    return frozenset(keys)


@cache
def _cached_by_key(key: str, locale: str) -> frozenset[str]:
    words = lexicon(locale)
    found = words.find(tokenise(key.replace("_", " "), words.locale))
    return frozenset(match.key.rstrip("?") for match in found if match.section == "features")


def _told_by_key(key: str, locale: str) -> frozenset[str]:
    if len(key) > 60:
        return frozenset()
    return _cached_by_key(key, locale) | _cached_by_key(key, "en")


@once_each
def _tables() -> dict[str, dict[str, tuple[str, ...]]]:
    tables: dict[str, dict[str, tuple[str, ...]]] = {}
    for section, key, term in read_terms("relations"):
        table = tables.setdefault(section, {})
        table[key] = (*table.get(key, ()), *term.split())
    return tables


def _table(name: str) -> dict[str, tuple[str, ...]]:
    return _tables().get(name, {})


@cache
def _places() -> frozenset[str]:
    return frozenset(_table("places").get("keys", ()))


def denying(reading: Reading, match: Match) -> Match | None:
    """The "no" of "no garage", "ohne Garten", "プールなし"; not that of "not only a pool"."""
    cue = (
        _cue_after(reading, match, 4, "not_after")
        or _cue_before(reading, match, 4, "not")
        or reading.ending("cues", match.first - 1, "not_next")
    )
    unmeant = reading.covered("cues", "not_really")
    return None if cue is None or unmeant.intersection(cue.tokens) else cue


def is_dreamt(reading: Reading, match: Match) -> bool:
    """ "space for a pool", "possibility of adding a lift": not a claim of having."""
    cue = _cue_before(reading, match, 6, "maybe") or _cue_after(reading, match, 3, "maybe_after")
    return cue is not None


def is_near(reading: Reading, match: Match) -> bool:
    """ "close to the marina", "gym nearby": not part of the property."""
    cue = _cue_before(reading, match, 5, "near", alone=True)
    return (cue or _cue_after(reading, match, 2, "near_after")) is not None


def _cue_before(
    reading: Reading, match: Match, reach: int, key: str, *, alone: bool = False
) -> Match | None:
    """The cue before in the same clause; with `alone` no other feature stands between."""
    if not reading.in_sentence("cues", match.first, key):
        return None
    for place in range(match.first - 1, max(match.first - 1 - reach, -1), -1):
        if reading.kind(place) in ("comma", "stop"):
            return None
        cue = reading.ending("cues", place, key)
        if cue:
            return cue
        if alone and (reading.ending("features", place) or reading.is_word(place, "with")):
            return None
        if not alone and reading.breaks_scope(place):
            return None
    return None


def _cue_after(reading: Reading, match: Match, reach: int, key: str) -> Match | None:
    if not reading.in_sentence("cues", match.last, key):
        return None
    for place in range(match.last + 1, match.last + 1 + reach):
        if reading.kind(place) in ("comma", "stop"):
            return None
        cue = reading.at("cues", place, key)
        if cue or reading.breaks_scope(place) or reading.at("features", place):
            return cue
    return None


def _correction(reading: Reading, match: Match, verdict: Verdict) -> str | None:
    """The right phrase in the same language, where one is known."""
    if match.section == "types" and reading.facts.property_type:
        key = reading.facts.property_type
    elif match.section == "features" and verdict.recorded and verdict.relies:
        key = next(iter(sorted(verdict.relies)))
    else:
        return None
    terms = reading.lexicon.terms.get(match.section, {}).get(key, ())
    plain = next((term for term in terms if not set("*()/.") & set(term)), None)
    if plain is None:
        return None
    capital = reading.slice(match.first, match.first)[:1].isupper() and plain[0].islower()
    return plain[0].upper() + plain[1:] if capital else plain
