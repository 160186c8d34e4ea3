"""Models to choose among before something is written, each with its price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pwb.content import social
from pwb.content.listing import DESCRIPTION, Prompt
from pwb.content.photo_words import ALT_TEXT, alt_text_messages
from pwb.content.platforms import PLATFORMS
from pwb.content.social import POSTS
from pwb.llm.pricing import Pricing
from pwb.models import Property, Website
from pwb.services import catalogue, sent_photos, social_generation
from pwb.services.catalogue import Choice
from pwb.services.chosen_models import chosen_models
from pwb.services.description_orders import DescriptionSpec, prompts_for
from pwb.services.description_sizes import measured_sizes, size_of_prompt
from pwb.services.listing_facts import facts_of
from pwb.services.model_prices import (
    TOKENS_A_PICTURE,
    TYPICAL,
    DescriptionSize,
    cost_of_description,
    cost_of_pictures,
)
from pwb.services.social_orders import SocialSpec, brief_for

# A caption with its hashtags, and an alt text, as answers in JSON.
POST_TOKENS, ALT_TOKENS = 150, 50


@dataclass(frozen=True)
class _Task:
    """Something to be priced: its size where too few were written to know, and the pictures that
    always go along with it."""

    name: str
    usual: Callable[[], DescriptionSize]
    pictures: int = 0


def default_choice(website: Website, listing: Property | None = None) -> Choice | None:
    """The model that the website writes with; None where it can't write.

    Its price is that of the website's recent descriptions with it; without enough of them, that of
    the listing's own prompt, or of a usual one.
    """
    return _priced(website, _Task(DESCRIPTION, lambda: _description_size(website, listing)))


def posts_choice(website: Website, listing: Property) -> Choice | None:
    """The model that writes the listing's posts; None where none can.

    Its price is that of one request: for all platforms, or for one where `posts_at_once` says so.
    """
    return _priced(website, _Task(POSTS, lambda: _posts_size(website, listing)))


def posts_at_once(website: Website) -> bool:
    """Whether one request by the default model writes for all platforms."""
    chosen = chosen_models(website)
    return chosen is not None and social_generation.writes_at_once(chosen.provider, chosen.default)


def alt_text_choice(website: Website, listing: Property) -> Choice | None:
    """The model that describes photos with the price of one alt text; None where it can't."""
    return _priced(website, _Task(ALT_TEXT, lambda: _alt_text_size(website, listing), pictures=1))


def trial_choices(website: Website) -> list[Choice]:
    """The models to try: the default first, then the shortlist, else the recommended ones."""
    chosen = chosen_models(website)
    if chosen is None:
        return []
    offered = catalogue.choices_for(website, chosen.provider)
    default = next((each for each in offered if each.id == chosen.default), None)
    default = default or default_choice(website)
    rest = [each for each in offered if default is None or each.id != default.id]
    return ([default] if default else []) + rest


def cost_of_photos(website: Website, model_id: str, count: int) -> Decimal | None:
    """US cents that so many photos add to a description by this model; None where unknown."""
    chosen = chosen_models(website)
    if chosen is None:
        return None
    model = catalogue.find_models(chosen.provider, [model_id]).get(model_id)
    return cost_of_pictures(model.pricing, count) if model else None


def readers(website: Website) -> frozenset[str]:
    """Those of the models to choose among that read photos, by id; "" is the default one."""
    chosen = chosen_models(website)
    if chosen is None or not chosen.default:
        return frozenset()
    offered = catalogue.choices_for(website, chosen.provider)
    ids = {choice.id: choice.id for choice in offered} | {"": chosen.default}
    reading = sent_photos.which_read_images(chosen.provider, set(ids.values()))
    return frozenset(name for name, model in ids.items() if model in reading)


def _priced(website: Website, task: _Task) -> Choice | None:
    """The default model with the price of the task: by what the website's recent ones took, else
    by its usual size."""
    chosen = chosen_models(website)
    if chosen is None or not chosen.default:
        return None
    provider_id, model_id = chosen.provider, chosen.default
    model = catalogue.find_models(provider_id, [model_id]).get(model_id)
    if model is None:
        # The list may not be there yet: looking at its state has it fetched where that is due.
        catalogue.status(provider_id)
        return Choice(model_id, model_id, None, "")
    measured = measured_sizes(website, provider_id, task.name).get(model_id)
    cost = _cost(model.pricing, measured or task.usual(), task.pictures)
    return Choice(model_id, model.name, cost, "")


def _cost(pricing: Pricing, size: DescriptionSize, pictures: int) -> Decimal | None:
    """US cents; the tokens of the pictures are in the size, a price of their own is not."""
    cost = cost_of_description(pricing, size)
    return None if cost is None else cost + (pricing.image or 0) * pictures * 100


def _description_size(website: Website, listing: Property | None) -> DescriptionSize:
    if listing is None:
        return TYPICAL
    return _size(prompts_for(website, listing, DescriptionSpec(website.default_locale)))


def _posts_size(website: Website, listing: Property) -> DescriptionSize:
    platforms = tuple(PLATFORMS)[: None if posts_at_once(website) else 1]
    spec = SocialSpec(platforms, locale=website.default_locale)
    messages = social.build_messages(brief_for(website, listing, spec))
    return _size(messages, POST_TOKENS * len(platforms))


def _alt_text_size(website: Website, listing: Property) -> DescriptionSize:
    size = _size(alt_text_messages(facts_of(listing), website.default_locale), ALT_TOKENS)
    return DescriptionSize(size.input_tokens + TOKENS_A_PICTURE, size.output_tokens)


def _size(
    prompts: tuple[Prompt, ...], output_tokens: int = TYPICAL.output_tokens
) -> DescriptionSize:
    return size_of_prompt((prompt.content for prompt in prompts), output_tokens)
