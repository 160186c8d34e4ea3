"""The agency's writing rules: the list, a rule, the words to avoid, the prompt, a trial."""

from __future__ import annotations

import uuid
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from pwb.ai_tools import bp
from pwb.ai_tools.writing_rule_forms import (
    EVERY_LANGUAGE,
    SCOPES,
    RuleForm,
    field_of,
    language_choices,
    rule_form,
    words_form,
)
from pwb.content.listing import LENGTHS, LOCALES, TONES
from pwb.errors import EditConflict, InvalidInput
from pwb.models import User, WritingRule
from pwb.security import admin
from pwb.services import rule_trials
from pwb.services import writing_rules as rules_service
from pwb.services.generation_errors import GenerationFailed
from pwb.services.generations import DescriptionSpec, GenerationResult

Page = str | tuple[str, int] | Response
STEPS = {"up": -1, "down": 1}


def _actor() -> User:
    user: User = current_user._get_current_object()
    return user


@bp.get("/ai/writing_rules")
@admin
def writing_rules() -> Page:
    """All rules in their order, and the words to avoid."""
    rules = rules_service.list_rules(g.website)
    return render_template(
        "ai_tools/writing_rules.html",
        rules=rules,
        active=sum(rule.active for rule in rules),
        most=rules_service.MOST_ACTIVE,
        words=rules_service.word_lists(g.website),
        scopes=SCOPES,
        languages=LOCALES,
        every_language=EVERY_LANGUAGE,
    )


@bp.route("/ai/writing_rules/new", methods=["GET", "POST"])
@admin
def writing_rule_new() -> Page:
    """A new rule."""
    form = rule_form(g.website)
    if not form.validate_on_submit():
        return _rule_page(form, status=422 if form.is_submitted() else 200)
    try:
        rule = rules_service.create_rule(g.website, _actor(), form.draft())
    except InvalidInput as error:
        return _refused(form, error)
    flash(f"The rule “{rule.name}” is saved.", "success")
    return redirect(url_for("ai_tools.writing_rules"))


@bp.route("/ai/writing_rules/<int:rule_id>/edit", methods=["GET", "POST"])
@admin
def writing_rule_edit(rule_id: int) -> Page:
    """Change a rule."""
    rule = rules_service.get_rule(g.website, rule_id)
    form = rule_form(g.website, rule)
    if not form.validate_on_submit():
        return _rule_page(form, rule, status=422 if form.is_submitted() else 200)
    try:
        rules_service.update_rule(
            g.website, _actor(), rule_id, form.draft(), form.version.data or ""
        )
    except EditConflict as conflict:
        form.version.data = rules_service.version_of(rule)
        return _rule_page(form, rule, status=conflict.status, conflict=conflict)
    except InvalidInput as error:
        return _refused(form, error, rule)
    flash(f"The rule “{rule.name}” is saved.", "success")
    return redirect(url_for("ai_tools.writing_rules"))


@bp.post("/ai/writing_rules/<int:rule_id>/move")
@admin
def writing_rule_move(rule_id: int) -> Page:
    """One place up or down; the page comes back at the same button."""
    direction = request.form.get("direction", "")
    rules_service.move_rule(g.website, _actor(), rule_id, STEPS.get(direction, 0))
    anchor = f"rule-{rule_id}-{direction}" if direction in STEPS else f"rule-{rule_id}"
    return redirect(url_for("ai_tools.writing_rules", _anchor=anchor))


@bp.post("/ai/writing_rules/<int:rule_id>/toggle")
@admin
def writing_rule_toggle(rule_id: int) -> Page:
    """Switch a rule on (`active` 1) or off (0)."""
    active = request.form.get("active") == "1"
    try:
        rule = rules_service.set_active(g.website, _actor(), rule_id, active)
        flash(f"The rule “{rule.name}” is {'on' if active else 'off'}.", "success")
    except InvalidInput as error:
        flash(error.sentence(), "error")
    return redirect(url_for("ai_tools.writing_rules", _anchor=f"rule-{rule_id}-toggle"))


