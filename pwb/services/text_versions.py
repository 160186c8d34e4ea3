"""Keeping each saved state of a listing's text, within the save's own transaction."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select, tuple_

from pwb.extensions import db
from pwb.models import GenerationRequest, TextVersion
from pwb.services.property_changes import Written, version_of


def keep(written: Iterable[Written]) -> None:
    """Add a version for each text just written, within the open transaction.

    A text that was there before its history began gets its earlier state as the first version.
    Called once the texts are flushed, so that their listing has an id.
    """
    texts = {id(each.text): each for each in reversed(list(written))}
    if not texts:
        return
    known = _with_history([each for each in texts.values() if each.before is not None])
    versions = []
    for each in reversed(texts.values()):
        place = (each.text.property_id, each.text.locale)
        if each.before is not None and place not in known:
            each.before.property_id = each.text.property_id
            versions.append(each.before)
        versions.append(version_of(each.text))
    _name_models(versions)
    db.session.add_all(versions)


def _with_history(written: list[Written]) -> set[tuple[int, str]]:
    """The places that have a version already."""
    places = [(each.text.property_id, each.text.locale) for each in written]
    if not places:
        return set()
    columns = (TextVersion.property_id, TextVersion.locale)
    query = select(*columns).where(tuple_(*columns).in_(places)).distinct()
    return {(property_id, locale) for property_id, locale in db.session.execute(query)}


def _name_models(versions: list[TextVersion]) -> None:
    wanted = {each.generation_request_id for each in versions if each.generation_request_id}
    if not wanted:
        return
    columns = (GenerationRequest.id, GenerationRequest.served_model, GenerationRequest.ai_model)
    rows = db.session.execute(select(*columns).where(GenerationRequest.id.in_(wanted)))
    models = {row.id: row.served_model or row.ai_model for row in rows}
    for version in versions:
        version.model = models.get(version.generation_request_id or 0)
