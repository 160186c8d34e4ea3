"""The error tree of the wire: one class a code, and everything a caller may want to know on it."""

from typing import Any, ClassVar

from pwb.llm.types import Billed, Usage


class LLMError(Exception):
    """A call that gave no usable answer.

    The message is one sentence of cause, safe to show: it never holds the key nor unbounded text
    of the provider. `detail` is the provider's own wording, shortened and cleaned. `billed` says
    whether the call may cost money; `retryable` whether trying again later can help, from
    `retry_after` seconds on where known. `partial_text` is what had arrived.
    """

    code: ClassVar[str] = "provider_error"

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        generation_id: str | None = None,
        usage: Usage | None = None,
        billed: Billed = "no",
        retryable: bool = False,
        affordable_tokens: int | None = None,
        successors: tuple[str, ...] = (),
        detail: str | None = None,
        partial_text: str = "",
        attempts: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after
        self.request_id = request_id
        self.generation_id = generation_id
        self.usage = usage
        self.billed: Billed = billed
        self.retryable = retryable
        self.affordable_tokens = affordable_tokens
        self.successors = successors
        self.detail = detail
        self.partial_text = partial_text
        self.attempts = attempts

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(kind: type[LLMError], state: dict[str, Any]) -> LLMError:
    return kind(**state)


class InvalidApiKey(LLMError):
    """The key is missing, malformed, wrong, disabled or expired."""

    code = "invalid_api_key"


class InsufficientCredits(LLMError):
    """The account or key cannot pay; `affordable_tokens` is what it still could."""

    code = "insufficient_credits"


class ContentBlocked(LLMError):
    """A guardrail, moderation or the model itself refused this text."""

    code = "content_blocked"


class ModelNotFound(LLMError):
    """No such model, or none under the current settings; `successors` may name others."""

    code = "model_not_found"


class RateLimited(LLMError):
    """Too many calls for now."""

    code = "rate_limited"


class ModelUnavailable(LLMError):
    """No provider of the model has room now."""

    code = "model_unavailable"


class LLMTimeout(LLMError):
    """The provider, or one of our own time limits, gave up waiting."""

    code = "timeout"


class ProviderError(LLMError):
    """The provider failed, cannot be reached or refused the request itself."""

    code = "provider_error"


class GenerationNotFound(ProviderError):
    """The provider's books do not know this generation, or not yet."""


class InvalidResponse(LLMError):
    """An answer came, but no usable one: cut off, empty, reasoning only or unreadable."""

    code = "invalid_response"


class CutOff(InvalidResponse):
    """The answer reached the number of tokens that was allowed; more of them would help."""


class Cancelled(LLMError):
    """The caller cancelled."""

    code = "cancelled"
