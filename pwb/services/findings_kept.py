"""The findings of the latest checks: a page that shows a text again need not check it again.

A check depends on nothing but what it is given and the year, and all of that is in the key: what
is kept can never be out of date.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from threading import Lock

from pwb.services.checks import Findings

MOST_FINDINGS = 10_000
"""How many findings are kept in a process, about 1 KB each; a text without any counts as one."""


class KeptFindings:
    """Findings by what they were made of; those that were asked for longest ago go first. What it
    gives is shared and not to be changed."""

    def __init__(self, most: int = MOST_FINDINGS) -> None:
        self._most = most
        self._found: OrderedDict[Hashable, Findings] = OrderedDict()
        self._size = 0
        self._lock = Lock()

    def of(self, key: Hashable, check: Callable[[], Findings]) -> Findings:
        """The findings kept under the key, else those of the check, which are kept from now on."""
        key = (key, datetime.now(UTC).year)  # Ages are reckoned from it.
        with self._lock:
            found = self._found.get(key)
            if found is not None:
                self._found.move_to_end(key)
                return found
        found = check()
        with self._lock:
            self._keep(key, found)
        return found

    def _keep(self, key: Hashable, found: Findings) -> None:
        if key in self._found:
            return
        self._found[key] = found
        self._size += _size(found)
        while self._size > self._most and self._found:
            self._size -= _size(self._found.popitem(last=False)[1])


def _size(found: Findings) -> int:
    lists = (found.violations, found.advice, found.claims, found.words)
    return 1 + sum(len(items) for items in lists)
