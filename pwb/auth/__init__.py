"""Signing in and out."""

from pwb.auth.routes import bp as bp
