"""The import page: refused beside the field, or told while it runs."""

import io
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from pwb.extensions import db
from pwb.models import Property
from tests import factories
from tests.pages import Person, check_page

IMPORT = "/site_admin/properties/import"
ROWS = "reference,count_bedrooms,city\nA,3,Ronda\nB,six,Coín\nC,2,Málaga\n"


def upload(content, name="listings.csv"):
    data = content if isinstance(content, bytes) else content.encode()
    return {"file": (io.BytesIO(data), name)}


def as_events(response):
    blocks = response.get_data(as_text=True).strip().split("\n\n")
    pairs = (block.split("\n", 1) for block in blocks)
    return [
        (name.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
        for name, data in pairs
    ]


def send(person, content, name="listings.csv", status=200, **kwargs):
    person.get(IMPORT)
    return person.post(IMPORT, upload(content, name), status, **kwargs)


EVENTS = {"headers": {"Accept": "text/event-stream"}}


def count():
    return db.session.scalar(select(func.count()).select_from(Property))


def test_the_page_names_both_sets_of_columns_and_the_limit(agent):
    page = agent.get(IMPORT)
    for words in ("reference", "ListingId", "64 MB"):
        assert words in page.text


def test_a_plain_form_gets_a_whole_page_with_the_bad_rows_and_the_outcome(agent):
    page = check_page(send(agent, ROWS).get_data(as_text=True))
    assert "count_bedrooms six This is not a number" in page.text
    assert "3 rows read: 2 added, 0 updated, 0 unchanged, 1 not imported." in page.text
    assert count() == 2


def test_a_script_gets_events(agent):
    response = send(agent, ROWS, **EVENTS)
    assert response.mimetype == "text/event-stream"
    assert response.headers["X-Accel-Buffering"] == "no"
    names = [name for name, _ in as_events(response)]
    assert names == ["problem", "progress", "done"]
    told = dict(as_events(response))
    assert told["problem"]["line"] == 3
    assert (told["problem"]["column"], told["problem"]["value"]) == ("count_bedrooms", "six")
    assert told["progress"]["created"] == 2
    assert told["done"]["failed_rows"] == 1
    assert told["done"]["sentence"].startswith("3 rows read")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "not a CSV file"),
        ("name,age\nA,3\n", "No column of this file is known"),
        ("", "empty"),
    ],
    ids=["png", "columns", "empty"],
)
def test_a_file_that_will_not_do_is_refused_beside_the_field(agent, content, complaint):
    response = send(agent, content, status=422)
    page = check_page(response.get_data(as_text=True))
    assert complaint in page.text
    assert 'id="file-error"' in page.html
    error = send(agent, content, status=422, **EVENTS).get_json()["error"]
    assert complaint in error["message"]
    assert count() == 0


def test_no_file_is_refused_too(agent):
    agent.get(IMPORT)
    page = agent.submit(IMPORT, {}, 422)
    assert "Choose a file first." in page.text
    assert agent.post(IMPORT, {}, 422, **EVENTS).get_json()["error"]["code"] == "invalid_input"
    assert agent.post(IMPORT, {"file": "no upload"}, 422).status_code == 422


def test_what_is_in_the_file_is_shown_as_text_only(agent):
    text = "reference,count_bedrooms\nA,<script>alert(1)</script>\n"
    html = send(agent, text, name="<b>x</b>.csv").get_data(as_text=True)
    assert "<script>alert" not in html
    assert "<b>x</b>" not in html


def elsewhere(app, work):
    """Do `work` with a signed-in person, in a thread without a test's open context: an answer
    that is read piece by piece holds its own context in between, as on a server."""
    agency = factories.create_agency()
    email = agency.agent.email
    db.session.remove()
    app.test_client_class = FlaskClient

    def signed_in():
        return work(Person(app).sign_in(email))

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(signed_in).result(60)


def test_a_closed_browser_leaves_whole_batches(app):
    rows = "".join(f"R{number},3\n" for number in range(500))

    def leave_early(person):
        response = send(person, f"reference,count_bedrooms\n{rows}", buffered=False, **EVENTS)
        first = next(iter(response.response))
        response.close()
        return first

    assert b"progress" in elsewhere(app, leave_early)
    assert count() == 200


@pytest.mark.parametrize("accept", ["text/html", "text/event-stream"])
def test_the_answer_holds_no_connection_while_the_browser_is_slow(app, accept):
    rows = "".join(f"R{number},{number % 9 or 'x'}\n" for number in range(500))
    out = set()
    event.listen(db.engine, "checkout", lambda dbapi, record, proxy: out.add(id(record)))
    event.listen(db.engine, "checkin", lambda dbapi, record: out.discard(id(record)))

    def read_slowly(person):
        file, headers = f"reference,count_bedrooms\n{rows}", {"Accept": accept}
        response = send(person, file, buffered=False, headers=headers)
        held = [len(out) for _ in response.response]
        response.close()
        return held

    held = elsewhere(app, read_slowly)
    assert len(held) > 50
    assert not any(held)


def test_listings_go_to_the_own_website_only(agent, agency):
    stranger = factories.create_property(factories.create_website(), reference="A", city="Coín")
    send(agent, ROWS).get_data()
    db.session.expire_all()
    assert stranger.city == "Coín"
    query = select(Property).where(Property.website_id == agency.website.id)
    assert {row.reference for row in db.session.scalars(query)} == {"A", "C"}


def test_a_database_that_fails_midway_ends_the_answer_with_a_sentence(agent, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from pwb.services import imports

    calls = []

    def fails_second(job, rows, real=imports._write_once):
        calls.append(rows)
        if len(calls) == 2:
            raise OperationalError("INSERT", {}, Exception("gone"))
        return real(job, rows)

    monkeypatch.setattr(imports, "_write_once", fails_second)
    rows = "".join(f"R{number},3\n" for number in range(500))
    name, told = as_events(send(agent, f"reference,count_bedrooms\n{rows}", **EVENTS))[-1]
    assert name == "error"
    assert "200 rows were imported" in told["message"]
    calls.clear()
    page = check_page(send(agent, f"reference,count_bedrooms\n{rows}").get_data(as_text=True))
    assert "Import stopped" in page.text
