"""Social posts: what leaves for the model, the prompt, and the posts out of its answer.

As with listings, facts and whatever else is not the portal's own word travel as one JSON document
in the user message. Only known facts are in it: what is missing cannot be written about.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from pwb.content.exact_json import exact_json
from pwb.content.hashtags import apart, clean_hashtags
from pwb.content.listing import ListingFacts, Prompt, listing_document
from pwb.content.locales import LOCALES
from pwb.content.parsing import answer_documents
from pwb.content.plain_text import from_markup, one_line
from pwb.content.platforms import PLATFORMS, Platform, as_posted
from pwb.content.rendering import render_prompt

POSTS = "social_posts"
SHORTENING = "social_shortening"
CATEGORIES: dict[str, str] = {
    "just_listed": "Just listed",
    "price_drop": "Price drop",
    "open_house": "Open house",
    "sold": "Sold",
    "rented": "Rented",
    "market_update": "Market update",
}
"""What a post is about, by key, with its name for people."""

_LONGEST_RAW_CAPTION = 20_000
_MOST_RAW_TAGS = 60
_CAPTION_NAMES = ("caption", "text", "post", "content", "body")
_PLATFORM_NAMES = {"x": "twitter", "x (twitter)": "twitter", "twitter/x": "twitter"}


class UnreadablePosts(ValueError):
    """The answer holds no post."""


@dataclass(frozen=True, slots=True)
class PostText:
    """A post's words: the caption, and its hashtags as "#Tag"."""

    caption: str
    hashtags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SocialBrief:
    """Posts to write: of which facts, for which platforms, about what.

    `formats` maps a platform to its format where it is not the feed. `old_price` and `new_price`
    are those of a price drop in the listing's currency; the event's times are in the website's own
    time zone. `current` are posts to shorten, which makes the task SHORTENING. Raises ValueError
    for an unknown locale, platform or category, and for what the category lacks.
    """

    facts: ListingFacts
    locale: str
    platforms: tuple[str, ...]
    category: str = "just_listed"
    formats: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    old_price: Decimal | None = None
    new_price: Decimal | None = None
    event_at: datetime | None = None
    event_end: datetime | None = None
    link: str = ""
    current: Mapping[str, PostText] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.locale not in LOCALES:
            raise ValueError(f"{self.locale!r} is not one of the locales {', '.join(LOCALES)}.")
        if not self.platforms or not set(self.platforms) <= PLATFORMS.keys():
            raise ValueError(f"The platforms are {', '.join(PLATFORMS)}.")
        if self.category not in CATEGORIES:
            raise ValueError(f"The categories are {', '.join(CATEGORIES)}.")
        if self.category == "price_drop" and not (self.old_price and self.new_price):
            raise ValueError("A price drop has an old and a new price.")
        if self.category == "open_house" and self.event_at is None:
            raise ValueError("An open house has a date.")

    @property
    def task(self) -> str:
        """The task's name, which is also the request type of its row."""
        return SHORTENING if self.current else POSTS

    def room(self, platform: Platform) -> int:
        """How long the caption alone may be on a platform, in its own way of counting: what the
        hashtags and the link take is kept free."""
        format_id = self.formats.get(platform.id, "feed")
        return max(40, platform.limit(format_id) - self._reserved(platform))

    def _reserved(self, platform: Platform) -> int:
        link = 0
        if platform.link == "caption" and self.link:
            link = 2 + (23 if platform.counting == "x_weighted" else len(self.link))
        return link + 2 + platform.hashtags.ideal * 16


def build_messages(brief: SocialBrief) -> tuple[Prompt, Prompt]:
    """The instructions, and everything that is data as one JSON document."""
    instructions = render_prompt(
        brief.task,
        language=LOCALES[brief.locale],
        locale=brief.locale,
        category=brief.category,
        platforms=[_wishes(brief, PLATFORMS[name]) for name in brief.platforms],
        rules=[line for line in map(one_line, brief.rules) if line],
        avoid=[line for line in map(one_line, brief.avoid) if line],
    )
    return Prompt("system", instructions), Prompt("user", exact_json(_document(brief)))


def _wishes(brief: SocialBrief, platform: Platform) -> dict[str, Any]:
    format_id = brief.formats.get(platform.id, "feed")
    return {
        "rules": platform,
        "format": platform.formats.get(format_id, platform.formats["feed"]),
        "room": brief.room(platform),
        "best": min(platform.best_length, brief.room(platform)),
        "weighted": platform.counting == "x_weighted",
    }


