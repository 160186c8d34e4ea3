"""What is to be said of a text before somebody signs it: Fair Housing, claims, words to avoid.

The checks themselves are pure (`pwb.content`); here they run over a listing's three parts by a
website's own rules, and every finding gets the part it stands in and an id that stays the same as
long as the wording does, so that a reason given for it can name it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from pwb.content import claims, fair_housing
from pwb.content.avoided_words import find_avoided
from pwb.content.listing import FACT_FIELDS, ListingFacts
from pwb.content.photo_words import seen_spans
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, PropertyText, Website
from pwb.models.properties import TEXT_FIELDS
from pwb.services import writing_rules
from pwb.services.listing_facts import facts_of

Item = dict[str, Any]
Check = Callable[..., dict[str, Any]]
SEEN = "seen_in_photos"
NOT_CHECKED: dict[str, Any] = {
    "compliance": {"compliant": None, "violations": [], "advice": []},
    "claims": {},
    "words": [],
}


@dataclass(frozen=True)
class CheckRules:
    """What of a website's own settings the checks go by. `jurisdictions` None means all."""

    jurisdictions: tuple[str, ...] | None = None
    avoided: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Everything found in one text, part by part, fit for JSON.

    Every item has `field` (the part's name: title, description or meta_description of a listing's
    text), `start` and `end` within it, and `id`. A claim's `fact` is the name of the fact that
    supports or contradicts it.
    `relies_on` names the facts and the feature keys that the text leans on.
    """

    violations: tuple[Item, ...]
    advice: tuple[Item, ...]
    claims: tuple[Item, ...]
    words: tuple[Item, ...]
    relies_on: tuple[str, ...]

    @property
    def blocking_items(self) -> list[Item]:
        """What stands in the way of approval, each wording once: violations first."""
        contradicted = [item for item in self.claims if item["state"] == "contradicted"]
        return list({item["id"]: item for item in (*self.violations, *contradicted)}.values())

    @property
    def blocking(self) -> list[str]:
        """The ids of the findings that block approval."""
        return [item["id"] for item in self.blocking_items]

    def compliance_json(self) -> dict[str, Any]:
        """The Fair Housing part of an answer."""
        return {
            "compliant": not self.violations,
            "violations": list(self.violations),
            "advice": list(self.advice),
        }

    def claims_json(self) -> dict[str, Any]:
        """The claims part of an answer: counts, and every claim."""
        states = Counter(item["state"] for item in self.claims)
        counts = {name: states[name] for name in ("supported", "contradicted", "unsupported")}
        return {**counts, "items": list(self.claims)}

    def as_json(self) -> dict[str, Any]:
        """All of it, as a request's row and an approval keep it."""
        return {
            "compliance": self.compliance_json(),
            "claims": self.claims_json(),
            "words": list(self.words),
        }


def rules_for(website: Website, locale: str) -> CheckRules:
    """The website's own rules for texts in a language."""
    return rules_with(website, writing_rules.words_to_avoid(website, locale))


def rules_with(website: Website, avoided: tuple[str, ...]) -> CheckRules:
    """The same where the words to avoid are known: needs no database."""
    chosen = website.jurisdictions
    return CheckRules(tuple(chosen) if chosen else None, avoided)


def check_text(
    website: Website, facts: ListingFacts, locale: str, parts: Mapping[str, str]
) -> Findings:
    """Check a listing's text in a language against the facts and the website's rules."""
    return check_parts(rules_for(website, locale), facts, locale, parts)


def check_saved(website: Website, listing: Property, text: PropertyText) -> Findings:
    """Check a text as it is saved on its listing."""
    parts = parts_of(text)
    found = check_text(website, facts_of(listing), text.locale, parts)
    return with_seen(found, parts, seen_by(website, text))


def seen_by(website: Website, text: PropertyText) -> list[str]:
    """The wordings that the text's generation owed to photos."""
    if text.generation_request_id is None:
        return []
    row = GenerationRequest
    query = select(row.output_data["seen_in_photos"]).where(
        row.website_id == website.id, row.id == text.generation_request_id
    )
    return db.session.scalar(query) or []


def checker(rules: CheckRules, facts: ListingFacts, locale: str) -> Check:
    """The check of texts that are still to come: needs no database."""

    def check(text: Any, seen: Sequence[str] = ()) -> dict[str, Any]:
        parts = parts_of(text)
        return with_seen(check_parts(rules, facts, locale, parts), parts, seen).as_json()

    return check


