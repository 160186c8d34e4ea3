"""A person at a browser, as far as a test client can be one."""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

from flask import Flask, session
from flask.testing import FlaskClient
from flask_wtf.csrf import generate_csrf
from werkzeug.test import TestResponse

from pwb.auth.routes import begin_session
from pwb.extensions import db
from pwb.models import User
from tests.factories import PASSWORD

VOID_ACTIONS = ("", "#", None)


class Page(HTMLParser):
    """What the checks below need of a page, read once."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.ids: list[str] = []
        self.forms: list[dict[str, Any]] = []
        self.h1: list[str] = []
        self.title = ""
        self._in: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        if "id" in values:
            self.ids.append(str(values["id"]))
        if tag == "form":
            self.forms.append({"method": "get"} | values | {"fields": {}})
        if tag in {"input", "button"} and self.forms and values.get("name"):
            self.forms[-1]["fields"][values["name"]] = values.get("value") or ""
        if tag == "h1":
            self.h1.append("")
        if tag in {"h1", "title"}:
            self._in = tag
        for name in values:
            assert not name.startswith("on") and name != "style", f"inline {name} on <{tag}>"

    def handle_endtag(self, tag: str) -> None:
        if tag == self._in:
            self._in = None

    def handle_data(self, data: str) -> None:
        if self._in == "h1":
            self.h1[-1] += data
        elif self._in == "title":
            self.title += data

    @property
    def text(self) -> str:
        body = re.sub(r"<(script|style)\b.*?</\1>", " ", self.html, flags=re.S)
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def form_to(page: Page, address: str) -> dict[str, Any]:
    """The page's form that is sent to this address."""
    return next(form for form in page.forms if form.get("action") == address)


def check_page(html: str) -> Page:
    """One h1 that the title begins with, unique ids, forms that go somewhere with a token."""
    page = Page(html)
    assert len(page.h1) == 1, f"{len(page.h1)} h1 on the page"
    heading = re.sub(r"\s+", " ", page.h1[0]).strip()
    assert heading and page.title.strip().startswith(heading), (heading, page.title)
    twice = [name for name, count in Counter(page.ids).items() if count > 1]
    assert not twice, f"ids used twice: {twice}"
    for form in page.forms:
        if str(form["method"]).lower() == "post":
            assert form.get("action") not in VOID_ACTIONS, f"a form without action: {form}"
            assert "csrf_token" in form["fields"], f"a form without token: {form['action']}"
    return page


class OwnContextClient(FlaskClient):
    """Gives each request an app context of its own, as a server does; a test's context is open
    around it, and Flask would share that one's `g` and database session."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        with self.application.app_context():
            response = super().open(*args, **{"buffered": True} | kwargs)
        db.session.expire_all()
        return response


class Person:
    """A test client that signs in, carries tokens and checks every page it is shown."""

    def __init__(self, app: Flask, base_url: str = "http://127.0.0.1:5000") -> None:
        self.client = app.test_client()
        self.base_url = base_url
        self.token = ""

    def get(self, path: str, status: int = 200, **kwargs: Any) -> Page:
        """Open a page, which must answer with `status` and be well formed."""
        response = self.client.get(path, base_url=self.base_url, **kwargs)
        return self._shown(response, status)

    def post(
        self, path: str, data: dict[str, Any] | None = None, status: int = 302, **kwargs: Any
    ) -> TestResponse:
        """Send a form with the session's token."""
        fields = {"csrf_token": self.token} | (data or {})
        headers = {"Sec-Fetch-Site": "same-origin"} | kwargs.pop("headers", {})
        response = self.client.post(
            path, data=fields, base_url=self.base_url, headers=headers, **kwargs
        )
        assert response.status_code == status, (response.status_code, _excerpt(response))
        return response

    def submit(self, path: str, data: dict[str, Any] | None = None, status: int = 200) -> Page:
        """Send a form and follow its redirects to the page that comes."""
        fields = {"csrf_token": self.token} | (data or {})
        response = self.client.post(
            path,
            data=fields,
            base_url=self.base_url,
            headers={"Sec-Fetch-Site": "same-origin"},
            follow_redirects=True,
        )
        return self._shown(response, status)

    def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        """Sign in with the form; fails the test where that does not work."""
        self.get("/login")
        response = self.post("/login", {"email": email, "password": password})
        assert response.location.endswith("/site_admin/"), response.location
        self.get("/site_admin/")
        return self

    def signed_in(self, user: User) -> Person:
        """With the session that the form would begin, for tests that are about something else."""
        with self.client.application.test_request_context(base_url=self.base_url):
            begin_session(user)
            self.token = generate_csrf()
            begun = dict(session)
        with self.client.session_transaction(base_url=self.base_url) as own:
            own.update(begun)
        return self

    def _shown(self, response: TestResponse, status: int) -> Page:
        assert response.status_code == status, (response.status_code, _excerpt(response))
        page = check_page(response.get_data(as_text=True))
        token = re.search(r'name="csrf-token" content="([^"]+)"', page.html)
        self.token = token.group(1) if token else self.token
        return page


def _excerpt(response: TestResponse) -> str:
    return (
        Page(response.get_data(as_text=True)).text[:600]
        if response.mimetype == "text/html"
        else response.get_data(as_text=True)[:600]
    )
