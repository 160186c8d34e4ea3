"""What is to be said of a post before somebody signs it: how long it is, and the checks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from pwb.content import fair_housing
from pwb.content.hashtags import clean_hashtags, in_text, in_words
from pwb.content.listing import ListingFacts
from pwb.content.platforms import PLATFORMS, as_posted, count
from pwb.models import Property, SocialMediaPost, Website
from pwb.services import checks
from pwb.services.checks import CheckRules, Findings
from pwb.services.findings_kept import KeptFindings
from pwb.services.listing_facts import facts_of

_LONGEST_RUN_TOGETHER = 24
_kept = KeptFindings()


def check_words(
    rules: CheckRules,
    facts: ListingFacts,
    locale: str,
    caption: str,
    hashtags: Sequence[str],
    old_price: Decimal | None = None,
) -> Findings:
    """Check a post that may not be saved; needs no database. Hashtags are read as the words they
    are made of: the part `hashtags` is those words, a comma between two tags.

    The same post is checked once in a while, not each time it is shown: at Facebook's limit a
    check takes half a second.
    """

    def check() -> Findings:
        words = [_spelled_out(in_words(tag), locale, rules.jurisdictions) for tag in hashtags]
        parts = {"caption": caption, "hashtags": ", ".join(words)}
        return checks.check_parts(rules, facts, locale, parts, old_price)

    key = (rules, facts, locale, caption, tuple(hashtags), old_price)
    return _kept.of(key, check)


@lru_cache(maxsize=4096)
def _spelled_out(word: str, locale: str, jurisdictions: tuple[str, ...] | None) -> str:
    """The word of a tag whose words run together in small letters ("familyfriendly") parted where
    that makes it a violation from end to end; any other as it is."""
    if not word.isalpha() or len(word) > _LONGEST_RUN_TOGETHER:
        return word
    parted = [f"{word[:at]} {word[at:]}" for at in range(2, len(word) - 1)]
    parted += [
        f"{word[:at]} {word[at:then]} {word[then:]}"
        for at in range(2, len(word) - 3)
        for then in range(at + 2, len(word) - 1)
    ]
    found = fair_housing.check("\n\n".join(parted), locale, jurisdictions).violations
    whole = {finding.text for finding in found}
    return next((words for words in parted if words in whole), word)


def check_post(
    website: Website, post: SocialMediaPost, listing: Property | None = None
) -> Findings:
    """Check a post as it is saved, against its listing's facts and the website's rules."""
    return check_words(
        checks.rules_for(website, post.locale),
        facts_of(listing or post.property),
        post.locale,
        post.caption,
        post.hashtags,
        old_price_of(post.details),
    )


def old_price_of(details: Mapping[str, Any]) -> Decimal | None:
    """The old price that a post of a price drop keeps."""
    try:
        return Decimal(details["old_price"])
    except (KeyError, TypeError, InvalidOperation):
        return None


def text_of(post: SocialMediaPost) -> str:
    """The post's text exactly as it is posted."""
    return as_posted(PLATFORMS[post.platform], post.caption, post.hashtags, post.link)


def characters(post: SocialMediaPost) -> int:
    """How long the post is, as its platform counts."""
    return count(PLATFORMS[post.platform], post.caption, post.hashtags, post.link)


def limit_of(post: SocialMediaPost) -> int:
    """How long it may be."""
    return PLATFORMS[post.platform].limit(post.format)


def over_by(post: SocialMediaPost) -> int:
    """By how much it is too long; 0 where it fits."""
    return max(0, characters(post) - limit_of(post))


def length_problem(post: SocialMediaPost) -> str | None:
    """What is to be said of a post that is too long."""
    over = over_by(post)
    if not over:
        return None
    label, limit = PLATFORMS[post.platform].label, limit_of(post)
    return (
        f"The post is {over:,} over the {limit:,} characters that {label} takes, hashtags and "
        "link included. Shorten it."
    )


def hashtags_problem(platform_id: str, caption: str, hashtags: Sequence[str]) -> str | None:
    """What is wrong with a post's hashtags, those within the caption included."""
    platform = PLATFORMS[platform_id]
    every = [*hashtags, *in_text(caption)]
    for tag in every:
        if clean_hashtags([tag], platform) != [tag]:
            return (
                f"“{tag[:40]}” is no hashtag of {platform.label}: one word of letters and digits."
            )
    times = Counter(tag.casefold() for tag in every)
    twice = next((tag for tag in every if times[tag.casefold()] > 1), None)
    if twice:
        return f"“{twice}” is there twice."
    if len(every) > platform.hashtags.max:
        return f"{platform.label} takes at most {platform.hashtags.max} hashtags."
    return None