def parts_of(text: Any) -> dict[str, str]:
    """The three parts of anything that has them, by name."""
    return {name: getattr(text, name) or "" for name in TEXT_FIELDS}


def check_parts(
    rules: CheckRules,
    facts: ListingFacts,
    locale: str,
    parts: Mapping[str, str],
    old_price: Decimal | None = None,
) -> Findings:
    """The same by rules that were read before: needs no database. `parts` are any named texts;
    `old_price` is known of a price that came down."""
    violations: list[Item] = []
    advice: list[Item] = []
    claimed: list[Item] = []
    words: list[Item] = []
    relied: set[str] = set()
    for field, text in parts.items():
        compliance = fair_housing.check(text, locale, rules.jurisdictions)
        violations.extend(_rule_items(compliance.violations, field))
        advice.extend(_rule_items(compliance.advice, field))
        report = claims.check_claims(text, facts, locale, old_price=old_price)
        claimed.extend(_claim_item(claim, field) for claim in report.claims)
        relied |= report.fields | set(_stated(report.claims))
        words.extend(_word_items(rules.avoided, locale, field, text))
    return Findings(
        tuple(violations), tuple(advice), tuple(claimed), tuple(words), tuple(sorted(relied))
    )


def with_seen(findings: Findings, parts: Mapping[str, str], phrases: Sequence[str]) -> Findings:
    """The findings with everything marked that the text owes to photos and the record lacks.

    Being seen does not make a claim supported: it stays for a person to look at.
    """
    if not phrases:
        return findings
    claimed = [item for field in TEXT_FIELDS for item in _seen_in(findings, parts, field, phrases)]
    return replace(findings, claims=tuple(claimed))


def _seen_in(
    findings: Findings, parts: Mapping[str, str], field: str, phrases: Sequence[str]
) -> list[Item]:
    text = parts.get(field) or ""
    own = [item for item in findings.claims if item["field"] == field]
    for start, end in seen_spans(text, phrases):
        covered = [item for item in own if item["start"] < end and start < item["end"]]
        if not covered:
            own.append(_seen_item(field, start, end, text[start:end]))
        for item in covered:
            if item["state"] == "unsupported":
                item |= {"seen": True, "message": _seen_message(item["text"])}
    return sorted(own, key=lambda item: int(item["start"]))


def _seen_item(field: str, start: int, end: int, words: str) -> Item:
    """For what no lexicon knows as a claim; of no kind that could be added as a feature."""
    claim = claims.Claim(
        start,
        end,
        words,
        "condition",
        SEEN,
        "unsupported",
        None,
        words,
        None,
        None,
        _seen_message(words),
    )
    return _claim_item(claim, field) | {"seen": True}


def _seen_message(words: str) -> str:
    return f"“{words}” is seen in the photos, but is not in the record."


def _stated(found: Iterable[claims.Claim]) -> Iterator[str]:
    """Facts that the text states and the record does not know yet: once it does, they count."""
    return (claim.subject for claim in found if claim.subject in FACT_FIELDS)


def _rule_items(found: Iterable[fair_housing.Finding], field: str) -> Iterator[Item]:
    for finding in found:
        item = _as_item(finding) | {"jurisdictions": list(finding.jurisdictions)}
        yield {"id": _id("rule", finding.rule_id, finding.text, field), "field": field, **item}


def _claim_item(claim: claims.Claim, field: str) -> Item:
    item = _as_item(claim)
    fact = item.pop("field")
    return {
        "id": _id("claim", claim.subject, claim.text, field),
        "field": field,
        "fact": fact,
        **item,
    }


def _as_item(found: fair_housing.Finding | claims.Claim) -> Item:
    """Its fields by name; `asdict` would copy each one deeply, a hundred times a text."""
    return {name: getattr(found, name) for name in found.__slots__}


def _word_items(avoided: tuple[str, ...], locale: str, field: str, text: str) -> Iterator[Item]:
    for start, end, word in find_avoided(text, avoided, locale):
        found = text[start:end]
        yield {
            "id": _id("word", word, found, field),
            "field": field,
            "start": start,
            "end": end,
            "text": found,
            "word": word,
            "message": f"“{found}” is a word to avoid.",
        }


def _id(kind: str, subject: str, text: str, field: str) -> str:
    """The same for the same wording in the same part, wherever in it the wording stands."""
    words = " ".join(text.split()).casefold()
    return hashlib.sha256("\0".join((kind, subject, words, field)).encode()).hexdigest()[:16]
