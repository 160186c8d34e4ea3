"""What each social platform takes and likes, and how it counts a text.

The rules are data: `platforms.toml`, where every limit has its source.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal

Emoji = Literal["none", "few", "some"]
LinkPlace = Literal["caption", "bio", "none"]
_GAP = "\n\n"
_MOST_READ_FOR_X = 2_000
_LONGER_THAN_A_HOST = re.compile(r"[\w.-]{128,}")
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Format:
    """A form of a platform's posts: its picture in pixels, and how long its text may be."""

    id: str
    ratio: str
    width: int
    height: int
    caption_limit: int

    @property
    def label(self) -> str:
        """Its name for people."""
        return self.id.capitalize()


@dataclass(frozen=True, slots=True)
class HashtagRules:
    """How many hashtags a platform likes, and whether an underscore may be in one."""

    min: int
    ideal: int
    max: int
    form: Literal["letters_digits", "letters_digits_underscore"]


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform's rules. `caption_limit` is in the platform's own way of counting; `best_length`
    is what reads well, in plain characters. The first of `formats` is the usual one."""

    id: str
    label: str
    caption_limit: int
    counting: str
    hashtags: HashtagRules
    emoji: Emoji
    tone: str
    call_to_action: str
    link: LinkPlace
    best_length: int
    formats: Mapping[str, Format]

    def limit(self, format_id: str = "feed") -> int:
        """How long a post in this format may be; the feed's limit for a format it lacks."""
        found = self.formats.get(format_id)
        return found.caption_limit if found else self.caption_limit


def _platform(platform_id: str, data: dict[str, Any]) -> Platform:
    limit = data["caption_limit"]
    formats = {
        name: Format(id=name, **{"caption_limit": limit} | parts)
        for name, parts in data.pop("formats").items()
    }
    hashtags = HashtagRules(**data.pop("hashtags"))
    return Platform(id=platform_id, hashtags=hashtags, formats=formats, **data)


def _read() -> dict[str, Platform]:
    text = (resources.files("pwb.content") / "platforms.toml").read_text(encoding="utf-8")
    return {name: _platform(name, data) for name, data in tomllib.loads(text).items()}


PLATFORMS: dict[str, Platform] = _read()
"""Every platform by its id, in the order in which they are shown."""


def _weighted_by_x(text: str) -> int:
    """X's own count. The parser's time grows with the cube of a run of letters and dots, so that
    a run too long for any host name loses its dots to hyphens, which weigh the same; and nothing
    that far beyond X's limit needs more than a rough count."""
    # The parser compiles its patterns for a third of a second, which no start has to wait for.
    from twitter_text import parse_tweet  # type: ignore[import-untyped] # it has no stubs

    read = _HALF_A_CHARACTER.sub("\ufffd", text[:_MOST_READ_FOR_X])
    readable = _LONGER_THAN_A_HOST.sub(lambda run: run[0].replace(".", "-"), read)
    length: int = parse_tweet(readable).weightedLength
    return length + len(text[_MOST_READ_FOR_X:])


def _in_utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_COUNTING: Mapping[str, Callable[[str], int]] = {"x_weighted": _weighted_by_x, "utf16": _in_utf16}


def as_posted(platform: Platform, caption: str, hashtags: Iterable[str], link: str = "") -> str:
    """The text exactly as it is posted: the caption, the link where it goes there, the hashtags."""
    in_caption = link.strip() if platform.link == "caption" else ""
    return _GAP.join(filter(None, [caption.strip(), in_caption, " ".join(hashtags)]))


def count(platform: Platform, caption: str, hashtags: Iterable[str] = (), link: str = "") -> int:
    """How long the post is, counted as the platform counts."""
    return _COUNTING[platform.counting](as_posted(platform, caption, hashtags, link))


def over_by(
    platform: Platform, format_id: str, caption: str, hashtags: Iterable[str] = (), link: str = ""
) -> int:
    """By how much the post is too long; 0 where it fits."""
    return max(0, count(platform, caption, hashtags, link) - platform.limit(format_id))
