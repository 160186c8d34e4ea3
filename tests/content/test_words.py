"""Features, kinds and addresses under the names of other systems."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pwb.content.addresses import in_title_case
from pwb.content.features import FEATURES, canonical_features, feature_label, may_advertise
from pwb.content.kinds import (
    PROPERTY_STATES,
    PROPERTY_TYPES,
    STATUSES,
    canonical_state,
    canonical_status,
    canonical_type,
    label,
    state_label,
    status_label,
    type_label,
)

GROUPS = {"outdoor", "views", "comfort", "kitchen", "security", "building", "parking", "location"}


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("features.stadszicht", "city_view"),
        ("features.grachtzicht", "canal_view"),
        ("features.dakterras", "roof_terrace"),
        ("features.tuin", "garden"),
        ("amenities.open_haard", "fireplace"),
        ("amenities.lift", "elevator"),
        ("amenities.airco", "air_conditioning"),
        ("amenities.vloerverwarming", "floor_heating"),
        ("amenities.warmtepomp", "heat_pump"),
        ("amenities.zonnepanelen", "solar_panels"),
        ("amenities.dubbel_glas", "double_glazing"),
        ("amenities.hr_glas", "high_efficiency_glazing"),
        ("amenities.cv_ketel", "central_heating_boiler"),
        ("amenities.energielabel_a", "energy_label_a"),
        ("features.berging", "storage_room"),
        ("features.fietsenstalling", "bicycle_storage"),
        ("labels.kindvriendelijk", "child_friendly"),
        ("labels.nabij_ov", "near_public_transport"),
        ("features.sea_views", "sea_view"),
        ("Jardín", "garden"),
        ("Dishwasher", "dishwasher"),
        ("Central Air", "air_conditioning"),
        ("Carpet", "carpet"),
        ("Tile - Hard", "tile_flooring"),
        ("Wood", "wood_flooring"),
        ("heating.Wood", "wood_heating"),
        ("heating.Natural Gas", "gas_heating"),
        ("flooring.Vinyl Plank", "vinyl_flooring"),
        ("privatePool", "private_pool"),
        ("features.Salle de musique", "salle_de_musique"),
        ("Вид на парк", "вид_на_парк"),
    ],
)
def test_a_feature_has_one_key_whatever_it_is_called(raw, key):
    assert canonical_features([raw]) == (key,)


def test_features_keep_their_order_and_come_once():
    raw = ["features.tuin", "unheard of", "", "None", "jardin", "garden", "lift", "Unheard-Of"]
    assert canonical_features(raw) == ("garden", "unheard_of", "elevator")


@settings(deadline=None)
@given(st.lists(st.text(max_size=80)))
def test_any_words_become_keys_that_stay_the_same(raw):
    keys = canonical_features(raw)
    assert all(0 < len(key) <= 60 for key in keys)
    assert canonical_features(keys) == keys
    assert all(feature_label(key) for key in keys)


def test_every_word_of_the_feature_table_has_one_meaning():
    words = [word for feature in FEATURES.values() for word in (feature.key, *feature.synonyms)]
    assert len(words) == len(set(words))
    assert {feature.group for feature in FEATURES.values()} == GROUPS
    assert all(feature.label[0].isupper() for feature in FEATURES.values())


def test_features_have_labels_and_unknown_ones_readable_keys():
    assert feature_label("elevator") == "Lift"
    assert feature_label("elevator", locale="nl") == "Lift"
    assert feature_label("salle_de_musique") == "Salle de musique"


def test_features_that_describe_wanted_people_are_not_advertised():
    assert not may_advertise("child_friendly")
    assert not may_advertise("adults_only")
    assert may_advertise("wheelchair_access")
    assert may_advertise("salle_de_musique")


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        ("types.bovenwoning", "upper_floor_apartment"),
        ("types.grachtenpand", "canal_house"),
        ("types.herenhuis", "townhouse"),
        ("types.hoekwoning", "corner_house"),
        ("types.nieuwbouw", "new_build"),
        ("types.apartment", "apartment"),
        ("Single Family Residence", "house"),
        ("Condominium", "condominium"),
        ("Multi Family", "multi_family"),
        ("Ático", "penthouse"),
        ("Tree House", "tree_house"),
        ("", None),
    ],
)
def test_a_type_has_one_key(raw, key):
    assert canonical_type(raw) == key


def test_states_and_statuses_have_one_key():
    assert canonical_state("states.uitstekend") == "excellent"
    assert canonical_state("states.goed") == "good"
    assert canonical_state("states.gerenoveerd") == "renovated"
    assert canonical_state("states.nieuw") == "new_build"
    assert canonical_state("") is None
    statuses = ("Active", "Pending", "Closed", "Leased", "Withdrawn", "Expired", "sold", "odd")
    assert [canonical_status(word) for word in statuses] == [
        *("available", "reserved", "sold", "rented", "withdrawn", "off_market", "sold", None)
    ]


def test_kinds_have_labels():
    assert type_label("upper_floor_apartment") == "Upper-floor apartment"
    assert type_label("tree_house") == label("tree_house") == "Tree house"
    assert state_label("needs_renovation") == label("needs_renovation") == "Needs renovation"
    assert status_label("off_market") == label("off_market") == "Off market"
    for table in (PROPERTY_TYPES, PROPERTY_STATES, STATUSES):
        assert all(text for text in table.values())


@pytest.mark.parametrize(
    ("shouted", "written"),
    [
        ("3526 HIGH ST", "3526 High St"),
        ("6001 MCMAHON DR", "6001 McMahon Dr"),
        ("2561 19TH AVE", "2561 19th Ave"),
        ("207 ORANGE BLOSSOM CIR Unit C", "207 Orange Blossom Cir Unit C"),
        ("5333 PRIMROSE DR Unit 19A", "5333 Primrose Dr Unit 19A"),
        ("12 NW O'BRIEN-SMITH RD", "12 NW O'Brien-Smith Rd"),
        ("3432 Y ST", "3432 Y St"),
        ("US HWY 50", "US Hwy 50"),
        ("KNSM-laan 185", "KNSM-laan 185"),
        ("Paseo Marítimo", "Paseo Marítimo"),
        ("CALLE PEÑÓN 3", "Calle Peñón 3"),
        ("", ""),
    ],
)
def test_addresses_in_capitals_are_written_as_people_write_them(shouted, written):
    assert in_title_case(shouted) == written
