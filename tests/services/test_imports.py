"""Importing CSV files: what is read, what is refused, what is kept."""

import csv
import io
import itertools
import tracemalloc
from decimal import Decimal

import pytest
from sqlalchemy import event, func, select

from pwb.errors import InvalidInput
from pwb.extensions import db
from pwb.models import Action, AuditEvent, Property, PropertyText
from pwb.services import properties
from pwb.services.imports import Progress, RowProblem, Summary, import_listings
from tests import factories
from tests.conftest import SHARED

HEADER = "reference,prop_type_key,count_bedrooms,city,currency,price_sale_current_cents,features"


def run(agency, content, filename="listings.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return list(import_listings(agency.website, agency.agent, io.BytesIO(data), filename=filename))


def summary_of(events) -> Summary:
    assert isinstance(events[-1], Summary)
    return events[-1]


def problems_of(events):
    return [each for each in events if isinstance(each, RowProblem)]


def listing(reference):
    return db.session.scalar(select(Property).where(Property.reference == reference))


def recorded(action):
    return list(db.session.scalars(select(AuditEvent).where(AuditEvent.action == action)))


def test_the_example_listings_of_propertywebbuilder_are_taken_whole(agency):
    path = SHARED / "data" / "listings-pwb.csv"
    if not path.exists():
        pytest.skip("the shared example listings are not on this machine")
    result = summary_of(run(agency, path.read_bytes()))
    assert (result.rows, result.created, result.problems) == (15, 15, 0)
    villa = properties.by_reference(agency.website, "ES-VILLA-001")
    assert villa.text("de").origin == "imported"
    again = summary_of(run(agency, path.read_bytes()))
    assert (again.created, again.updated, again.unchanged) == (0, 0, 15)


def test_the_example_listings_with_reso_names_are_taken_whole(agency):
    path = SHARED / "data" / "listings-reso.csv"
    if not path.exists():
        pytest.skip("the shared example listings are not on this machine")
    result = summary_of(run(agency, path.read_bytes()))
    assert (result.rows, result.created, result.problems) == (244, 244, 0)
    first = properties.by_reference(agency.website, "SAC-0001")
    assert (first.currency, first.sale_price) == ("USD", Decimal(59222))


def test_bad_rows_are_told_with_line_and_column_and_good_ones_imported(agency):
    text = f"{HEADER}\nA,villa,3,Ronda,,100,\nB,villa,three,Ronda,,1x,\n\nC,villa,2,Ronda,,,\n"
    events = run(agency, text)
    told = [(each.line, each.column, each.value) for each in problems_of(events)]
    assert told == [(3, "count_bedrooms", "three"), (3, "price_sale_current_cents", "1x")]
    result = summary_of(events)
    assert (result.rows, result.created, result.failed_rows, result.problems) == (3, 2, 1, 2)
    assert listing("A").sale_price == Decimal(1)
    assert listing("A").currency == "EUR"
    assert listing("B") is None


def test_lines_are_counted_as_an_editor_counts_them(agency):
    text = 'reference,description_en,count_bedrooms\nA,"one\ntwo\r\nthree",1\nB,,x\n'
    (problem,) = problems_of(run(agency, text))
    assert problem.line == 5
    assert listing("A").text("en").description.splitlines() == ["one", "two", "three"]


def test_a_quotation_mark_that_is_not_closed_is_told_and_swallows_no_listing_silently(agency):
    text = 'reference,title_en\nA,fine\nB,"never closed\nC,lost\n'
    events = run(agency, text)
    (problem,) = problems_of(events)
    assert problem.line == 3
    assert "quotation mark" in problem.reason
    assert summary_of(events).created == 1
    assert listing("B") is None


def test_a_stray_quotation_mark_costs_its_own_row_only(agency):
    text = 'reference,title_en\nA,"He said "hi" there"\nB,fine\n'
    events = run(agency, text)
    assert [problem.line for problem in problems_of(events)] == [2]
    assert listing("B").text("en").title == "fine"


def test_updates_keep_what_the_file_has_no_column_for(agency):
    run(agency, f"{HEADER}\nA,villa,3,Ronda,USD,100,garden|gym\n")
    result = summary_of(run(agency, "reference,city\nA,Málaga\n"))
    assert (result.created, result.updated) == (0, 1)
    kept = listing("A")
    assert (kept.city, kept.bedrooms, kept.currency, kept.features) == (
        "Málaga",
        3,
        "USD",
        ["garden", "gym"],
    )


def test_an_empty_cell_clears_a_fact_and_never_a_text(agency):
    run(agency, "reference,city,title_en,title_de\nA,Ronda,Title,Titel\n")
    run(agency, "reference,city,title_en,title_de\nA,,,Neuer Titel\n")
    changed = listing("A")
    assert changed.city is None
    assert (changed.text("en").title, changed.text("de").title) == ("Title", "Neuer Titel")


@pytest.mark.parametrize(
    ("description", "origin"),
    [
        ("A bright villa near the sea with a shaded terrace and a pool.", "edited"),
        ("Ruhige Lage, großer Garten, zwei Bäder.", "imported"),
    ],
)
def test_an_import_that_edits_a_models_text_leaves_it_a_models(agency, description, origin):
    text = "A bright villa near the sea with a terrace and a pool."
    factories.create_property(
        agency.website, {"en": {"description": text, "origin": "generated"}}, reference="A"
    )
    run(agency, f'reference,description_en\nA,"{description}"\n')
    assert listing("A").text("en").origin == origin


def test_a_changed_listing_is_recorded_with_its_new_version_and_an_equal_one_is_not(agency):
    factories.create_property(
        agency.website,
        {"en": {"title": "Same", "origin": "generated"}},
        reference="A",
        city="Ronda",
    )
    factories.create_property(agency.website, reference="B", city="Ronda")
    events = run(agency, "reference,city,title_en\nA,Ronda,Same\nB,Málaga,\nC,Coín,\n")
    result = summary_of(events)
    assert (result.created, result.updated, result.unchanged) == (1, 1, 1)
    (change,) = recorded(Action.PROPERTY_CHANGED)
    assert (change.object_label, change.object_version) == ("B", 2)
    assert change.changes == {"city": ["Ronda", "Málaga"]}
    assert listing("A").text("en").origin == "generated"
    assert listing("A").lock_version == 1
    (whole,) = recorded(Action.PROPERTIES_IMPORTED)
    assert (whole.object_label, whole.actor_id) == ("listings.csv", agency.agent.id)
    assert whole.changes["created"] == [None, 1]


def test_a_form_opened_before_an_import_is_told_of_it(agency):
    old = factories.create_property(agency.website, reference="A", city="Ronda")
    run(agency, "reference,city\nA,Málaga\n")
    with pytest.raises(properties.EditConflict) as caught:
        properties.save_property(agency.website, agency.agent, old.id, {"city": "Coín"}, {}, 1)
    assert "Somebody" not in caught.value.message


def test_of_rows_with_one_reference_the_later_counts_and_a_note_says_so(agency):
    result = summary_of(run(agency, "reference,city\nA,Ronda\nB,Coín\nA,Málaga\n"))
    assert (result.created, result.updated) == (2, 1)
    assert listing("A").city == "Málaga"
    assert "A, line 4" in result.sentence()
    assert db.session.scalar(select(func.count()).select_from(Property)) == 2


def test_texts_in_a_language_the_website_lacks_are_left_out_with_a_note(app):
    agency = factories.create_agency(supported_locales=["en", "es"])
    result = summary_of(run(agency, "reference,title_en,title_de\nA,Title,Titel\n"))
    assert [text.locale for text in listing("A").texts] == ["en"]
    assert "German" in result.sentence()


def test_columns_nobody_knows_are_named_in_the_summary(agency):
    result = summary_of(run(agency, "reference,city,owner_phone\nA,Ronda,123\n"))
    assert "owner_phone" in result.sentence()


@pytest.mark.parametrize(
    "data",
    [
        "reference,city\nA,Málaga\n".encode("utf-8-sig"),
        "reference,city\nA,Málaga\n".encode("utf-16"),
        "reference,city\r\nA,Málaga\r\n".encode("cp1252"),
        "\r\n;\r\nreference;city\r\nA;Málaga\r\n".encode(),
        "reference\tcity\rA\tMálaga\r".encode(),
    ],
    ids=["utf-8 with mark", "utf-16", "windows, semicolons", "blank lines first", "old mac, tabs"],
)
def test_files_of_many_programs_are_read(agency, data):
    assert summary_of(run(agency, data)).created == 1
    assert listing("A").city == "Málaga"


def test_bytes_late_in_the_file_may_still_be_windows_own(agency):
    rows = "".join(f"R{number},{'Plain town ' * 10}\n" for number in range(620))
    data = f"reference,city\n{rows}".encode() + "Z,Málaga\n".encode("cp1252")
    assert len(data) > 64 * 1024
    summary_of(run(agency, data))
    assert listing("Z").city == "Málaga"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" \r\n\r\n",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(range(256)),
        b"PK\x03\x04" + bytes(100),
        b"name,age\nA,3\n",
        b"city,country\nRonda,Spain\n",
        b"reference,reference\nA,B\n",
        b'"reference,city\nA,B\n',
        b"\xff\xfe",
        b"x" * 3_000_000,
    ],
    ids=[
        "empty",
        "blank",
        "png",
        "zip",
        "unknown",
        "no key",
        "twice",
        "quote",
        "mark only",
        "one line",
    ],
)
def test_what_is_no_listing_file_is_refused_before_anything_is_written(agency, data):
    with pytest.raises(InvalidInput) as caught:
        import_listings(agency.website, agency.agent, io.BytesIO(data), filename="x.csv")
    assert caught.value.fields["file"]


