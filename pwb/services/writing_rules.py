"""An agency's brand voice: its writing rules in order, and the words that it avoids.

A website's words to avoid are kept as rules of a scope of their own, one row a language (and one
for all languages), with one word or phrase a line. They are asked for in the prompt and looked for
in every text.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache

from sqlalchemy import Select, bindparam, or_

from pwb.content.avoided_words import Avoided, find_avoided
from pwb.content.locales import LOCALES
from pwb.content.plain_text import one_line
from pwb.errors import EditConflict, InvalidInput, NotFound
from pwb.extensions import db
from pwb.models import Action, User, Website, WritingRule
from pwb.models.publishing import RULE_SCOPES
from pwb.services import audit
from pwb.services.tenancy import find, scoped, scoped_later
from pwb.services.turns import take_turn

NAME_LENGTH = 80
RULE_LENGTH = 1000
MOST_ACTIVE = 30
MOST_RULES = 200
WORD_LENGTH = 60
MOST_WORDS = 100
AVOID = "avoid"
_AVOID_NAME = "Words to avoid"
_BETWEEN_WORDS = re.compile(r"[\n,;，、；]")


@dataclass(frozen=True)
class RuleDraft:
    """A rule as somebody wrote it. `locale` None means every language."""

    name: str
    rule: str
    scope: str = "all"
    locale: str | None = None
    active: bool = True


@dataclass(frozen=True)
class Voice:
    """How a kind of text is written in a language: by which rules, in order, and without which
    words, those of all languages first."""

    rules: tuple[str, ...]
    avoid: tuple[str, ...]


def voice_for(website: Website, scope: str, locale: str) -> Voice:
    """What is in force for a kind of text (`listing`, `social`) in a language."""
    found = _in_force(website, scope, locale)
    lists = {row.locale or "": row.rule.splitlines() for row in found if row.scope == AVOID}
    return Voice(tuple(row.rule for row in found if row.scope != AVOID), _merged(lists, locale))


def rule_texts_with(
    website: Website, scope: str, locale: str, draft: RuleDraft, rule_id: int | None = None
) -> tuple[str, ...]:
    """The same with a rule that is not saved: in the place of the saved one, else as the last.

    Raises InvalidInput where the draft could not be saved, NotFound for an unknown `rule_id`.
    """
    draft = checked(draft)
    place = get_rule(website, rule_id).position if rule_id is not None else None
    in_force = _in_force(website, scope, locale)
    rules = [r for r in in_force if r.scope != AVOID and r.id != rule_id]
    before = [r.rule for r in rules if place is None or r.position < place]
    after = [r.rule for r in rules if place is not None and r.position >= place]
    return (*before, draft.rule, *after)


def _in_force(website: Website, scope: str, locale: str) -> list[WritingRule]:
    values = {"website": website.id, "locale": locale, "scope": scope}
    return list(db.session.scalars(_rules_in_force(), values))


# Built once, as the words to avoid below: both are on the way of every generation.
@cache
def _rules_in_force() -> Select[WritingRule]:
    rule = WritingRule
    return (
        scoped_later(rule)
        .where(
            rule.active,
            or_(rule.scope == bindparam("scope"), rule.scope.in_(("all", AVOID))),
            or_(rule.locale.is_(None), rule.locale == bindparam("locale")),
        )
        .order_by(rule.position, rule.id)
    )


def _rules(website: Website) -> Select[WritingRule]:
    query = scoped(WritingRule, website).where(WritingRule.scope != AVOID)
    return query.order_by(WritingRule.position, WritingRule.id)


def list_rules(website: Website) -> list[WritingRule]:
    """All rules in their order, the ones switched off too."""
    return list(db.session.scalars(_rules(website)))


def get_rule(website: Website, rule_id: int) -> WritingRule:
    """One rule; raises NotFound."""
    rule = find(WritingRule, website, rule_id)
    if rule.scope == AVOID:
        raise NotFound("There is no such rule.", resolution="It may have been removed.")
    return rule


def draft_of(rule: WritingRule) -> RuleDraft:
    """A saved rule as the form shows it."""
    return RuleDraft(rule.name, rule.rule, rule.scope, rule.locale, rule.active)


def version_of(rule: WritingRule) -> str:
    """What a form remembers of the rule it was made from; the rule's place is no part of it."""
    return hashlib.sha256(json.dumps(asdict(draft_of(rule))).encode()).hexdigest()[:16]


