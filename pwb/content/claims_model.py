"""What a text claims about a property, and how each claim stands against the record."""

from dataclasses import dataclass, fields
from typing import Any, Literal

ClaimState = Literal["supported", "contradicted", "unsupported"]
ClaimKind = Literal["number", "feature", "type", "status", "condition", "rating"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a text. `start` and `end` are offsets into the text as given.

    `subject` is what it is about: a name of ListingFacts, a feature key, or one of floors, floor,
    rooms, distance, dimension, part_area, age, year_renovated, price_per_area, other_cost,
    old_price, price_drop. `field` is the name in ListingFacts that supports or contradicts it.
    `recorded` is the record's value in English words; `correction` is text to put in place of
    `text`, where there is one; `message` is one English sentence.
    """

    start: int
    end: int
    text: str
    kind: ClaimKind
    subject: str
    state: ClaimState
    field: str | None
    claimed: str
    recorded: str | None
    correction: str | None
    message: str


@dataclass(frozen=True, slots=True)
class ClaimsReport:
    """The claims of one text in their order; no two of them overlap.

    `fields` names the facts and the feature keys that the text leans on: when one of them changes,
    the text may have become untrue.
    """

    claims: tuple[Claim, ...]
    fields: frozenset[str]

    @property
    def supported(self) -> int:
        """How many claims the record supports."""
        return self._count("supported")

    @property
    def contradicted(self) -> int:
        """How many claims the record contradicts."""
        return self._count("contradicted")

    @property
    def unsupported(self) -> int:
        """How many claims the record says nothing about."""
        return self._count("unsupported")

    @property
    def blocking(self) -> bool:
        """Whether a claim contradicts the record, so that the text should not be published."""
        return self.contradicted > 0

    def as_json(self) -> dict[str, Any]:
        """The counts, and every claim under `items`, fit for json.dumps."""
        names = [field.name for field in fields(Claim)]
        items = [{name: getattr(claim, name) for name in names} for claim in self.claims]
        return {
            "supported": self.supported,
            "contradicted": self.contradicted,
            "unsupported": self.unsupported,
            "items": items,
        }

    def _count(self, state: ClaimState) -> int:
        return sum(claim.state == state for claim in self.claims)
