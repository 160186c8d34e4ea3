"""Writing posts: one structured call for all platforms where the model allows it, else one call
each side by side; a second ask for those that came out too long; then all are saved as drafts.

A post that is still too long after the second ask is kept as it is, with its overrun: it is never
cut here, and cannot be approved before somebody shortens it.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from pwb.content.platforms import PLATFORMS
from pwb.content.platforms import over_by as platforms_over_by
from pwb.content.social import PostText, SocialBrief
from pwb.extensions import db
from pwb.models import GenerationRequest, Property, SocialMediaPost, User, Website
from pwb.services import checks, ledger, post_drafts, post_results, runs, social_calls
from pwb.services.catalogue import structured_for
from pwb.services.connections import connection_for, settings
from pwb.services.generation_errors import GenerationFailed
from pwb.services.post_results import SocialResult
from pwb.services.runs import Start, Waiting
from pwb.services.social_calls import Calls, Outcome, Progress
from pwb.services.social_orders import SocialSpec, brief_for, checked_spec, details_of

_LOOK_AGAIN_SECONDS = 0.3
Event = Start | Progress | Waiting | SocialResult


@dataclass(frozen=True)
class PostsTicket:
    """An order of posts that may begin; the row of its first call is open."""

    calls: Calls
    first: runs.Ticket
    seed: str
    drafts: post_drafts.Frame


def writes_at_once(provider_id: str, model: str) -> bool:
    """Whether the model can be asked for the posts of all platforms in one call."""
    return structured_for(provider_id, model) == "json_schema"


def begin_posts(
    website: Website, actor: User | None, listing: Property, spec: SocialSpec
) -> PostsTicket:
    """Check the order and open its first row.

    Raises InvalidInput naming the field that won't do, and GenerationFailed (`not_configured`,
    `busy`, `invalid_input`) where no call can be made.
    """
    ledger.settle_overdue(website)
    spec = checked_spec(website, listing, spec)
    connection = connection_for(website, spec.model)
    one_call = writes_at_once(connection.provider, connection.model)
    brief = brief_for(website, listing, spec)
    calls = Calls(website, actor, listing.id, connection, one_call, spec)
    frame = post_drafts.Frame(
        website=website,
        actor=actor,
        listing=listing,
        brief=brief,
        details=details_of(brief),
        rules=checks.rules_with(website, brief.avoid),
        photos=post_drafts.first_photos(website, listing),
    )
    seed = spec.digest(listing)
    return PostsTicket(calls, social_calls.open_first(calls, brief, seed), seed, frame)


def run(ticket: PostsTicket) -> Generator[Event]:
    """Write the posts and say what happens: the start, how far each platform is, `Waiting` in
    silence, and last the result, whose posts are saved.

    Raises GenerationFailed where no platform got a post. Closing the iterator cancels what still
    runs. The ticket of a resent form waits for the first one's posts.
    """
    try:
        yield Start(ticket.first.request_id)
    except GeneratorExit:
        runs.give_up(ticket.first)
        raise
    if not ticket.first.is_new:
        yield from _first_ones_posts(ticket)
        return
    outcome = yield from social_calls.write(
        ticket.calls, ticket.drafts.brief, ticket.first, ticket.seed
    )
    if not outcome.posts:
        raise next(iter(outcome.failures.values()))
    shortened = yield from _shortened(ticket, outcome)
    posts = post_drafts.save_drafts(ticket.drafts, shortened)
    yield post_results.result_of(ticket.drafts, posts, shortened)


def _shortened(ticket: PostsTicket, outcome: Outcome) -> Generator[Event, None, Outcome]:
    """The outcome with those posts shorter that were too long, as far as a second ask helps."""
    brief = ticket.drafts.brief
    too_long = {name: post for name, post in outcome.posts.items() if _over(brief, name, post)}
    if not too_long:
        return outcome
    for name in too_long:
        yield Progress(name, "shortening")
    again = replace(brief, platforms=tuple(too_long), current=too_long)
    try:
        seed = f"{ticket.seed}|{ticket.first.request_id}"
        first = social_calls.open_first(ticket.calls, again, seed)
        second = yield from social_calls.write(ticket.calls, again, first, seed)
    except GenerationFailed:
        # Too long is better than not there: the page shows by how much.
        return outcome
    shorter = {
        name: post
        for name, post in second.posts.items()
        if _over(brief, name, post) < _over(brief, name, too_long[name])
    }
    return replace(outcome, posts=outcome.posts | shorter, later_rows=second.rows)


def _over(brief: SocialBrief, name: str, post: PostText) -> int:
    platform, form = PLATFORMS[name], brief.formats.get(name, "feed")
    return platforms_over_by(platform, form, post.caption, post.hashtags, brief.link)


def _first_ones_posts(ticket: PostsTicket) -> Generator[Event]:
    """The posts of the order that this form had sent before. Where the process that wrote them
    was ended before it saved them, they are saved now, as the rows have them."""
    frame, give_up = ticket.drafts, time.monotonic() + 2 * settings().ai_total_timeout
    keys = [ticket.calls.spec.key_for(group) for group in ticket.calls.groups(frame.brief)]
    while True:
        ledger.settle_overdue(frame.website)
        rows = post_drafts.rows_with_keys(frame, keys)
        posts = post_drafts.saved_drafts(frame, rows)
        db.session.close()
        if posts or _is_over(rows) or time.monotonic() > give_up:
            break
        yield Waiting()
        time.sleep(_LOOK_AGAIN_SECONDS)
    outcome = _outcome_of(frame.brief, rows)
    if not posts and not outcome.posts:
        raise next(iter(outcome.failures.values()))
    posts = posts or post_drafts.save_drafts(frame, outcome)
    yield post_results.result_of(frame, posts, _without_failures_of(posts, outcome))


def _without_failures_of(posts: Iterable[SocialMediaPost], outcome: Outcome) -> Outcome:
    """A saved post is none that failed, even where its row's answer was purged since."""
    saved = {post.platform for post in posts}
    failures = {name: each for name, each in outcome.failures.items() if name not in saved}
    return replace(outcome, failures=failures)


