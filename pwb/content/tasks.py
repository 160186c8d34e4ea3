"""What a model is asked for, as people read it; the ledger keeps the key."""

from __future__ import annotations

from pwb.content.listing import DESCRIPTION, REFINEMENT, REFRESH, TRANSLATION
from pwb.content.photo_words import ALT_TEXT
from pwb.content.social import POSTS, SHORTENING

MODEL_TRIAL = "model_trial"
TASKS = {
    DESCRIPTION: "Listing description",
    TRANSLATION: "Translated description",
    REFINEMENT: "Refined description",
    REFRESH: "Updated description",
    POSTS: "Social posts",
    SHORTENING: "Shortening of social posts",
    ALT_TEXT: "Alt text of a photo",
    MODEL_TRIAL: "Trial of a model",
}
# Those whose outcome is no text of a listing.
NO_LISTING_TEXTS = (POSTS, SHORTENING, ALT_TEXT)


def task_label(key: str) -> str:
    """A task's name in English; one that is no longer known reads as it was recorded."""
    return TASKS.get(key) or key.replace("_", " ").capitalize()
