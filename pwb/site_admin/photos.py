"""A listing's photos: their page, taking them in, and sending them to the people of the website."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, g, jsonify, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as BaseResponse

from pwb.content.images import CONTENT_TYPE
from pwb.errors import InvalidInput, wants_json
from pwb.models import Property, PropertyPhoto, SocialMediaPost
from pwb.security import MAX_ID, agent, ids_in
from pwb.services import alt_texts, photo_crops, photo_files, tenancy
from pwb.services import photos as photo_service
from pwb.services.generation_errors import GenerationFailed
from pwb.services.photos import MOST_PHOTOS
from pwb.services.properties import get_property
from pwb.site_admin import bp
from pwb.site_admin.property_views import heading

Page = str | tuple[str, int] | BaseResponse | tuple[BaseResponse, int]
PHOTOS = "/properties/<int:property_id>/photos"
PHOTO = f"{PHOTOS}/<int:photo_id>"


@bp.get(PHOTOS)
@agent
def photos(property_id: int) -> Page:
    """The listing's photos, to add to, order and describe; works without a script."""
    return photos_page(property_id)


def photos_page(property_id: int, status: int = 200, **parts: Any) -> tuple[str, int]:
    """The page, with what is told of the last deed: `problems` of files, or a `drafted` text."""
    listing = get_property(g.website, property_id)
    page = render_template(
        "photos/index.html", listing=listing, heading=heading(listing, g.website), **parts
    )
    return page, status


@bp.post(PHOTOS)
@agent
def photos_upload(property_id: int) -> Page:
    """Take in photos: `photos`, repeated. Each file stands for itself."""
    listing = tenancy.find(Property, g.website, property_id)
    files = [file for file in request.files.getlist("photos") if file.filename]
    added, problems = take_in(listing, files)
    if wants_json():
        return uploaded_json(added, problems)
    if problems:
        return photos_page(property_id, 422, problems=problems, added=len(added))
    flash(f"{len(added)} {'photo is' if len(added) == 1 else 'photos are'} added.", "success")
    return redirect(url_for("site_admin.photos", property_id=property_id))


def take_in(
    listing: Property, files: list[FileStorage]
) -> tuple[list[PropertyPhoto], list[dict[str, str]]]:
    """The photos that were kept, and what is wrong with the other files."""
    if not files:
        return [], [problem("", "Choose at least one photo.")]
    if len(files) > MOST_PHOTOS:
        return [], [problem("", f"Send at most {MOST_PHOTOS} photos at once. None was kept.")]
    added, problems = [], []
    for file in files:
        name = file.filename or ""
        try:
            photo = photo_service.add_photo(g.website, actor(), listing, file.stream, name)  # type: ignore[arg-type] # a file's stream by another name
            added.append(photo)
        except InvalidInput as error:
            problems.append(problem(name, error.message))
    return added, problems


def problem(name: str, message: str) -> dict[str, str]:
    """What is wrong with one file."""
    return {"filename": name, "message": message}


def uploaded_json(
    added: list[PropertyPhoto], problems: list[dict[str, str]]
) -> tuple[BaseResponse, int]:
    """What became of each file, for the page's script."""
    document: dict[str, Any] = {"success": not problems, "photos": [as_json(p) for p in added]}
    if problems:
        message = " ".join(each["message"] for each in problems)
        document["errors"] = problems
        document["error"] = {
            "code": "invalid_input",
            "message": message,
            "resolution": "",
            "retry_after": None,
        }
    return jsonify(document), 200 if added else 422


def as_json(photo: PropertyPhoto) -> dict[str, Any]:
    """A photo for the page's script."""
    return {
        "id": photo.id,
        "filename": photo.filename,
        "width": photo.width,
        "height": photo.height,
        "alt_text": photo.alt_text,
        "position": photo.position,
        "url": photo_url(photo),
        "thumb_url": photo_url(photo, size="thumb"),
    }


def photo_url(photo: PropertyPhoto, size: str | None = None) -> str:
    """Where the website's people see the photo, with `size` "thumb" a small copy."""
    return url_for(
        "site_admin.photo_file", property_id=photo.property_id, photo_id=photo.id, size=size
    )


@bp.get(PHOTO)
@agent
def photo_file(property_id: int, photo_id: int) -> BaseResponse:
    """The photo itself, or with `?size=thumb` a small copy."""
    photo = photo_service.get_photo(g.website, property_id, photo_id)
    small = request.args.get("size") == "thumb"
    data = photo_files.thumbnail(photo) if small else photo_files.original(photo)
    return picture(data, f"{photo.sha256[:32]}-{'thumb' if small else 'full'}")