@bp.post("/ai/writing_rules/<int:rule_id>/delete")
@admin
def writing_rule_delete(rule_id: int) -> Page:
    """Delete a rule for good."""
    name = rules_service.delete_rule(g.website, _actor(), rule_id)
    flash(f"The rule “{name}” is deleted.", "success")
    return redirect(url_for("ai_tools.writing_rules"))


@bp.route("/ai/writing_rules/words", methods=["GET", "POST"])
@admin
def writing_rules_words() -> Page:
    """The words to avoid, by language."""
    form = words_form(g.website)
    if form.validate_on_submit():
        try:
            changed = rules_service.save_word_lists(g.website, _actor(), form.typed())
        except InvalidInput as error:
            for locale, problems in error.fields.items():
                form[field_of(locale)].errors = list(problems)
        else:
            flash("The words are saved." if changed else "Nothing was changed.", "success")
            return redirect(url_for("ai_tools.writing_rules", _anchor="words-title"))
    page = render_template("ai_tools/writing_rules_words.html", form=form, limits=rules_service)
    return page, 422 if form.errors else 200


@bp.get("/ai/writing_rules/preview")
@admin
def writing_rules_preview() -> Page:
    """The two messages that would be sent for a listing, in full."""
    asked = request.args
    spec = DescriptionSpec(
        locale=asked.get("locale") or g.website.default_locale,
        tone=asked.get("tone") or "professional",
        length=asked.get("length") or "medium",
        call_to_action=asked.get("call_to_action") != "0",
    )
    listing, prompts, problems = None, None, {}
    try:
        listing, prompts = rule_trials.preview(g.website, asked.get("property", ""), spec)
    except InvalidInput as error:
        problems = {field: " ".join(texts) for field, texts in error.fields.items()}
    page = render_template(
        "ai_tools/writing_rules_preview.html",
        spec=spec,
        listing=listing,
        prompts=prompts,
        problems=problems,
        choices=rule_trials.listing_choices(g.website),
        languages=language_choices(g.website),
        tone_options=[(tone, tone.capitalize()) for tone in TONES],
        length_options=[(name, f"{name.capitalize()}, {n} words") for name, n in LENGTHS.items()],
    )
    return page, 422 if problems and asked else 200


@bp.post("/ai/writing_rules/try")
@bp.post("/ai/writing_rules/<int:rule_id>/try", endpoint="writing_rule_retry")
@admin
def writing_rule_try(rule_id: int | None = None) -> Page:
    """Write a text with the rule as it is typed; nothing is saved."""
    rule = rules_service.get_rule(g.website, rule_id) if rule_id is not None else None
    form = rule_form(g.website, rule)
    form.validate()
    try:
        result = _tried(form, rule_id)
    except InvalidInput as error:
        return _refused(form, error, rule)
    except GenerationFailed as failure:
        return _rule_page(form, rule, status=failure.status, failure=failure)
    return _rule_page(form, rule, result=result)


def _tried(form: RuleForm, rule_id: int | None) -> GenerationResult:
    """The text of the trial that the form asks for; the next click is another trial."""
    draft = form.draft()
    locale = draft.locale or form.try_locale.data or g.website.default_locale
    reference, key = form.property.data or "", form.form_key.data or ""
    form.form_key.data = uuid.uuid4().hex
    try:
        return rule_trials.try_rule(g.website, _actor(), reference, locale, draft, rule_id, key)
    except InvalidInput as error:
        if not draft.locale and "locale" in error.fields:
            error.fields["try_locale"] = error.fields.pop("locale")
        raise


def _refused(form: RuleForm, error: InvalidInput, rule: WritingRule | None = None) -> Page:
    """The form again, with the service's messages beside its fields."""
    for name, problems in error.fields.items():
        form[name if name in form else "rule"].errors = list(problems)
    if not error.fields:
        form.form_errors.append(error.sentence())
    return _rule_page(form, rule, status=error.status)


def _rule_page(
    form: RuleForm, rule: WritingRule | None = None, status: int = 200, **parts: Any
) -> Page:
    page = render_template(
        "ai_tools/writing_rules_form.html",
        form=form,
        rule=rule,
        choices=rule_trials.listing_choices(g.website),
        limits=rules_service,
        **parts,
    )
    return page, status
