"""Posts by how far they are, narrowed, and those of one listing."""

from __future__ import annotations

from typing import Any

from pwb.extensions import db
from pwb.models import Property, SocialMediaPost, Website
from pwb.models.base import utcnow
from pwb.services import social_lists
from tests import factories


def post(listing: Property, **values: Any) -> SocialMediaPost:
    defaults = {"platform": "facebook", "category": "just_listed", "locale": "en"}
    row = SocialMediaPost(
        website_id=listing.website_id, property_id=listing.id, **defaults | values
    )
    db.session.add(row)
    db.session.commit()
    return row


def listed(website: Website, **wanted: str) -> list[SocialMediaPost]:
    return list(social_lists.list_posts(website, wanted).items)


def test_each_state_has_its_own_posts_and_a_stale_one_is_not_among_the_approved(
    agency: factories.Agency,
) -> None:
    listing = factories.create_property(agency.website)
    draft = post(listing)
    approved = post(listing, status="approved")
    stale = post(listing, status="approved", stale_at=utcnow())
    archived = post(listing, status="archived", stale_at=utcnow())
    stranger = factories.create_property(factories.create_website())
    post(stranger)
    assert listed(agency.website) == listed(agency.website, state="no such") == [draft]
    assert listed(agency.website, state="approved") == [approved]
    assert listed(agency.website, state="stale") == [stale]
    assert listed(agency.website, state="archived") == [archived]
    assert social_lists.waiting(agency.website) == social_lists.Waiting(drafts=1, stale=1)


def test_posts_are_narrowed_by_platform_category_language_and_reference(
    agency: factories.Agency,
) -> None:
    first = post(factories.create_property(agency.website, reference="ES-1"))
    second = post(
        factories.create_property(agency.website, reference="ES-2%"),
        platform="twitter",
        category="sold",
        locale="de",
    )
    assert listed(agency.website) == [second, first]
    for name, value in {"platform": "twitter", "category": "sold", "locale": "de"}.items():
        assert listed(agency.website, **{name: value}) == [second], name
    assert listed(agency.website, property="es-1") == [first]
    assert listed(agency.website, property="%") == [second]
    assert listed(agency.website, property="es 3", platform="twitter") == []


def test_a_listings_posts_come_newest_first_and_named_ones_as_the_platforms_stand(
    agency: factories.Agency,
) -> None:
    listing = factories.create_property(agency.website)
    tiktok, instagram = post(listing, platform="tiktok"), post(listing, platform="instagram")
    archived = post(listing, status="archived")
    other = post(factories.create_property(agency.website))
    assert social_lists.posts_of(agency.website, listing, most=5) == [instagram, tiktok]
    assert social_lists.posts_of(agency.website, listing, most=1) == [instagram]
    named = [tiktok.id, instagram.id, archived.id, other.id, 2**31 - 1]
    found = social_lists.posts_of(agency.website, listing, named, most=5)
    assert found == [instagram, archived, tiktok]
    assert social_lists.posts_of(factories.create_website(), listing, named, most=5) == []
