"""Forms of writing rules and of the words to avoid. The service checks what they carry."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import cache

from flask_wtf import FlaskForm
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField, TextAreaField

from pwb.content.locales import LOCALES
from pwb.models import Website, WritingRule
from pwb.services import writing_rules
from pwb.services.writing_rules import RuleDraft

SCOPES = {"all": "All texts", "listing": "Listings", "social": "Social posts"}
EVERY_LANGUAGE = "All languages"
ALL_WORDS = "words_all"


class RuleForm(FlaskForm):
    """A rule, and on what to try it; `version` is of the rule that the form was made from."""

    name = StringField("Name")
    rule = TextAreaField("Rule")
    scope = SelectField("For", choices=SCOPES, validate_choice=False)
    locale = SelectField("Language", validate_choice=False)
    active = BooleanField("Switched on", default=True)
    version = HiddenField()
    property = StringField("Listing")
    try_locale = SelectField("Language of the trial", validate_choice=False)
    form_key = HiddenField()

    def draft(self) -> RuleDraft:
        """The rule as typed."""
        return RuleDraft(
            name=self.name.data or "",
            rule=self.rule.data or "",
            scope=self.scope.data or "",
            locale=self.locale.data or None,
            active=self.active.data,
        )


def rule_form(website: Website, rule: WritingRule | None = None) -> RuleForm:
    """The form of a rule, of a new one where there is none yet."""
    version = writing_rules.version_of(rule) if rule else ""
    form = RuleForm(obj=rule, version=version, form_key=uuid.uuid4().hex)
    offered = language_choices(website, rule.locale if rule else None)
    form.locale.choices = {"": EVERY_LANGUAGE} | offered
    form.try_locale.choices = language_choices(website)
    if not form.is_submitted():
        form.locale.data = (rule.locale or "") if rule else ""
        form.try_locale.data = (rule.locale if rule else None) or website.default_locale
    return form


def language_choices(website: Website, current: str | None = None) -> dict[str, str]:
    """The website's languages by code, and the one that a rule has now."""
    kept = {*website.supported_locales, current}
    return {code: name for code, name in LOCALES.items() if code in kept}


class WordsForm(FlaskForm):
    """Words to avoid: a field a language, added by `words_form`."""

    def typed(self) -> dict[str, str]:
        """What was typed, by locale; "" is all languages."""
        return {locale_of(field.name): field.data or "" for field in self.word_fields()}

    def word_fields(self) -> Iterator[Field]:
        """The fields, that of all languages first."""
        return (field for field in self if field.name.startswith("words_"))


def field_of(locale: str) -> str:
    """The name of a locale's field."""
    return f"words_{locale}" if locale else ALL_WORDS


def locale_of(field: str) -> str:
    """The locale of a field; "" is all languages."""
    return "" if field == ALL_WORDS else field.removeprefix("words_")


def words_form(website: Website) -> WordsForm:
    """The form with the saved words, one a line."""
    lists = writing_rules.word_lists(website)
    languages = tuple(language_choices(website))
    saved = {field_of(locale): "\n".join(words) for locale, words in lists.items()}
    return _words_form_class(languages)(data=saved)


@cache
def _words_form_class(locales: tuple[str, ...]) -> type[WordsForm]:
    labels = {"": EVERY_LANGUAGE} | {locale: LOCALES[locale] for locale in locales}
    fields = {field_of(locale): TextAreaField(label) for locale, label in labels.items()}
    return type("WordsOfLocales", (WordsForm,), fields)
