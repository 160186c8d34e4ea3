"""What the pages show of a post: how it will look, how it counts, how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import url_for

from pwb.ai_tools.marks import Item, in_field, items_of
from pwb.content import platforms
from pwb.content.platforms import PLATFORMS, Platform
from pwb.content.social import CATEGORIES
from pwb.filters import moment, money
from pwb.models import PropertyPhoto, SocialMediaPost, TextApproval, Website
from pwb.services import approvals, checks, post_checks, stale
from pwb.services import photos as photo_service
from pwb.services.checks import Findings
from pwb.services.listing_facts import facts_of
from pwb.services.photo_crops import format_of
from pwb.site_admin import sign_off_views

# Pictures of what a platform is about, not of whose it is.
PLATFORM_ICONS = {
    "instagram": "photo",
    "facebook": "users",
    "linkedin": "building",
    "twitter": "message-circle",
    "tiktok": "player-play",
}
CATEGORY_ICONS = {
    "just_listed": "sparkles",
    "price_drop": "trending-down",
    "open_house": "calendar-event",
    "sold": "circle-check",
    "rented": "key",
    "market_update": "trending-up",
}
LINK_NOTES = {
    "caption": "Goes into the post, and counts.",
    "bio": "Not clickable in a caption: it goes into the profile.",
    "none": "Not taken by this platform.",
}


@dataclass(frozen=True, slots=True)
class LookPhoto:
    """A photo as it will be posted, to be seen and to be saved."""

    url: str
    download_url: str
    alt: str


@dataclass(frozen=True, slots=True)
class PostLook:
    """All that the drawing of a post needs; width and height are the picture's, in pixels. `marks`
    are what the checks found in the caption and do not pass."""

    platform: str
    label: str
    format: str
    locale: str
    name: str
    handle: str
    place: str
    caption: str
    hashtags: Sequence[str]
    link: str
    link_in_caption: bool
    link_note: str
    width: int
    height: int
    photos: Sequence[LookPhoto]
    marks: Sequence[Item] = ()
    note: str = "Just now"

    @property
    def initial(self) -> str:
        """What stands where the agency's picture would be."""
        return self.name[:1].upper()

    @property
    def is_tall(self) -> bool:
        """Whether the picture fills a telephone's screen, with the words over it."""
        return self.height > self.width * 1.5


@dataclass(frozen=True, slots=True)
class Count:
    """How long a post is, and how long it may be, as its platform counts."""

    characters: int
    limit: int

    @property
    def over_by(self) -> int:
        return max(0, self.characters - self.limit)

    @property
    def words(self) -> str:
        """ "234 of 280 characters", or by how much it is too long."""
        if self.over_by:
            return f"{self.over_by:,} over the {self.limit:,} characters allowed"
        return f"{self.characters:,} of {self.limit:,} characters"


def count_of(
    platform: Platform, form: str, caption: str, hashtags: Sequence[str], link: str
) -> Count:
    """A text as its platform counts it."""
    return Count(platforms.count(platform, caption, hashtags, link), platform.limit(form))


@dataclass(frozen=True, slots=True)
class Typed:
    """A post as somebody has it before them, saved or not."""

    caption: str
    hashtags: Sequence[str]
    link: str
    format: str
    photos: Sequence[int]

    @classmethod
    def saved(cls, post: SocialMediaPost) -> Typed:
        """The post as it is saved."""
        return cls(post.caption, post.hashtags, post.link, post.format, post.photos)


@dataclass(frozen=True, slots=True)
class PostCard:
    """A post on a page: its drawing, its count, and what stands in the way of it."""

    post: SocialMediaPost
    look: PostLook
    count: Count
    findings: Mapping[str, Any]
    blocking_items: Sequence[Mapping[str, Any]]
    approval: TextApproval | None
    changes: Sequence[str]
    text: str

    @property
    def id(self) -> int:
        return self.post.id

    @property
    def platform(self) -> Platform:
        return PLATFORMS[self.post.platform]

    @property
    def over_by(self) -> int:
        return self.count.over_by

    @property
    def thumb(self) -> str:
        """A small picture for lists: that of the first photo."""
        return _thumb(self.post.property_id, self.post.photos[0]) if self.post.photos else ""

    @property
    def size_words(self) -> str:
        """What the pictures are cut to."""
        return f"Pictures are cut to {self.look.width:,} × {self.look.height:,} pixels."

    @property
    def occasion(self) -> str:
        """What the post is about: "Price drop from €700,000 to €650,000"."""
        details, words = self.post.details, CATEGORIES[self.post.category]
        if "old_price" in details:
            old, new = (Decimal(details[name]) for name in ("old_price", "new_price"))
            unit = details["currency"]
            return f"{words} from {money(old, unit)} to {money(new, unit)}"
        if "event_at" in details:
            return f"{words} on {moment(datetime.fromisoformat(details['event_at']))}"
        return words

    @property
    def hashtag_rule(self) -> str:
        """How many hashtags the platform likes."""
        rules, label = self.platform.hashtags, self.platform.label
        likes = f"; {rules.ideal} are best on {label}" if rules.ideal < rules.max else ""
        return f"At most {rules.max}, with a space between{likes}."


@dataclass(frozen=True, slots=True)
class PhotoChoice:
    """One of the listing's photos, to be chosen for a post."""

    id: int
    thumb: str
    alt: str
    chosen: bool


