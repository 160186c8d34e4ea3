"""The one retry layer: which failures are worth another attempt, and how long to wait for it.

Whether another attempt can help is on the error itself (`retryable`, only ever set where the
failed attempt cannot have been billed). Here the caps are held: attempts, the longest wait that
a server may ask for, and the total time of the call.
"""

from collections.abc import Callable
from typing import TypeVar

import backoff

from pwb.llm.calls import Call
from pwb.llm.errors import LLMError
from pwb.llm.types import Limits

T = TypeVar("T")


def with_retries(attempt: Callable[[], T], call: Call, limits: Limits) -> T:
    """The result of the first attempt that succeeds; else the last error, its attempts counted."""
    pauses = _Pauses(call, limits)
    patiently = backoff.on_exception(
        backoff.runtime,
        LLMError,
        value=pauses.wait,
        giveup=pauses.is_final,
        max_tries=limits.max_attempts,
        jitter=None,
        logger=None,
    )
    try:
        return patiently(attempt)()
    except LLMError as error:
        error.attempts = call.attempts
        raise


class _Pauses:
    def __init__(self, call: Call, limits: Limits) -> None:
        self._call = call
        self._limits = limits
        self._pause = 0.0

    def is_final(self, error: Exception) -> bool:
        if not isinstance(error, LLMError):
            return True
        if not error.retryable or error.billed != "no" or self._call.halted:
            return True
        self._pause = self._pause_after(error)
        too_long = self._pause > self._limits.max_retry_after
        return too_long or self._pause >= self._call.remaining

    def wait(self, _: LLMError) -> float:
        # backoff sleeps deaf to a cancel, so the wait happens here and leaves it nothing to sleep.
        self._call.wait(self._pause)
        return 0.0

    def _pause_after(self, error: LLMError) -> float:
        if error.retry_after is not None:
            return error.retry_after
        base = self._limits.backoff * 2.0 ** (self._call.attempts - 1)
        # Never sooner than the base, so that many callers spread instead of hurrying.
        return min(base + float(backoff.full_jitter(base)), self._limits.max_retry_after)