def test_a_nul_byte_or_an_endless_line_further_on_is_a_bad_row(agency):
    padding = "".join(f"R{number},{'A town by the sea ' * 6}\n" for number in range(700))
    assert len(padding) > 64 * 1024
    data = f"reference,city\n{padding}A,Ro\0nda\nB,Ronda\n".encode() + b"x" * 3_000_000
    events = run(agency, data)
    first, second = problems_of(events)
    assert "NUL" in first.reason
    assert "could be read" in second.reason
    assert second.line == 704
    assert listing("A") is None
    assert listing("B") is not None


def test_many_problems_are_counted_and_the_first_ones_told(agency):
    rows = "".join(f"R{number},x\n" for number in range(450))
    events = run(agency, f"reference,count_bedrooms\n{rows}")
    assert len(problems_of(events)) == 200
    result = summary_of(events)
    assert (result.problems, result.failed_rows, result.created) == (450, 450, 0)


def test_progress_comes_after_each_batch_and_grows(agency):
    rows = "".join(f"R{number},3\n" for number in range(450))
    events = run(agency, f"reference,count_bedrooms\n{rows}")
    steps = [each for each in events if isinstance(each, Progress)]
    assert [step.created for step in steps] == [200, 400, 450]
    assert steps[-1].bytes_read >= len(rows)


