"""Failures of a generation, each with its cause, its cure, who can do it, and its HTTP status."""

from __future__ import annotations

from math import ceil
from typing import Any

from pwb.errors import PortalError
from pwb.llm.errors import CutOff, LLMError

STATUS = {
    "invalid_input": 422,
    "busy": 429,
    "in_progress": 409,
    "cancelled": 409,
    "not_configured": 409,
    "invalid_api_key": 409,
    "insufficient_credits": 402,
    "budget_exceeded": 402,
    "content_blocked": 422,
    "model_not_found": 409,
    "rate_limited": 429,
    "model_unavailable": 503,
    "timeout": 504,
    "invalid_response": 502,
    "provider_error": 502,
}

CURES = {
    "busy": "Wait until one of the running texts is finished; they are listed under Requests.",
    "in_progress": "Wait for it to finish; it is listed under Requests.",
    "cancelled": "Generate again whenever you like.",
    "not_configured": "A site admin can add an API key under Site admin > Integrations, or the "
    "portal's operator can set OPEN_ROUTER_API_KEY.",
    "invalid_api_key": "A site admin can enter a working key under Site admin > Integrations.",
    "insufficient_credits": "A site admin can add credits at the provider, raise the key's limit, "
    "or lower Max tokens under Site admin > Integrations.",
    "content_blocked": "Change the listing's wording, or ask a site admin to choose another model.",
    "model_not_found": "A site admin can choose another model under Site admin > Integrations.",
    "rate_limited": "Wait a little, then generate again.",
    "model_unavailable": "Try again in a minute, or ask a site admin to choose another model.",
    "timeout": "Try again; if it keeps happening, a site admin can choose a faster model.",
    "invalid_response": "Try again; if it keeps happening, a site admin can choose another model.",
    "provider_error": "Try again in a minute; if it keeps happening, tell a site admin.",
}

# What the codes mean where failures are counted rather than told one by one.
CAUSES = {
    "busy": "Too many texts were being written at once",
    "cancelled": "Stopped by a person, or the page was closed",
    "not_configured": "AI was not configured",
    "invalid_api_key": "The provider refused the API key",
    "insufficient_credits": "The account at the provider ran out of credits",
    "budget_exceeded": "The month's budget was used up",
    "content_blocked": "The provider or the model refused the content",
    "model_not_found": "The model no longer exists",
    "rate_limited": "The provider's rate limit was reached",
    "model_unavailable": "The model was overloaded or away",
    "timeout": "The answer took too long, or the portal was stopped",
    "invalid_response": "The answer was no usable text",
    "provider_error": "The provider had a fault",
}


class GenerationFailed(PortalError):
    """A generation that ended without a text.

    `request_id` is the ledger's row, None where nothing was written.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        request_id: int | None = None,
        resolution: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        cure = CURES.get(code, "") if resolution is None else resolution
        super().__init__(message, resolution=cure, retry_after=retry_after)
        self.code = code
        self.status = STATUS.get(code, 502)
        self.request_id = request_id

    def as_json(self) -> dict[str, Any]:
        """The failure as the JSON endpoint and `--json` answer it."""
        return {
            "success": False,
            "request_id": self.request_id,
            "error": {
                "code": self.code,
                "message": self.message,
                "resolution": self.resolution,
                "retry_after": self.retry_after,
            },
        }


class NotConfigured(GenerationFailed):
    """No key to call an AI service with."""

    def __init__(
        self,
        message: str = "AI is not configured for this website.",
        resolution: str | None = None,
    ) -> None:
        super().__init__("not_configured", message, resolution=resolution)


def from_llm(error: LLMError, request_id: int) -> GenerationFailed:
    """The wire's error as the person at the page should read it."""
    wait = None if error.retry_after is None else max(1, round(error.retry_after))
    return GenerationFailed(
        error.code,
        error.message,
        request_id=request_id,
        resolution=_particular_cure(error),
        retry_after=wait,
    )


def _particular_cure(error: LLMError) -> str | None:
    """A cure with the number or name that the provider gave, where it gave one."""
    if error.code == "insufficient_credits" and error.affordable_tokens:
        return (
            f"A site admin can lower Max tokens to {error.affordable_tokens} under Site admin > "
            "Integrations, or add credits at the provider."
        )
    if error.code == "model_not_found" and error.successors:
        names = ", ".join(error.successors[:3])
        return f"A site admin can choose a successor under Site admin > Integrations: {names}."
    if isinstance(error, CutOff):
        return "A site admin can raise Max tokens under Site admin > Integrations."
    if error.code == "rate_limited":
        return _when_to_come_back(error)
    return _cure_of_status(error.status) if error.code == "provider_error" else None


def _when_to_come_back(error: LLMError) -> str | None:
    if error.retry_after:
        return f"Try again in {in_words(error.retry_after)}."
    if not error.retryable:
        return "Try again tomorrow, or ask a site admin to add credits or choose another model."
    return None


def _cure_of_status(status: int | None) -> str | None:
    """Of statuses that will be the same at the next try."""
    if status in {400, 413, 422}:
        return (
            "A site admin can choose another model, or another number of Max tokens, under "
            "Site admin > Integrations."
        )
    if status is not None and 300 <= status < 400:
        return "Tell the portal's operator: the address of the AI service leads elsewhere."
    return None


def in_words(seconds: float) -> str:
    """A wait as people say it, never shorter than it is."""
    for size, unit in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{ceil(seconds / size)} {unit}"
    return "1 second" if seconds <= 1 else f"{ceil(seconds)} seconds"
