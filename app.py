"""The WSGI entry point: `gunicorn app:app`, `flask run`."""

from pwb import create_app

app = create_app()
