"""The faults that the simulator shows on request: one table, ``faults.toml``.

A fault is asked for in three ways, the first that applies wins:

1. the request header ``X-Simulate-Fault: NAME`` (any path),
2. `RunningSimulator.enqueue(NAME)` of `pwb.simulator.testing` (the next call),
3. a model id that ends in ``fault-NAME``, such as ``simulator/fault-429``.

Refusals, before the first byte, as JSON with an error status:
``400`` ``400-context`` ``400-max-tokens`` ``400-policy`` ``400-refusal`` ``400-model-not-found``
``401`` ``402`` ``402-afford`` ``403`` ``403-moderation`` ``404`` ``404-retired`` ``408`` ``413``
``422`` ``429`` ``429-retry-after`` ``429-long`` ``429-daily`` ``429-provider`` ``500`` ``502``
``503`` ``503-plain`` ``503-availability`` ``504`` ``524`` ``529``

Errors inside HTTP 200: ``error-in-200`` ``choices-error``, and in a stream
``stream-error-midway`` ``stream-error-midway-usage`` ``stream-cut`` ``stream-no-done``

Answers that are of no use, or of doubtful use: ``empty`` ``reasoning-only`` ``length``
``content-filter`` ``no-usage`` ``broken-json`` ``fenced-json`` ``wrapped-json`` ``not-json``
``violation`` ``extra-claims``

Trouble on the line: ``html`` ``html-200`` ``hang`` ``hang-midway`` ``slow-headers`` ``drip``
``flood``
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

_NOTHING: Mapping[str, Any] = MappingProxyType({})
_IN_MODEL = re.compile(r"(?:/|-)fault-([a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One row: with `status` ≥ 400 a refusal, else an `effect` on a good answer or on the line."""

    name: str
    summary: str
    status: int = 200
    message: str = ""
    error_type: str | None = None
    effect: str = ""
    retry_after: int | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    availability: Mapping[str, Any] | None = None

    @property
    def refuses(self) -> bool:
        """Whether the answer is an error status instead of a completion."""
        return self.status >= 400 and not self.effect


def named(name: str) -> Fault:
    """The fault of that name; `KeyError` where there is none."""
    return FAULTS[name]


def in_model(model_id: str) -> Fault | None:
    """The fault that a model id asks for, or None."""
    found = _IN_MODEL.search(model_id)
    return FAULTS.get(found.group(1)) if found else None


def _rows() -> dict[str, Fault]:
    table = tomllib.loads(Path(__file__).with_name("faults.toml").read_text("utf-8"))
    return {row["name"]: Fault(**row) for row in table["faults"]}


FAULTS: Mapping[str, Fault] = MappingProxyType(_rows())