def create_rule(website: Website, actor: User | None, draft: RuleDraft) -> WritingRule:
    """A new rule, last in the order; raises InvalidInput naming the field."""
    draft = checked(draft)
    take_turn(website)
    rules = list_rules(website)
    if len(rules) >= MOST_RULES:
        raise InvalidInput(f"There are {MOST_RULES} rules, which is the most. Delete one first.")
    if draft.active:
        _check_room(rules)
    position = max((rule.position for rule in rules), default=0) + 1
    rule = WritingRule(website_id=website.id, position=position, **asdict(draft))
    db.session.add(rule)
    db.session.flush()
    changes = {name: (None, value) for name, value in asdict(draft).items()}
    _record(website, actor, Action.WRITING_RULE_CREATED, rule, changes)
    db.session.commit()
    return rule


def update_rule(
    website: Website, actor: User | None, rule_id: int, draft: RuleDraft, version: str
) -> WritingRule:
    """Save a rule; raises InvalidInput naming the field, EditConflict where `version` is not the
    newest, NotFound."""
    draft = checked(draft)
    take_turn(website)
    rule = get_rule(website, rule_id)
    if version_of(rule) != version:
        raise EditConflict(
            "Somebody else changed this rule while you had it open.",
            resolution="Compare it with yours, then save again to keep yours.",
        )
    if draft.active and not rule.active:
        _check_room(list_rules(website))
    old = asdict(draft_of(rule))
    changes = {name: (old[name], new) for name, new in asdict(draft).items() if old[name] != new}
    if changes:
        _write(website, actor, Action.WRITING_RULE_CHANGED, rule, changes)
    return rule


def set_active(website: Website, actor: User | None, rule_id: int, active: bool) -> WritingRule:
    """Switch a rule on or off; raises InvalidInput where too many are on, NotFound."""
    take_turn(website)
    rule = get_rule(website, rule_id)
    if rule.active == active:
        return rule
    if active:
        _check_room(list_rules(website))
    deed = Action.WRITING_RULE_ENABLED if active else Action.WRITING_RULE_DISABLED
    _write(website, actor, deed, rule, {"active": (rule.active, active)})
    return rule


def move_rule(website: Website, actor: User | None, rule_id: int, steps: int) -> WritingRule:
    """Move a rule up (-1) or down (1) in the order, as far as there is room; raises NotFound."""
    take_turn(website)
    rule = get_rule(website, rule_id)
    rules = list_rules(website)
    old = rules.index(rule)
    new = min(max(old + steps, 0), len(rules) - 1)
    if new != old:
        rules.insert(new, rules.pop(old))
        for position, each in enumerate(rules, 1):
            each.position = position
        places = {"place": (old + 1, new + 1)}
        _record(website, actor, Action.WRITING_RULE_MOVED, rule, places)
        db.session.commit()
    return rule


def delete_rule(website: Website, actor: User | None, rule_id: int) -> str:
    """Delete a rule for good and return its name; raises NotFound."""
    take_turn(website)
    rule = get_rule(website, rule_id)
    name = rule.name
    old = {field: (value, None) for field, value in asdict(draft_of(rule)).items()}
    _record(website, actor, Action.WRITING_RULE_DELETED, rule, old)
    db.session.delete(rule)
    db.session.commit()
    return name


def _write(
    website: Website,
    actor: User | None,
    deed: Action,
    rule: WritingRule,
    changes: Mapping[str, audit.Change],
) -> None:
    for field, (_, new) in changes.items():
        setattr(rule, field, new)
    _record(website, actor, deed, rule, changes)
    db.session.commit()


def _record(
    website: Website,
    actor: User | None,
    deed: Action,
    rule: WritingRule,
    changes: Mapping[str, audit.Change],
) -> None:
    audit.record(
        website,
        actor,
        deed,
        object_type="writing_rule",
        object_id=rule.id,
        label=rule.name,
        changes=changes,
    )


def _check_room(rules: list[WritingRule]) -> None:
    if sum(rule.active for rule in rules) >= MOST_ACTIVE:
        message = f"{MOST_ACTIVE} rules are on, which is the most. Switch another one off first."
        raise InvalidInput(message, fields={"active": [message]})