def test_stopping_early_keeps_whole_batches_and_records_them(agency):
    rows = "".join(f"R{number},3\n" for number in range(500))
    stream = io.BytesIO(f"reference,count_bedrooms\n{rows}".encode())
    steps = import_listings(agency.website, agency.agent, stream, filename="x.csv")
    next(steps)
    steps.close()
    assert db.session.scalar(select(func.count()).select_from(Property)) == 200
    assert recorded(Action.PROPERTIES_IMPORTED)[0].changes["created"] == [None, 200]


def test_no_connection_is_held_between_two_events(app, agency):
    out = set()
    event.listen(db.engine, "checkout", lambda dbapi, record, proxy: out.add(id(record)))
    event.listen(db.engine, "checkin", lambda dbapi, record: out.discard(id(record)))
    rows = "".join(f"R{number},{number % 7 or 'x'}\n" for number in range(450))
    stream = io.BytesIO(f"reference,count_bedrooms\n{rows}".encode())
    for _ in import_listings(agency.website, agency.agent, stream, filename="x.csv"):
        assert not out


def test_a_row_the_database_refuses_is_told_and_the_others_are_kept(agency, monkeypatch):
    """The columns' own checks let nothing through that a database refuses; a rule of the
    database itself stands in for one that they do not know."""
    kind = db.engine.dialect.name
    if kind == "sqlite":
        db.session.execute(
            db.text(
                "CREATE TRIGGER refuse BEFORE INSERT ON pwb_properties WHEN NEW.city = 'Nowhere' "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    else:
        db.session.execute(
            db.text("ALTER TABLE pwb_properties ADD CONSTRAINT refuse CHECK (city <> 'Nowhere')")
        )
    db.session.commit()
    try:
        events = run(agency, "reference,city,title_en\nA,Ronda,T\nB,Nowhere,T\nC,Coín,T\n")
    finally:
        db.session.rollback()
        drop = (
            "DROP TRIGGER refuse"
            if kind == "sqlite"
            else "ALTER TABLE pwb_properties DROP CONSTRAINT refuse"
        )
        db.session.execute(db.text(drop))
        db.session.commit()
    (problem,) = problems_of(events)
    assert (problem.line, problem.value) == (3, "B")
    result = summary_of(events)
    assert (result.created, result.failed_rows) == (2, 1)
    assert db.session.scalar(select(func.count()).select_from(PropertyText)) == 2


def test_two_websites_may_use_the_same_references(agency):
    stranger = factories.create_agency()
    run(agency, "reference,city\nA,Ronda\n")
    assert summary_of(run(stranger, "reference,city\nA,Coín\n")).created == 1
    assert properties.by_reference(agency.website, "A").city == "Ronda"


class Generated(io.RawIOBase):
    """A file of that many listings, made as it is read."""

    def __init__(self, rows: int) -> None:
        super().__init__()
        words = "A bright home with a view of the sea and a garden. " * 10
        lines = (f"R{number},{number % 9},Ronda,Title {number},{words}\n" for number in range(rows))
        header = "reference,count_bedrooms,city,title_en,description_en\n"
        self.parts = itertools.chain([header], lines)
        self.rest = b""

    def readable(self):
        return True

    def read(self, size=-1):
        while len(self.rest) < size:
            part = next(self.parts, None)
            if part is None:
                break
            self.rest += part.encode()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_memory_does_not_grow_with_the_file(agency):
    """Fifteen hundred listings kept in memory would take some twelve megabytes more."""
    tracemalloc.start()
    try:
        steps = import_listings(agency.website, None, Generated(1_500), filename="many.csv")
        assert summary_of(list(steps)).created == 1_500
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000, f"{peak:,} bytes at the most"


def test_the_longest_allowed_texts_fit(agency):
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["reference", "title_en", "description_en", "meta_description_en"])
    writer.writerow(["R" * 64, "t" * 255, "d" * 20_000, "m" * 320])
    assert summary_of(run(agency, out.getvalue())).problems == 0
