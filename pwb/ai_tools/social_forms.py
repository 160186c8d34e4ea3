"""Forms of social posts: the order of new ones, and one post. Services check what they carry."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    Field,
    Form,
    FormField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Optional

from pwb.ai_tools.social_looks import Typed
from pwb.content.platforms import PLATFORMS, Platform
from pwb.content.social import CATEGORIES
from pwb.errors import InvalidInput
from pwb.models import SocialMediaPost, Website
from pwb.security import ids_in
from pwb.services.social_orders import LONGEST_LINK, SocialSpec
from pwb.site_admin.property_fields import NumberField, at_most, plain, printable
from pwb.site_admin.property_forms import ordered_locales

_HIGHEST_PRICE = 10**12 - 1
_ASKED_FOR = {
    "old_price": "price_drop",
    **dict.fromkeys(("event_date", "event_start", "event_end"), "open_house"),
}
LONGEST_CAPTION, LONGEST_TAGS = 70_000, 3_000
DEFAULT_MODEL = "Default"


def formats_of(platform: Platform) -> dict[str, str]:
    """The formats that a platform has, by name, for a select field."""
    return {name: form.label for name, form in platform.formats.items()}


@cache
def _formats_form() -> type[Form]:
    """A format a platform: the posted names are "format-instagram" and so on."""
    fields = {
        platform.id: SelectField(
            platform.label, choices=formats_of(platform), validate_choice=False
        )
        for platform in PLATFORMS.values()
    }
    return type("FormatsForm", (Form,), fields)


class PostsForm(FlaskForm):
    """The order of posts for a listing."""

    platforms = SelectMultipleField("Platforms", validate_choice=False)
    category = RadioField("What it is about", choices=CATEGORIES, validate_choice=False)
    locale = SelectField("Language", validate_choice=False)
    format = FormField(_formats_form(), "Formats")
    old_price = NumberField("Old price", high=_HIGHEST_PRICE, places=2)
    event_date = DateField("Date of the open house", [Optional()])
    event_start = TimeField("From", [Optional()])
    event_end = TimeField("Until", [Optional()])
    link = StringField("Link", [at_most(LONGEST_LINK), printable])
    model = SelectField("Model", validate_choice=False)
    idempotency_key = HiddenField()

    def spec(self) -> SocialSpec:
        """The order as typed; what only another category needs is left out."""
        about = self.category.data or ""
        event = about == "open_house"
        old_price: Decimal | None = self.old_price.data  # type: ignore[assignment] # a number's field
        return SocialSpec(
            platforms=tuple(self.platforms.data or ()),
            category=about,
            locale=self.locale.data or "",
            formats={field.short_name: field.data for field in self.format.form if field.data},
            old_price=old_price if about == "price_drop" else None,
            event_at=_moment(self.event_date.data, self.event_start.data) if event else None,
            event_end=_moment(self.event_date.data, self.event_end.data) if event else None,
            model=self.model.data or None,
            idempotency_key=self.idempotency_key.data or None,
            link=(self.link.data or "").strip(),
        )

    def validate(self, extra_validators: Any = None) -> bool:
        super().validate(extra_validators)
        for name, category in _ASKED_FOR.items():
            if category != self.category.data:
                # Not in sight, and left out of the order.
                self[name].errors = []
        return not self.errors

    def complaints(self) -> Iterator[str]:
        """Everything the form itself complains about, a sentence each."""
        for field in self:
            if not isinstance(field, FormField):
                yield from (f"{field.label.text}: {error}" for error in field.errors)

    def refuse(self, error: InvalidInput) -> None:
        """Show a service's complaints beside their fields."""
        refuse(self, error, {"event_at": self._part_of_event(), "formats": "platforms"})

    def _part_of_event(self) -> str:
        """The field to look at: the time where it alone is missing, else the date."""
        lacks_time = self.event_date.data and not self.event_start.data
        return "event_start" if lacks_time else "event_date"


def _moment(day: date | None, at: time | None) -> datetime | None:
    """A time in the website's own zone; None where a part is missing."""
    return datetime.combine(day, at) if day and at else None


def refuse(form: FlaskForm, error: InvalidInput, aliases: dict[str, str] | None = None) -> None:
    """Show a service's complaints beside the form's fields, and others above them."""
    for name, problems in error.fields.items():
        shown = (aliases or {}).get(name, name)
        if shown in form:
            field: Field = form[shown]
            field.errors = [*field.errors, *problems]
        else:
            form.form_errors.extend(problems)
    if not error.fields:
        form.form_errors.append(error.sentence())


def posts_form(website: Website, models: dict[str, str], **posted: Any) -> PostsForm:
    """The order's form: all platforms in the website's own language, to begin with."""
    first = {
        "platforms": list(PLATFORMS),
        "category": next(iter(CATEGORIES)),
        "locale": website.default_locale,
        "idempotency_key": uuid.uuid4().hex,
    }
    form = PostsForm(data=first, **posted)
    form.locale.choices = language_choices(website)
    form.model.choices = {"": DEFAULT_MODEL} | models
    form.platforms.choices = {platform.id: platform.label for platform in PLATFORMS.values()}
    if form.is_submitted():
        # No box ticked is no platform, not all of them.
        form.platforms.data = form.platforms.raw_data or []
    return form


def language_choices(website: Website) -> dict[str, str]:
    """The website's languages by code, its own first."""
    from pwb.filters import language

    return {code: language(code) for code in ordered_locales(website)}


class PostForm(FlaskForm):
    """One post; `lock_version` is of the post that the form was made from."""

    lock_version = HiddenField()
    caption = TextAreaField("Caption", [at_most(LONGEST_CAPTION), printable], filters=[plain])
    hashtags = StringField("Hashtags", [at_most(LONGEST_TAGS), printable])
    link = StringField("Link", [at_most(LONGEST_LINK), printable])
    format = SelectField("Format", validate_choice=False)
    photos = SelectMultipleField("Photos", validate_choice=False)

    def values(self) -> dict[str, Any]:
        """What was typed, as the service takes it."""
        return {
            "caption": self.caption.data or "",
            "hashtags": typed_hashtags(self.hashtags.data or ""),
            "link": (self.link.data or "").strip(),
            "format": self.format.data or "",
            "photos": self.photo_ids(),
        }

    def typed(self) -> Typed:
        """The post as it is in the form, to be drawn and counted."""
        return Typed(**self.values())

    def photo_ids(self) -> list[int]:
        """The ticked photos in their order; what is no id names none."""
        return ids_in(self.photos.data or ())

    @property
    def seen_version(self) -> int:
        """The version the form was made from; 0, which is never current, where it names none."""
        text = (self.lock_version.raw_data or [""])[0]
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def typed_hashtags(text: str) -> list[str]:
    """Hashtags as somebody types them, with spaces or commas between; each gets its #."""
    return [f"#{word.removeprefix('#')}" for word in text.replace(",", " ").split()]


def post_form(post: SocialMediaPost, as_saved: bool = False) -> PostForm:
    """The form of a post: what was posted, else, or with `as_saved`, what is saved."""
    form = PostForm(
        **({"formdata": None} if as_saved else {}),
        data={
            "lock_version": str(post.lock_version),
            "caption": post.caption,
            "hashtags": " ".join(post.hashtags),
            "link": post.link,
            "format": post.format,
            "photos": [str(photo_id) for photo_id in post.photos],
        },
    )
    form.format.choices = formats_of(PLATFORMS[post.platform])
    if form.is_submitted() and not as_saved:
        # No box ticked is no photo, not the saved ones.
        form.photos.data = form.photos.raw_data or []
    return form
