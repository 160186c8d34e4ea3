"""From what a provider says went wrong to the error tree: one table, both body shapes.

The table is OpenRouter's; the names that OpenAI and Anthropic use for the same things are added.
"""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any

from pwb.llm import errors
from pwb.llm.errors import LLMError
from pwb.llm.parsing import amount, count, excerpt, identifier, mapping, words

BY_STATUS: dict[int, type[LLMError]] = {
    401: errors.InvalidApiKey,
    402: errors.InsufficientCredits,
    403: errors.ContentBlocked,
    404: errors.ModelNotFound,
    408: errors.LLMTimeout,
    429: errors.RateLimited,
    503: errors.ModelUnavailable,
    504: errors.LLMTimeout,
    524: errors.LLMTimeout,
    529: errors.ModelUnavailable,
}
BY_TYPE: dict[str, type[LLMError]] = {
    "authentication": errors.InvalidApiKey,
    "authentication_error": errors.InvalidApiKey,
    "invalid_api_key": errors.InvalidApiKey,
    "payment_required": errors.InsufficientCredits,
    "billing_error": errors.InsufficientCredits,
    "insufficient_quota": errors.InsufficientCredits,
    "permission_denied": errors.ContentBlocked,
    "content_policy_violation": errors.ContentBlocked,
    "content_filter": errors.ContentBlocked,
    "refusal": errors.ContentBlocked,
    "not_found": errors.ModelNotFound,
    "not_found_error": errors.ModelNotFound,
    "model_not_found": errors.ModelNotFound,
    "rate_limit_exceeded": errors.RateLimited,
    "rate_limit_error": errors.RateLimited,
    "provider_overloaded": errors.ModelUnavailable,
    "overloaded_error": errors.ModelUnavailable,
    "timeout": errors.LLMTimeout,
    "timeout_error": errors.LLMTimeout,
}
# These types say more than the status they come with.
DECISIVE_TYPES = {
    "content_policy_violation",
    "content_filter",
    "refusal",
    "model_not_found",
    "insufficient_quota",
    "billing_error",
}
RETRYABLE_STATUSES = {408, 429, 500, 502, 503, 504, 529}
RETRYABLE_TYPES = {
    "rate_limit_exceeded",
    "rate_limit_error",
    "provider_overloaded",
    "overloaded_error",
    "provider_unavailable",
    "server",
    "server_error",
    "api_error",
    "timeout",
    "timeout_error",
}
DAILY_CAP = re.compile(r"per[- ]day|daily", re.IGNORECASE)
AFFORDABLE = re.compile(r"can only afford (\d[\d,]{0,14})", re.IGNORECASE)
NO_CREDIT = re.compile(r"credit balance is too low", re.IGNORECASE)
MAX_WAIT = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Context:
    """What an error message may name (provider, model) and what it must not (the key)."""

    label: str
    model: str | None = None
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Fault:
    """An upstream error, read but not yet judged. `status` is None for one without any number."""

    status: int | None
    kind: str
    message: str
    availability: Mapping[str, Any]
    reasons: tuple[str, ...]
    retry_after: float | None
    request_id: str | None


def read_fault(
    document: Any, status: int | None = None, headers: Mapping[str, str] | None = None
) -> Fault:
    """Read an error of either shape; a status or header given here comes from HTTP itself."""
    body = mapping(document)
    error = body.get("error")
    error = {"message": error} if isinstance(error, str) else mapping(error)
    metadata = mapping(error.get("metadata"))
    availability = next(
        (found for part in (error, metadata, body) if (found := mapping(part.get("availability")))),
        {},
    )
    hints = {**_lower(mapping(metadata.get("headers"))), **_lower(headers or {})}
    return Fault(
        status=status or _status(error),
        kind=_kind(error, metadata),
        message=" ".join(
            t for t in (error.get("message"), metadata.get("raw")) if isinstance(t, str)
        ),
        availability=availability,
        reasons=words(metadata.get("reasons")),
        retry_after=_retry_after(availability, metadata, hints),
        request_id=identifier(
            hints.get("x-request-id") or hints.get("request-id") or hints.get("cf-ray")
        ),
    )


def to_error(fault: Fault, context: Context) -> LLMError:
    """The error of the tree for a completion that failed so. An error as the whole is unbilled."""
    kind = _error_class(fault)
    affordable = AFFORDABLE.search(fault.message)
    error = kind(
        _sentence(kind, fault, context),
        status=fault.status,
        retry_after=fault.retry_after,
        request_id=fault.request_id,
        billed="maybe" if fault.status == 524 else "no",
        retryable=_retryable(kind, fault),
        successors=words(fault.availability.get("fallback_models")),
        detail=excerpt(fault.message, context.secret),
    )
    if affordable and isinstance(error, errors.InsufficientCredits):
        error.affordable_tokens = int(affordable[1].replace(",", ""))
        error.message = _affordable(context, error.affordable_tokens)
        error.args = (error.message,)
    return error


def to_lookup_error(fault: Fault, context: Context) -> LLMError:
    """The same for a plain GET (models, key): nothing is billed, and 403 or 404 blame no text."""
    error = to_error(fault, context)
    if isinstance(error, (errors.ContentBlocked, errors.ModelNotFound)):
        status = f" with status {fault.status}" if fault.status else ""
        error = errors.ProviderError(
            f"{context.label} refused the request{status}.",
            status=fault.status,
            request_id=fault.request_id,
            detail=error.detail,
        )
    error.billed = "no"
    if fault.status == 524:
        error.retryable = True
    return error


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    return {k.lower(): str(v) for k, v in headers.items() if isinstance(v, (str, int))}


