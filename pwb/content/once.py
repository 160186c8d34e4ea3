"""Making what takes long to make once, however many threads want it first."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import TypeVar

T = TypeVar("T")


def once_each(make: Callable[..., T]) -> Callable[..., T]:
    """`functools.cache` for large tables: of the threads that want the same one, the first makes
    it and the others wait. Each of fifty would make one of its own, fifty times as slowly.
    """
    made: dict[tuple[object, ...], T] = {}
    making = RLock()

    @wraps(make)
    def get(*key: object) -> T:
        if key not in made:
            with making:
                if key not in made:
                    made[key] = make(*key)
        return made[key]

    return get
