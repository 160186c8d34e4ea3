"""The Fair Housing check: wording that says which people are wanted rather than what the home is.

It reads hand-written and generated text alike, calls nothing, and knows two levels. A violation
prefers, limits or describes wanted people (42 USC 3604(c), 24 CFR 100.75, and what comes nearest
to them elsewhere). Advice is wording to look at once more, which HUD's advertising memorandum of
9 January 1995 or another law leaves open. What the memorandum calls lawful ("master bedroom",
"mother-in-law suite", "walk to bus-stop") is not mentioned at all.

The rules are data: see pwb/content/rules/ and its README.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from pwb.content.fair_housing_patterns import Reading
from pwb.content.fair_housing_readings import readings
from pwb.content.fair_housing_rules import Level, Rule, RuleSet, locales, rules_of
from pwb.content.fair_housing_tokens import POSSESSIVE, Tokens

JURISDICTIONS: dict[str, str] = {
    "us_federal": "United States: Fair Housing Act",
    "us_states": "United States: classes that states and cities add (source of income and others)",
    "uk": "United Kingdom: Equality Act 2010 and rules on letting",
    "eu": "European Union: directives, and national law outside Spain",
    "es": "Spain: Ley 15/2022 and others",
}
"""Key to a name for people."""

_BEFORE = 8  # words
_BLOCK = 64  # characters; findings are compared with those nearby only
_EVERYWHERE = "en"  # English turns up in listings of every language, so its rules always run.


@dataclass(frozen=True, slots=True)
class Finding:
    """A piece of text that a rule objects to; `start` and `end` count characters of that text."""

    rule_id: str
    level: Level
    locale: str
    start: int
    end: int
    text: str
    protected_class: str
    jurisdictions: tuple[str, ...]
    why: str
    suggestion: str
    source: str


@dataclass(frozen=True)
class Compliance:
    """What the check found, in the order of the text. Advice never makes a text non-compliant."""

    violations: tuple[Finding, ...] = ()
    advice: tuple[Finding, ...] = ()

    @property
    def compliant(self) -> bool:
        """Whether there is no violation."""
        return not self.violations

    def as_json(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return {
            "compliant": self.compliant,
            "violations": [asdict(finding) for finding in self.violations],
            "advice": [asdict(finding) for finding in self.advice],
        }


def check(text: str, locale: str, jurisdictions: Iterable[str] | None = None) -> Compliance:
    """What is wrong with a text in a language, by the law of these places; None means all.

    A language without rules is checked by the English ones. Raises ValueError on an unknown
    jurisdiction.
    """
    wanted = _known(jurisdictions)
    found = [
        finding
        for tokens in readings(text)
        for finding in _findings(text, tokens, _language(locale))
        if wanted.intersection(finding.jurisdictions)
    ]
    kept = _without_doubles(found)
    return Compliance(
        tuple(finding for finding in kept if finding.level == "violation"),
        tuple(finding for finding in kept if finding.level == "advice"),
    )


def _known(jurisdictions: Iterable[str] | None) -> frozenset[str]:
    if jurisdictions is None:
        return frozenset(JURISDICTIONS)
    wanted = frozenset(jurisdictions)
    if not wanted <= JURISDICTIONS.keys():
        raise ValueError(
            f"Unknown jurisdiction: {', '.join(sorted(wanted - JURISDICTIONS.keys()))}"
        )
    return wanted


def _language(locale: str) -> str:
    language = locale[:2].casefold()
    return language if language in locales() else _EVERYWHERE


def _findings(text: str, tokens: Tokens, language: str) -> Iterator[Finding]:
    reading = Reading(tokens)
    yield from _by_rules(text, reading, rules_of(language))
    if language != _EVERYWHERE:
        english = _by_rules(text, reading, rules_of(_EVERYWHERE))
        # English advice is about single words that mean something else elsewhere ("exclusive").
        yield from (finding for finding in english if finding.level == "violation")


def _by_rules(text: str, reading: Reading, rules: RuleSet) -> Iterator[Finding]:
    spans = _spans(reading, rules)
    if not spans:
        return
    allowed = _allowed(reading, rules)
    levels: dict[int, Level] = {}
    for (number, start), end in spans.items():
        rule = rules.rules[number]
        if not allowed.isdisjoint(range(start, end)) or _is_allowed(reading, (start, end), rule):
            continue
        if number not in levels:
            levels[number] = _level(reading, rule)
        yield _finding(text, reading, rule, levels[number], (start, end))


def _spans(reading: Reading, rules: RuleSet) -> dict[tuple[int, int], int]:
    """Rule and first word of every match to the word after its longest."""
    spans: dict[tuple[int, int], int] = {}
    for at, place in rules.sieve.candidates(reading):
        number, pattern = rules.entries[place]
        ends = [end for end in pattern.ends(reading, at) if _may_end(reading, end) and end > at]
        if ends:
            spans[number, at] = max(*ends, spans.get((number, at), 0))
    return spans


def _may_end(reading: Reading, end: int) -> bool:
    """ "No children's playground" says nothing of children."""
    return reading.words[end] != POSSESSIVE


def _allowed(reading: Reading, rules: RuleSet) -> frozenset[int]:
    """The words that stand in a phrase that the whole language allows."""
    longest = (
        range(at, max(ends))
        for at in range(len(reading.tokens))
        if (ends := rules.allow.ends(reading, at))
    )
    return frozenset(at for span in longest for at in span)


def _is_allowed(reading: Reading, span: tuple[int, int], rule: Rule) -> bool:
    """Whether a phrase that the rule allows stands in the match, or before it and reaches it."""
    near = range(max(span[0] - _BEFORE, 0), span[1])
    return any(
        end > span[0] for pattern in rule.allow for at in near for end in pattern.ends(reading, at)
    )


def _level(reading: Reading, rule: Rule) -> Level:
    positions = range(len(reading.tokens))
    softened = any(pattern.ends(reading, at) for pattern in rule.softened_by for at in positions)
    return "advice" if softened else rule.level


def _finding(
    text: str, reading: Reading, rule: Rule, level: Level, span: tuple[int, int]
) -> Finding:
    start, end = reading.tokens.starts[span[0]], reading.tokens.ends[span[1] - 1]
    return Finding(
        rule_id=rule.rule_id,
        level=level,
        locale=rule.locale,
        start=start,
        end=end,
        text=text[start:end],
        protected_class=rule.protected_class,
        jurisdictions=rule.jurisdictions,
        why=rule.why,
        suggestion=rule.suggestion,
        source=rule.source,
    )


def _without_doubles(findings: list[Finding]) -> list[Finding]:
    """One finding a place: the graver, then the longer; in the order of the text.

    What else lies within it and concerns another class is told by the same finding.
    """
    kept: list[Finding] = []
    told: defaultdict[int, list[Finding]] = defaultdict(list)
    near: defaultdict[int, list[int]] = defaultdict(list)
    for finding in sorted(findings, key=_gravest_first):
        blocks = range(finding.start // _BLOCK, finding.end // _BLOCK + 1)
        places = sorted({place for block in blocks for place in near[block]})
        same = next((at for at in places if _same_place(finding, kept[at])), None)
        if same is None:
            for block in blocks:
                near[block].append(len(kept))
            kept.append(finding)
        elif finding.level == kept[same].level:
            told[same].append(finding)
    whole = [_together(finding, told[place]) for place, finding in enumerate(kept)]
    return sorted(whole, key=lambda finding: (finding.start, finding.end, finding.rule_id))


def _together(finding: Finding, others: list[Finding]) -> Finding:
    """The finding with what others of its place say of other classes."""
    said = {other.protected_class: other for other in (finding, *reversed(others), finding)}
    if len(said) == 1:
        return finding
    lots = [said.pop(finding.protected_class), *sorted(said.values(), key=_gravest_first)]
    jurisdictions = dict.fromkeys(name for other in lots for name in other.jurisdictions)
    return replace(
        finding,
        protected_class=" and ".join(other.protected_class for other in lots),
        jurisdictions=tuple(jurisdictions),
        why=" ".join(dict.fromkeys(other.why for other in lots)),
        suggestion=" ".join(dict.fromkeys(other.suggestion for other in lots)),
        source="; ".join(dict.fromkeys(other.source for other in lots)),
    )


def _gravest_first(finding: Finding) -> tuple[bool, int, int, str]:
    return finding.level == "advice", finding.start - finding.end, finding.start, finding.rule_id


def _same_place(finding: Finding, other: Finding) -> bool:
    overlap = finding.start < other.end and other.start < finding.end
    graver = finding.level == "advice" and other.level == "violation"
    within = other.start <= finding.start and finding.end <= other.end
    return overlap and (graver or within or finding.protected_class == other.protected_class)
