"""What the person at the page is told to do after a failure, and who can do it."""

from __future__ import annotations

import pytest

from pwb.llm.errors import RateLimited
from pwb.models import Property
from pwb.services.generation_errors import GenerationFailed, from_llm, in_words
from pwb.services.generations import ListingDescriptionGenerator
from pwb.simulator.testing import RunningSimulator
from tests import factories


@pytest.fixture
def listing(app: object, simulator: RunningSimulator) -> Property:
    website = factories.create_website()
    factories.create_integration(website)
    return factories.create_property(website)


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        ("length", "A site admin can raise Max tokens"),
        ("400-context", "A site admin can choose another model, or another number of Max tokens"),
        ("413", "A site admin can choose another model"),
        ("422", "A site admin can choose another model"),
        ("429-daily", "Try again in "),
        ("429-long", "Try again in "),
    ],
)
def test_a_failure_that_a_second_try_cannot_mend_names_what_can(
    listing: Property, simulator: RunningSimulator, fault: str, cure: str
) -> None:
    simulator.enqueue(fault)
    with pytest.raises(GenerationFailed) as failure:
        ListingDescriptionGenerator(property=listing, locale="en").generate()
    assert failure.value.resolution.startswith(cure)
    assert failure.value.message.endswith((".", "!", "?", "…"))


def test_an_allowance_that_is_used_up_for_today_is_not_worth_a_little_wait() -> None:
    failure = from_llm(RateLimited("Today's allowance at OpenRouter is used up."), 1)
    assert failure.resolution.startswith("Try again tomorrow")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 second"),
        (1, "1 second"),
        (1.5, "2 seconds"),
        (90, "90 seconds"),
        (121, "3 minutes"),
        (7_200, "2 hours"),
        (31_622_400, "366 days"),
    ],
)
def test_a_wait_is_told_as_people_say_it_and_never_too_short(seconds: float, words: str) -> None:
    assert in_words(seconds) == words
