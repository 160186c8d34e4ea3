"""Anthropic directly, over its own Messages wire."""

import re
from collections.abc import Mapping
from typing import Any

from pwb.llm.answers import Answer
from pwb.llm.errors import InvalidResponse
from pwb.llm.faults import Context
from pwb.llm.parsing import identifier, items, mapping, tokens
from pwb.llm.providers.base import (
    Capabilities,
    Provider,
    RecommendedModel,
    inband_error,
    read_json_event,
    schema_instruction,
)
from pwb.llm.sse import Event
from pwb.llm.types import CompletionRequest, Endpoint, Message, Usage

VERSION = "2023-06-01"
FINISH_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,")


class Anthropic(Provider):
    """See https://docs.anthropic.com/en/api/messages."""

    id = "anthropic"
    label = "Anthropic"
    position = 3
    base_url = "https://api.anthropic.com/v1"
    key_prefix = "sk-ant-"
    keys_page = "https://console.anthropic.com/settings/keys"
    chat_path = "/messages"
    models_path = "/models?limit=1000"
    recommended_models = (
        RecommendedModel("claude-sonnet-4-5", "general purpose"),
        RecommendedModel("claude-haiku-4-5", "fast, cost-effective"),
    )
    capabilities = Capabilities(structured=("prompt",))
    # All since Claude 3, see https://docs.anthropic.com/en/docs/build-with-claude/vision.
    image_models = re.compile(r"claude-(?!2|instant)")

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        return {"x-api-key": endpoint.api_key, "anthropic-version": VERSION}

    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        system = [m.content for m in request.messages if m.role == "system"]
        system.append(schema_instruction(request, "prompt"))
        body: dict[str, Any] = {
            "model": request.model,
            "max_tokens": request.max_tokens,
            "messages": [_message(m) for m in request.messages if m.role != "system"],
            "stream": stream,
        }
        if any(system):
            body["system"] = "\n\n".join(part for part in system if part)
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.user is not None:
            body["metadata"] = {"user_id": request.user}
        return body

    def read_answer(self, document: Mapping[str, Any], answer: Answer, context: Context) -> None:
        if document.get("error"):
            raise inband_error(document, answer, context)
        if not isinstance(document.get("content"), list):
            raise InvalidResponse(f"{self.label} sent an answer without content.", billed="maybe")
        self._note_message(document, answer)
        _note_stop(document, answer)
        for block in items(document["content"]):
            _read_block(mapping(block), answer)
        answer.done = True

    def read_event(self, event: Event, answer: Answer, context: Context) -> str:
        document = read_json_event(event)
        kind = document.get("type") or event.kind
        if kind == "content_block_delta":
            return _read_block(mapping(document.get("delta")), answer)
        if kind == "content_block_start":
            return _read_block(mapping(document.get("content_block")), answer)
        if kind == "message_start":
            self._note_message(mapping(document.get("message")), answer)
        elif kind == "message_delta":
            _note_stop(mapping(document.get("delta")), answer)
            answer.usage = _usage(mapping(document.get("usage")), answer.usage)
        elif kind == "message_stop":
            answer.done = True
        elif kind == "error" or document.get("error"):
            raise inband_error(document, answer, context)
        return ""

    def _note_message(self, message: Mapping[str, Any], answer: Answer) -> None:
        answer.generation_id = identifier(message.get("id"))
        answer.model = identifier(message.get("model"))
        answer.usage = _usage(mapping(message.get("usage")), None)


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    return {"role": message.role, "content": parts + [_image(url) for url in message.images]}


def _image(url: str) -> dict[str, Any]:
    found = DATA_URL.match(url)
    if found is None:
        return {"type": "image", "source": {"type": "url", "url": url}}
    data = url[found.end() :]
    return {"type": "image", "source": {"type": "base64", "media_type": found[1], "data": data}}


def _read_block(block: Mapping[str, Any], answer: Answer) -> str:
    text = block.get("text")
    if block.get("type") in ("text", "text_delta") and isinstance(text, str):
        return answer.add(text)
    if block.get("type") in ("thinking", "thinking_delta"):
        answer.reasoned = True
    return ""


def _note_stop(message: Mapping[str, Any], answer: Answer) -> None:
    reason = identifier(message.get("stop_reason"), 40)
    if reason:
        answer.finish_reason = FINISH_REASONS.get(reason, reason)


def _usage(reported: Mapping[str, Any], before: Usage | None) -> Usage | None:
    """Anthropic counts cached input apart; here `input_tokens` is all of it."""
    parts = [
        tokens(reported.get(key))
        for key in ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    ]
    before = before or Usage()
    read = Usage(
        input_tokens=before.input_tokens if parts[0] is None else sum(part or 0 for part in parts),
        output_tokens=_or(tokens(reported.get("output_tokens")), before.output_tokens),
        cached_tokens=_or(parts[1], before.cached_tokens),
    )
    return None if read == Usage() else read


def _or(value: int | None, otherwise: int | None) -> int | None:
    return otherwise if value is None else value


PROVIDER = Anthropic()