def look_of(website: Website, post: SocialMediaPost, typed: Typed) -> PostLook:
    """The drawing of a post as it is typed."""
    found = photo_service.chosen_photos(website, post.property_id, typed.photos)
    return _look(website, post, typed, found)


def _look(
    website: Website,
    post: SocialMediaPost,
    typed: Typed,
    photos: Iterable[PropertyPhoto],
    marks: Sequence[Item] = (),
) -> PostLook:
    platform, size = PLATFORMS[post.platform], format_of(post.platform, typed.format)
    return PostLook(
        platform=platform.id,
        label=platform.label,
        format=size.id,
        locale=post.locale,
        name=website.name,
        handle=website.subdomain,
        place=post.property.city or "",
        caption=typed.caption,
        hashtags=typed.hashtags,
        link=typed.link,
        link_in_caption=platform.link == "caption",
        link_note=LINK_NOTES[platform.link],
        width=size.width,
        height=size.height,
        photos=[
            LookPhoto(
                _image(post, photo, size.id),
                _image(post, photo, size.id, download=1),
                _alt(photo, at),
            )
            for at, photo in enumerate(photos, 1)
        ],
        marks=marks,
    )


def _image(post: SocialMediaPost, photo: PropertyPhoto, format_id: str, **query: Any) -> str:
    if format_id != post.format:
        query["format"] = format_id
    return url_for("site_admin.social_post_image", post_id=post.id, photo_id=photo.id, **query)


def _thumb(property_id: int, photo_id: int) -> str:
    return url_for(
        "site_admin.photo_file", property_id=property_id, photo_id=photo_id, size="thumb"
    )


def _alt(photo: PropertyPhoto, at: int) -> str:
    return photo.alt_text or f"Photo {at}"


def card_of(website: Website, post: SocialMediaPost, typed: Typed | None = None) -> PostCard:
    """A post as a page shows it, with what was typed where that is not what is saved."""
    typed = typed or Typed.saved(post)
    photos = photo_service.chosen_photos(website, post.property_id, typed.photos)
    findings = post_checks.check_post(website, post)
    approval = approvals.approvals_of(website, [post]).get(post.id)
    return _card(website, post, typed, photos, findings, approval)


def cards_of(website: Website, posts: Sequence[SocialMediaPost]) -> list[PostCard]:
    """Several posts; what is needed beside them is read at once."""
    wanted = {photo_id for post in posts for photo_id in post.photos}
    found = photo_service.photos_by_id(website, wanted)
    rules = {locale: checks.rules_for(website, locale) for locale in {p.locale for p in posts}}
    signed = approvals.approvals_of(website, posts)
    cards = []
    for post in posts:
        photos = [found[photo_id] for photo_id in post.photos if photo_id in found]
        findings = post_checks.check_words(
            rules[post.locale],
            facts_of(post.property),
            post.locale,
            post.caption,
            post.hashtags,
            post_checks.old_price_of(post.details),
        )
        approval = signed.get(post.id)
        cards.append(_card(website, post, Typed.saved(post), photos, findings, approval))
    return cards


def _card(
    website: Website,
    post: SocialMediaPost,
    typed: Typed,
    photos: Sequence[PropertyPhoto],
    findings: Findings,
    approval: TextApproval | None,
) -> PostCard:
    platform = PLATFORMS[post.platform]
    text = (typed.caption, typed.hashtags, typed.link)
    return PostCard(
        post=post,
        look=_look(website, post, typed, photos, _marks(post, typed, findings)),
        count=count_of(platform, typed.format, *text),
        findings=findings.as_json(),
        blocking_items=findings.blocking_items,
        approval=approval,
        changes=_changes(post, approval),
        text=platforms.as_posted(platform, *text),
    )


def _marks(post: SocialMediaPost, typed: Typed, findings: Findings) -> list[Item]:
    """What to underline in the caption. The checks are of the saved one: another has no marks."""
    if typed.caption != post.caption:
        return []
    found = in_field(items_of(findings.as_json()), "caption")
    return [item for item in found if item["state"] != "supported"]


def _changes(post: SocialMediaPost, approval: TextApproval | None) -> list[str]:
    """What the record says otherwise since the post was approved, a sentence each."""
    if approval is None or post.stale_at is None:
        return []
    changes = stale.changes_since(post.property, approval)
    return [sign_off_views.change_sentence(change) for change in changes]


def choices_of(website: Website, post: SocialMediaPost, chosen: Sequence[int]) -> list[PhotoChoice]:
    """The listing's photos, those chosen first and in their order."""
    found = photo_service.photos_of(website, post.property_id)
    places = {photo_id: at for at, photo_id in enumerate(chosen)}
    found.sort(key=lambda photo: places.get(photo.id, len(places)))
    return [
        PhotoChoice(
            photo.id, _thumb(post.property_id, photo.id), _alt(photo, at), photo.id in places
        )
        for at, photo in enumerate(found, 1)
    ]


def social_context() -> dict[str, Any]:
    """What the templates of posts draw with."""
    return {
        "platform_icons": PLATFORM_ICONS,
        "category_icons": CATEGORY_ICONS,
        "platform_labels": {platform.id: platform.label for platform in PLATFORMS.values()},
        "post_categories": CATEGORIES,
    }
