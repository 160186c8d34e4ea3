"""OpenRouter's JSON: completions, stream events, usage, generation records and error bodies."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pwb.simulator import catalogue, tokens
from pwb.simulator.faults import Fault

COMMENT = b": OPENROUTER PROCESSING\n\n"
DONE = b"data: [DONE]\n\n"
# Fields of a generation's record that are always null here.
_NOT_SIMULATED = (
    "app_id", "cache_discount", "http_referer", "moderation_latency",
    "native_tokens_completion_images", "num_fetches", "num_input_audio_prompt",
    "num_media_completion", "num_media_prompt", "num_search_results", "preset_id",
    "provider_responses", "request_id", "router", "service_tier", "session_id", "upstream_id",
    "upstream_inference_cost", "user_agent", "web_search_engine", "workspace_id",
)  # fmt: skip
_NATIVE = {"stop": "end_turn", "length": "max_tokens"}


@dataclass(slots=True)
class Answer:
    """One completion on its way out, before it is shaped for the wire."""

    generation_id: str
    created: int
    model: catalogue.Model
    shown_model: str
    provider: str
    content: str
    prompt_tokens: int
    images: int = 0
    reasoning: str = ""
    finish_reason: str | None = "stop"
    usage: Mapping[str, Any] | None = None
    fault: Fault | None = None
    delay: float = 0.0
    first_delay: float = 0.0
    streamed: bool = False
    user: str | None = None
    started: float = field(default_factory=time.monotonic)


@dataclass(frozen=True, slots=True)
class Bill:
    """What an answer, or the part of it that was sent, costs in USD."""

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int
    prompt_cost: Decimal
    completion_cost: Decimal

    @property
    def cost(self) -> Decimal:
        """The sum that is charged."""
        return self.prompt_cost + self.completion_cost


def bill(answer: Answer, sent: str) -> Bill:
    """The bill for as much of an answer's content as was sent."""
    reasoning = tokens.count(answer.reasoning)
    completion = tokens.count(sent) + reasoning
    prompt_cost, completion_cost = catalogue.cost(answer.model, answer.prompt_tokens, completion)
    prompt_cost += Decimal(answer.model.image_price or "0") * answer.images
    return Bill(answer.prompt_tokens, completion, reasoning, prompt_cost, completion_cost)


def usage(answer: Answer, sent: str) -> dict[str, Any]:
    """The ``usage`` object, or the scripted one."""
    if answer.usage is not None:
        return dict(answer.usage)
    parts = bill(answer, sent)
    return {
        "prompt_tokens": parts.prompt_tokens,
        "completion_tokens": parts.completion_tokens,
        "total_tokens": parts.prompt_tokens + parts.completion_tokens,
        "cost": float(parts.cost),
        "is_byok": False,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0, "video_tokens": 0},
        "cost_details": {
            "upstream_inference_cost": None,
            "upstream_inference_prompt_cost": float(parts.prompt_cost),
            "upstream_inference_completions_cost": float(parts.completion_cost),
        },
        "completion_tokens_details": {
            "reasoning_tokens": parts.reasoning_tokens,
            "image_tokens": 0,
        },
    }


def completion(answer: Answer) -> dict[str, Any]:
    """The body of an answer without a stream."""
    message = {
        "role": "assistant",
        "content": answer.content,
        "refusal": None,
        "reasoning": answer.reasoning or None,
    }
    choice = {
        "logprobs": None,
        "finish_reason": answer.finish_reason,
        "native_finish_reason": _native(answer.finish_reason),
        "index": 0,
        "message": message,
    }
    body = {**_envelope(answer, "chat.completion"), "choices": [choice], "system_fingerprint": None}
    spent = usage(answer, answer.content)
    return {**body, "usage": spent} if spent else body


def chunk(
    answer: Answer, delta: Mapping[str, Any], finish_reason: str | None = None
) -> dict[str, Any]:
    """One stream event with a piece of the answer."""
    choice = {
        "index": 0,
        "delta": {"role": "assistant", "content": "", **delta},
        "finish_reason": finish_reason,
        "native_finish_reason": _native(finish_reason),
        "logprobs": None,
    }
    return {**_envelope(answer, "chat.completion.chunk"), "choices": [choice]}