def _status(error: Mapping[str, Any]) -> int | None:
    for value in (error.get("http_status"), error.get("code")):
        number = int(value) if isinstance(value, str) and re.fullmatch("[0-9]{3}", value) else value
        found = count(number)
        if found and 400 <= found <= 599:
            return found
    return None


def _kind(error: Mapping[str, Any], metadata: Mapping[str, Any]) -> str:
    candidates = (
        metadata.get("error_type"),
        error.get("error_type"),
        error.get("code"),
        error.get("type"),
    )
    names = [name for name in candidates if isinstance(name, str)]
    known = (name for name in names if name in BY_TYPE or name in RETRYABLE_TYPES)
    return next(known, names[0][:80] if names else "")


def _error_class(fault: Fault) -> type[LLMError]:
    if fault.availability.get("code") == "model_not_found":
        return errors.ModelNotFound
    if fault.kind in DECISIVE_TYPES:
        return BY_TYPE[fault.kind]
    if fault.status == 400 and NO_CREDIT.search(fault.message):
        return errors.InsufficientCredits
    if fault.status is not None:
        return BY_STATUS.get(fault.status, errors.ProviderError)
    return BY_TYPE.get(fault.kind, errors.ProviderError)


def _retryable(kind: type[LLMError], fault: Fault) -> bool:
    if kind is errors.InsufficientCredits or fault.status == 524 or _daily_cap(kind, fault):
        return False
    told = fault.availability.get("retryable")
    if isinstance(told, bool):
        return told
    if fault.status is not None:
        return fault.status in RETRYABLE_STATUSES and kind is not errors.ContentBlocked
    return fault.kind in RETRYABLE_TYPES


def _daily_cap(kind: type[LLMError], fault: Fault) -> bool:
    return kind is errors.RateLimited and DAILY_CAP.search(fault.message) is not None


def _retry_after(
    availability: Mapping[str, Any], metadata: Mapping[str, Any], hints: Mapping[str, str]
) -> float | None:
    told = (
        _seconds(hints.get("retry-after")),
        _seconds(availability.get("retry_after")),
        _seconds(metadata.get("retry_after") or metadata.get("retry_after_seconds")),
        _until(hints.get("x-ratelimit-reset"))
        if hints.get("x-ratelimit-remaining", "0") == "0"
        else None,
    )
    return next((seconds for seconds in told if seconds is not None), None)


def _seconds(value: Any) -> float | None:
    number = amount(value)
    if number is not None:
        seconds = float(number)
        return seconds if isfinite(seconds) and 0 <= seconds <= MAX_WAIT else None
    return _until_date(value) if isinstance(value, str) else None


def _until_date(value: str) -> float | None:
    try:
        when = parsedate_to_datetime(value)
    except (ValueError, IndexError, OverflowError):
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    seconds = (when - datetime.now(UTC)).total_seconds()
    return min(max(0.0, seconds), MAX_WAIT)


def _until(reset: Any) -> float | None:
    """Seconds until a reset given in milliseconds since 1970."""
    if not isinstance(reset, str) or not re.fullmatch("[0-9]{10,15}", reset):
        return None
    seconds = int(reset) / 1000 - time.time()
    return max(0.0, seconds) if seconds <= MAX_WAIT else None


def _affordable(context: Context, tokens: int) -> str:
    label = context.label
    return f"The remaining {label} credit pays for {tokens} tokens, fewer than Max Tokens asks for."


def _sentence(kind: type[LLMError], fault: Fault, context: Context) -> str:
    label = context.label
    if kind is errors.InvalidApiKey:
        return f"{label} rejected the API key."
    if kind is errors.InsufficientCredits:
        return f"The credit of the {label} account or of its key is used up."
    if kind is errors.ContentBlocked:
        why = excerpt(", ".join(fault.reasons) or fault.message, context.secret, 200)
        return f"{label} refused this text{_ended(why)}"
    if kind is errors.ModelNotFound:
        return _missing_model(fault, context)
    return _passing(kind, fault, label) or _other(fault, context)


def _missing_model(fault: Fault, context: Context) -> str:
    model = (
        f"the model {excerpt(context.model, context.secret, 100)}"
        if context.model
        else "this model"
    )
    if fault.availability.get("excluded_by") or fault.availability.get("constraint"):
        return f"{context.label} cannot serve {model} under the current privacy or price settings."
    return f"{context.label} does not offer {model}, or not under the current settings."


def _passing(kind: type[LLMError], fault: Fault, label: str) -> str | None:
    if _daily_cap(kind, fault):
        return f"Today's allowance at {label} is used up."
    return {
        errors.RateLimited: f"{label} takes no more calls from this key just now.",
        errors.ModelUnavailable: f"No provider behind {label} has room for this model just now.",
        errors.LLMTimeout: f"The provider behind {label} took too long to answer.",
    }.get(kind)


def _other(fault: Fault, context: Context) -> str:
    status = f" (status {fault.status})" if fault.status else ""
    why = excerpt(fault.message, context.secret, 200)
    return f"{context.label} answered with an error{status}{_ended(why)}"


def _ended(why: str | None) -> str:
    """The end of a sentence, with the provider's own words where it gave some."""
    if not why:
        return "."
    return f": {why}" if why[-1] in ".!?…" else f": {why}."