def _is_over(rows: list[GenerationRequest]) -> bool:
    """Whether no post can come of these rows: they failed, or their answers were purged."""
    return all(row.is_final and (row.status == "failed" or not row.output_data) for row in rows)


def _outcome_of(brief: SocialBrief, rows: list[GenerationRequest]) -> Outcome:
    """What earlier calls brought, each row being of the platforms in its options."""
    named = [(name, row) for row in rows for name in row.options["platforms"]]
    completed = {name: row for name, row in named if row.status == "completed"}
    failed = {name: runs.failure_of(row) for name, row in named if row.status == "failed"}
    return social_calls.outcome_of(brief.platforms, completed, failed)


def finish(ticket: PostsTicket) -> SocialResult:
    """Write the posts and return them; raises GenerationFailed."""
    *_, last = run(ticket)
    if not isinstance(last, SocialResult):
        raise TypeError(f"posts ended with {type(last).__name__}")
    return last


def generate_posts(
    website: Website, actor: User | None, listing: Property, spec: SocialSpec
) -> SocialResult:
    """Write posts and save them as drafts; raises InvalidInput and GenerationFailed."""
    return finish(begin_posts(website, actor, listing, spec))


class SocialPostGenerator:
    """The service as developers call it::

    SocialPostGenerator(property=prop, platforms=["instagram"], category="just_listed").generate()
    """

    def __init__(
        self,
        *,
        property: Property,
        platforms: Iterable[str],
        category: str = "just_listed",
        locale: str | None = None,
        formats: Mapping[str, str] | None = None,
        old_price: Decimal | None = None,
        event_at: datetime | None = None,
        event_end: datetime | None = None,
        link: str = "",
        model: str | None = None,
        actor: User | None = None,
    ) -> None:
        self.property = property
        self.website = db.session.get_one(Website, property.website_id)
        self.actor = actor
        self.spec = SocialSpec(
            platforms=tuple(platforms),
            category=category,
            locale=locale or self.website.default_locale,
            formats=dict(formats or {}),
            old_price=old_price,
            event_at=event_at,
            event_end=event_end,
            model=model,
            link=link,
        )

    def generate(self) -> SocialResult:
        """Write the posts; raises InvalidInput and GenerationFailed."""
        return generate_posts(self.website, self.actor, self.property, self.spec)

    def stream(self) -> Iterator[Event]:
        """The same, step by step, ending with the result."""
        return run(begin_posts(self.website, self.actor, self.property, self.spec))