def usage_chunk(answer: Answer, sent: str) -> dict[str, Any]:
    """The last event before ``[DONE]``: usage beside empty choices."""
    body = {**_envelope(answer, "chat.completion.chunk"), "choices": []}
    spent = usage(answer, sent)
    return {**body, "usage": spent} if spent else body


def error_chunk(answer: Answer, fault: Fault, sent: str | None = None) -> dict[str, Any]:
    """An error in mid-stream; with the content `sent` so far it carries usage."""
    event = {**chunk(answer, {}, "error"), "error": inner_error(fault)}
    return event if sent is None else {**event, "usage": usage(answer, sent)}


def event(body: Mapping[str, Any]) -> bytes:
    """A body as one event of the stream."""
    return b"data: " + dumps(body) + b"\n\n"


def dumps(body: object) -> bytes:
    """Compact JSON in UTF-8, with letters beyond ASCII as they are."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def inner_error(fault: Fault) -> dict[str, Any]:
    """The ``error`` object of an error inside HTTP 200."""
    code = fault.status if fault.status >= 400 else 502
    return {"code": code, "message": fault.message, "metadata": _metadata(fault)}


def error_body(fault: Fault, requested: list[str]) -> dict[str, Any]:
    """A refusal's body, in whichever of the two shapes the fault has."""
    if fault.availability is None:
        error = {"code": fault.status, "message": fault.message}
        metadata = _metadata(fault)
        return {"error": {**error, "metadata": metadata} if metadata else error}
    return {
        "error": {
            "code": fault.status,
            "message": fault.message,
            "error_type": fault.error_type,
            "http_status": fault.status,
            "availability": _availability(fault.availability, requested),
        }
    }


def error_headers(fault: Fault) -> dict[str, str]:
    """The headers that come with a refusal."""
    headers = {name: _filled(value) for name, value in fault.headers.items()}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(fault.retry_after)
    return headers


def generation(answer: Answer, sent: str, *, cancelled: bool) -> dict[str, Any]:
    """The record that ``GET /generation`` gives later."""
    parts = bill(answer, sent)
    took = int((time.monotonic() - answer.started) * 1000)
    finish = None if cancelled else answer.finish_reason
    return {
        "id": answer.generation_id,
        "api_type": "completions",
        "data_region": "global",
        "total_cost": float(parts.cost),
        "usage": float(parts.cost),
        "is_byok": False,
        "created_at": datetime.fromtimestamp(answer.created, UTC).isoformat(),
        "model": answer.shown_model,
        "provider_name": answer.provider,
        "origin": "",
        "external_user": answer.user,
        "streamed": answer.streamed,
        "cancelled": cancelled,
        "latency": took,
        "generation_time": took,
        "finish_reason": finish,
        "native_finish_reason": _native(finish),
        "tokens_prompt": parts.prompt_tokens,
        "tokens_completion": parts.completion_tokens,
        "native_tokens_prompt": parts.prompt_tokens,
        "native_tokens_completion": parts.completion_tokens,
        "native_tokens_reasoning": parts.reasoning_tokens,
        "native_tokens_cached": 0,
        **dict.fromkeys(_NOT_SIMULATED),
    }


def _envelope(answer: Answer, kind: str) -> dict[str, Any]:
    return {
        "id": answer.generation_id,
        "provider": answer.provider,
        "model": answer.shown_model,
        "object": kind,
        "created": answer.created,
    }


def _native(finish_reason: str | None) -> str | None:
    return _NATIVE.get(finish_reason, finish_reason) if finish_reason else None


def _metadata(fault: Fault) -> dict[str, Any]:
    kind = {"error_type": fault.error_type} if fault.error_type else {}
    return {**kind, **json.loads(_filled(json.dumps(dict(fault.metadata))))}


def _availability(given: Mapping[str, Any], requested: list[str]) -> dict[str, Any]:
    blank: dict[str, Any] = {
        "retry_after": None,
        "excluded_by": [],
        "fallback_models": [],
        "constraint": None,
    }
    docs = "https://openrouter.ai/docs/api-reference/errors"
    return {**blank, "requested_models": requested, "docs_url": docs, **given}


def _filled(text: str) -> str:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(hour=0, minute=0, second=0)
    return text.replace("{midnight_ms}", str(int(tomorrow.timestamp()) * 1000))