@bp.get("/social_posts/<int:post_id>/images/<int:photo_id>.jpg")
@agent
def social_post_image(post_id: int, photo_id: int) -> BaseResponse:
    """A photo cut as the post's platform shows it, or as it would in another `format`; with
    `?download=1` to be saved."""
    post = tenancy.find(SocialMediaPost, g.website, post_id)
    size = photo_crops.format_of(post.platform, request.args.get("format") or post.format)
    data = photo_crops.post_image(g.website, post, photo_id, size.id)
    response = picture(data, f"{post.id}-{photo_id}-{size.width}x{size.height}")
    if request.args.get("download"):
        name = f"{post.platform}-{size.id}-{photo_id}.jpg"
        response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def picture(data: bytes, tag: str) -> BaseResponse:
    """A picture, of one type whatever was uploaded. A browser may keep it, but asks each time
    whether it is still allowed to show it."""
    response = Response(data, content_type=CONTENT_TYPE)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(tag)
    return response.make_conditional(request)


@bp.post(f"{PHOTOS}/order")
@agent
def photos_order(property_id: int) -> Page:
    """Put the photos in order: `order`, ids repeated; or move one, `photo`, by `steps` places."""
    steps = request.form.get("steps", type=int)
    if steps is None:
        ids = ids_in(request.form.getlist("order"))
        photo_service.reorder(g.website, actor(), property_id, ids)
    else:
        photo_id = request.form.get("photo", 0, type=int)
        photo_service.move_photo(g.website, actor(), property_id, photo_id, steps)
    return done(property_id, "The order is saved.")


@bp.post(f"{PHOTO}/alt")
@agent
def photo_alt(property_id: int, photo_id: int) -> Page:
    """Save what the photo shows in words: `alt_text`."""
    typed = request.form.get("alt_text", "")
    written_by = whole_number("request_id")
    try:
        photo_service.set_alt_text(g.website, actor(), property_id, photo_id, typed, written_by)
    except InvalidInput as error:
        if wants_json():
            raise
        draft = {"photo_id": photo_id, "alt_text": typed, "problem": error.message}
        return photos_page(property_id, 422, drafted=draft)
    return done(property_id, "The alt text is saved.")


@bp.post(f"{PHOTO}/alt/generate")
@agent
def photo_alt_generate(property_id: int, photo_id: int) -> Page:
    """Have the photo described; the words go into its field and are saved by a person."""
    try:
        written = alt_texts.generate_alt_text(g.website, actor(), property_id, photo_id)
    except GenerationFailed as failure:
        if wants_json():
            return jsonify(failure.as_json()), failure.status
        draft = {"photo_id": photo_id, "alt_text": request.form.get("alt_text", "")}
        return photos_page(property_id, failure.status, failure=failure, drafted=draft)
    if wants_json():
        return jsonify(written.as_json())
    draft = {"photo_id": photo_id, "alt_text": written.text, "request_id": written.request_id}
    return photos_page(property_id, drafted=draft | {"problem": " ".join(written.warnings)})


@bp.post(f"{PHOTO}/delete")
@agent
def photo_delete(property_id: int, photo_id: int) -> Page:
    """Delete the photo and its file."""
    name = photo_service.delete_photo(g.website, actor(), property_id, photo_id)
    return done(property_id, f"{name} is deleted.")


def whole_number(name: str) -> int | None:
    """An id as posted; None for what can be none."""
    value = request.form.get(name, type=int)
    return value if value and 0 < value <= MAX_ID else None


def done(property_id: int, words: str) -> Page:
    """After a deed: the photos' page, or the same for its script."""
    if wants_json():
        found = photo_service.photos_of(g.website, property_id)
        return jsonify(success=True, message=words, photos=[as_json(photo) for photo in found])
    flash(words, "success")
    return redirect(url_for("site_admin.photos", property_id=property_id))


def actor() -> Any:
    """The person who does it."""
    return current_user._get_current_object()


def ai_reads_photos() -> bool:
    """Whether photos can be described here; looked up once a request."""
    if "ai_reads_photos" not in g:
        g.ai_reads_photos = alt_texts.can_describe(g.website)
    found: bool = g.ai_reads_photos
    return found


@bp.app_context_processor
def photo_context() -> dict[str, Any]:
    """What templates ask for: only when a page shows photos is the database asked."""
    return {
        "photos_of": lambda listing: photo_service.photos_of(g.website, listing.id),
        "photo_url": photo_url,
        "ai_reads_photos": ai_reads_photos,
        "most_photos": MOST_PHOTOS,
        "alt_length": photo_service.ALT_LENGTH,
    }