def checked(draft: RuleDraft) -> RuleDraft:
    """The rule as it is saved, on one line without hidden characters; raises InvalidInput naming
    every field that won't do."""
    draft = RuleDraft(
        one_line(draft.name), one_line(draft.rule), draft.scope, draft.locale or None, draft.active
    )
    problems = {
        "name": _length_problem("A name", draft.name, NAME_LENGTH),
        "rule": _length_problem("A rule", draft.rule, RULE_LENGTH),
        "scope": None if draft.scope in RULE_SCOPES else "Choose what the rule is for.",
        "locale": None if draft.locale in {None, *LOCALES} else "Choose a language.",
    }
    _refuse({field: problem for field, problem in problems.items() if problem})
    return draft


def _length_problem(what: str, text: str, limit: int) -> str | None:
    if not text:
        return f"{what} needs at least one word."
    if len(text) > limit:
        return f"{what} has at most {limit:,} characters; this one has {len(text):,}."
    return None


def _refuse(problems: dict[str, str]) -> None:
    if problems:
        fields = {field: [problem] for field, problem in problems.items()}
        raise InvalidInput(next(iter(problems.values())), fields=fields)


def words_to_avoid(website: Website, locale: str) -> tuple[str, ...]:
    """The words that texts of a language avoid, those of all languages first."""
    return _merged(word_lists(website), locale)


def _merged(lists: Mapping[str, list[str]], locale: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*lists.get("", ()), *lists.get(locale, ())]))


def avoided_words(website: Website, text: str, locale: str) -> list[Avoided]:
    """Where a text has words to avoid: (start, end, word of the list), in the text's order."""
    return find_avoided(text, words_to_avoid(website, locale), locale)


def word_lists(website: Website) -> dict[str, list[str]]:
    """The words to avoid by locale; those of all languages are under ""."""
    found = db.session.scalars(_lists_of_words(), {"website": website.id})
    return {row.locale or "": row.rule.splitlines() for row in found}


@cache
def _lists_of_words() -> Select[WritingRule]:
    return scoped_later(WritingRule).where(WritingRule.scope == AVOID, WritingRule.active)


def save_word_lists(website: Website, actor: User | None, typed: Mapping[str, str]) -> bool:
    """Save the words of the locales in `typed` ("" is all languages), as typed: one a line, or
    parted by commas. Whether anything changed; raises InvalidInput naming the locale."""
    wanted = {locale: split_words(text) for locale, text in typed.items()}
    _refuse({loc: problem for loc, words in wanted.items() if (problem := _word_problem(words))})
    if not wanted.keys() <= {"", *LOCALES}:
        raise InvalidInput("Choose a language.")
    take_turn(website)
    old = word_lists(website)
    changed = {loc: words for loc, words in wanted.items() if words != old.get(loc, [])}
    for locale, words in changed.items():
        _save_words(website, locale or None, words)
    if changed:
        audit.record(
            website,
            actor,
            Action.WORDS_TO_AVOID_CHANGED,
            object_type="writing_rule",
            label=_AVOID_NAME,
            changes={
                f"{LOCALES.get(loc, 'all')}_words": (", ".join(old.get(loc, [])), ", ".join(words))
                for loc, words in changed.items()
            },
        )
        db.session.commit()
    return bool(changed)


def split_words(text: str) -> list[str]:
    """Words and phrases as typed, each once, in their order."""
    words = (one_line(part) for part in _BETWEEN_WORDS.split(text.replace("\r", "\n")))
    return list({word.casefold(): word for word in words if word}.values())


def _word_problem(words: list[str]) -> str | None:
    if len(words) > MOST_WORDS:
        return f"A list has at most {MOST_WORDS} words; this one has {len(words)}."
    long = next((word for word in words if len(word) > WORD_LENGTH), None)
    return f"“{long[:30]}…” is longer than {WORD_LENGTH} characters." if long else None


def _save_words(website: Website, locale: str | None, words: list[str]) -> None:
    query = scoped(WritingRule, website).where(
        WritingRule.scope == AVOID, WritingRule.locale.is_not_distinct_from(locale)
    )
    row = db.session.scalar(query)
    if row is None:
        row = WritingRule(website_id=website.id, name=_AVOID_NAME, scope=AVOID, locale=locale)
        db.session.add(row)
    row.rule = "\n".join(words)