def _document(brief: SocialBrief) -> dict[str, Any]:
    """The order's data; what does not apply is left out."""
    document: dict[str, Any] = {
        "task": brief.task,
        "locale": brief.locale,
        "category": brief.category,
        "platforms": list(brief.platforms),
        "listing": listing_document(brief.facts),
        "old_price": brief.old_price if brief.category == "price_drop" else None,
        "new_price": brief.new_price if brief.category == "price_drop" else None,
        "event": _event(brief) if brief.category == "open_house" else None,
        "room": {name: brief.room(PLATFORMS[name]) for name in brief.platforms},
        "current_posts": _current(brief) or None,
    }
    return {name: value for name, value in document.items() if value is not None}


def _event(brief: SocialBrief) -> dict[str, str]:
    start, end = brief.event_at, brief.event_end
    if start is None:
        return {}
    event = {"date": start.date().isoformat(), "weekday": f"{start:%A}", "from": f"{start:%H:%M}"}
    return event | ({"until": f"{end:%H:%M}"} if end else {})


def _current(brief: SocialBrief) -> list[dict[str, Any]]:
    return [
        {"platform": name, "caption": post.caption, "hashtags": list(post.hashtags)}
        for name, post in brief.current.items()
    ]


def output_schema(platforms: tuple[str, ...]) -> dict[str, Any]:
    """Strict schema of the answer. Limits stand in words: some providers refuse maxLength."""
    post = {
        "type": "object",
        "properties": {
            "platform": {"type": "string", "enum": list(platforms)},
            "caption": {
                "type": "string",
                "description": "The post's text, plain, without hashtags and links.",
            },
            "hashtags": {
                "type": "array",
                "items": {"type": "string"},
                "description": "Each one word beginning with #.",
            },
        },
        "required": ["platform", "caption", "hashtags"],
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"posts": {"type": "array", "items": post}},
        "required": ["posts"],
        "additionalProperties": False,
    }


def parse_posts(text: str, platforms: tuple[str, ...]) -> dict[str, PostText]:
    """The posts of an answer by platform, in the order asked for; a platform the answer leaves out
    is missing.

    Takes code fences, prose around the object, broken JSON, hashtags within captions and tags as
    one string. Raises UnreadablePosts where there is no post of any of the platforms.
    """
    found: dict[str, PostText] = {}
    for document in answer_documents(text):
        # A broken answer may give up its posts one by one.
        found = _posts_in(document, platforms) | found
        if len(found) == len(platforms):
            break
    if not found:
        raise UnreadablePosts("The answer holds no post.")
    return {name: found[name] for name in platforms if name in found}


def _posts_in(document: Any, platforms: tuple[str, ...]) -> dict[str, PostText]:
    found: dict[str, PostText] = {}
    for entry in _entries(document, platforms, 0):
        platform_id = _platform_of(entry)
        post = _post(entry, PLATFORMS[platform_id]) if platform_id in platforms else None
        if post is not None:
            found.setdefault(platform_id, post)
    return found


def _entries(value: Any, platforms: tuple[str, ...], depth: int) -> list[Mapping[str, Any]]:
    """Objects that may be posts, at whatever depth; of a single platform one need not be named."""
    if depth > 4:
        return []
    if isinstance(value, list):
        return [entry for item in value[:50] for entry in _entries(item, platforms, depth + 1)]
    if not isinstance(value, dict):
        return []
    if _caption_of(value):
        alone = len(platforms) == 1 and "platform" not in value
        return [value | {"platform": platforms[0]}] if alone else [value]
    named = [
        {"platform": name} | entry
        for name, entry in value.items()
        if isinstance(entry, dict) and _caption_of(entry) and "platform" not in entry
    ]
    deeper = [e for inner in value.values() for e in _entries(inner, platforms, depth + 1)]
    return [*named, *deeper]


def _platform_of(entry: Mapping[str, Any]) -> str:
    name = str(entry.get("platform", "")).strip().casefold()[:40]
    return _PLATFORM_NAMES.get(name, name)


def _caption_of(entry: Mapping[str, Any]) -> str:
    texts = (entry.get(name) for name in _CAPTION_NAMES)
    return next((text for text in texts if isinstance(text, str) and text.strip()), "")


def _post(entry: Mapping[str, Any], platform: Platform) -> PostText | None:
    caption, inside = apart(from_markup(_caption_of(entry)[:_LONGEST_RAW_CAPTION]))
    given = entry.get("hashtags")
    tags = given.replace(",", " ").split() if isinstance(given, str) else given
    listed = [str(tag) for tag in tags[:_MOST_RAW_TAGS]] if isinstance(tags, list) else []
    if not caption:
        return None
    return PostText(caption, tuple(clean_hashtags([*listed, *inside], platform)))


def composed(platform_id: str, post: PostText, link: str = "") -> str:
    """The post's text exactly as it is posted on its platform."""
    return as_posted(PLATFORMS[platform_id], post.caption, post.hashtags, link)
