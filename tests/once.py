"""What every app compiles anew, compiled once a process: every test makes an app of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule

from pwb.extensions import db


class TemplatesOnce(BytecodeCache):
    """The templates' byte code."""

    compiled: ClassVar[dict[str, bytes]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.compiled:
            bucket.bytecode_from_string(self.compiled[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key] = bucket.bytecode_to_string()


def compile_rules_once() -> None:
    """Have the functions that build URLs made once for each rule.

    Making them is nine tenths of `create_app`. They get the rule as an argument and hold
    nothing of it but what the key names.
    """
    compile_builder = Rule._compile_builder
    made: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (rule.rule, rule.host, rule.subdomain, repr(rule.defaults), append_unknown)
        if key not in made:
            made[key] = compile_builder(rule, append_unknown)
        return made[key]

    Rule._compile_builder = once  # type: ignore[method-assign] # Werkzeug has no setting for it.


_engines: dict[str, Engine] = {}


def make_engines_once() -> None:
    """Have apps on the same database share an engine, with all the statements it has compiled.

    What is left in its pool has to go before the database becomes another: `let_go_of_engines`.
    """
    make = db._make_engine

    def once(bind_key: str | None, options: dict[str, Any], app: Flask) -> Engine:
        key = repr(sorted(options.items()))
        if key not in _engines:
            _engines[key] = make(bind_key, options, app)
        return _engines[key]

    db._make_engine = once  # type: ignore[method-assign] # As its documentation suggests.


def let_go_of_engines() -> None:
    """Close every connection that rests in a pool."""
    for engine in _engines.values():
        engine.dispose()
