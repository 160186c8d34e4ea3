"""Photos that go to a model: which models read them, what is sent, and what is kept of that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pwb.content.listing import Prompt
from pwb.errors import InvalidInput
from pwb.llm.registry import get_provider
from pwb.llm.types import Message
from pwb.models import Property, PropertyPhoto, Website
from pwb.services import catalogue, photo_files
from pwb.services.connections import Connection
from pwb.services.photos import chosen_photos


def reads_images(provider_id: str, model: str) -> bool:
    """Whether a model is known to read photos."""
    return model in which_read_images(provider_id, {model})


def which_read_images(provider_id: str, models: set[str]) -> set[str]:
    """Those of the models that are known to read photos: by the provider's declaration where its
    list does not tell, else by the catalogue."""
    declared = get_provider(provider_id).image_models
    if declared is not None:
        return {model for model in models if declared.match(model)}
    found = catalogue.find_models(provider_id, models)
    return {name for name, model in found.items() if model.reads_images}


def to_send(
    website: Website, listing: Property, connection: Connection, photo_ids: Sequence[int]
) -> tuple[PropertyPhoto, ...]:
    """The listing's photos with these ids, to be sent over this connection.

    Raises InvalidInput naming `photos` where one is gone or the model does not read photos.
    """
    check_reads_images(connection)
    photos = chosen_photos(website, listing.id, photo_ids)
    if len(photos) != len(set(photo_ids)):
        message = "One of the photos is not there any more. Reload the page and choose again."
        raise InvalidInput(message, fields={"photos": [message]})
    return tuple(photos)


def check_reads_images(connection: Connection) -> None:
    """Raises InvalidInput naming `photos` where the model is not known to read them."""
    if not reads_images(connection.provider, connection.model):
        message = f"{connection.model} does not read photos, as far as its provider says."
        raise InvalidInput(
            message,
            fields={"photos": [message]},
            resolution="Choose a model that reads images, or leave the photos out.",
        )


def messages(prompts: Iterable[Prompt], photos: Sequence[PropertyPhoto]) -> tuple[Message, ...]:
    """The prompts as messages, with the photos beside the data; raises MissingFile."""
    pictures = tuple(photo_files.data_url(photo) for photo in photos)
    return tuple(
        Message(prompt.role, prompt.content, pictures if prompt.role == "user" else ())
        for prompt in prompts
    )


def kept(photos: Sequence[PropertyPhoto]) -> tuple[dict[str, Any], ...]:
    """What a request's row keeps of the photos that were sent: enough to say which they were."""
    return tuple(
        {"id": photo.id, "filename": photo.filename, "sha256": photo.sha256} for photo in photos
    )
