"""The wire that OpenAI began and most servers speak: `/chat/completions`."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pwb.llm.answers import Answer
from pwb.llm.errors import InvalidResponse
from pwb.llm.faults import Context
from pwb.llm.parsing import identifier, mapping, money, tokens
from pwb.llm.providers.base import (
    Provider,
    first_choice,
    inband_error,
    read_json_event,
    schema_instruction,
    text_of,
)
from pwb.llm.sse import Event
from pwb.llm.types import CompletionRequest, Message, Structured, Usage

DATA_EVENTS = {"", "message", "error", "completion", "chat.completion.chunk"}


class ChatCompletions(Provider):
    """A provider with OpenAI's request, answer and stream."""

    max_tokens_field: ClassVar[str] = "max_tokens"

    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        structured = self._structured(request)
        body: dict[str, Any] = {
            "model": request.model,
            "messages": _messages(request, structured),
            self.max_tokens_field: request.max_tokens,
            "stream": stream,
        }
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if request.user is not None:
            body["user"] = request.user
        if request.output_schema is not None and structured != "prompt":
            body["response_format"] = _response_format(request, structured)
        return body

    def read_answer(self, document: Mapping[str, Any], answer: Answer, context: Context) -> None:
        choice = first_choice(document)
        message = mapping(choice.get("message") or choice.get("delta"))
        self._note(document, choice, message, answer)
        answer.add(text_of(message.get("content")))
        answer.done = True
        self._raise_inband(document, choice, answer, context)

    def read_event(self, event: Event, answer: Answer, context: Context) -> str:
        if event.data == b"[DONE]":
            answer.done = True
            return ""
        if event.kind not in DATA_EVENTS:
            return ""
        document = read_json_event(event)
        choice = first_choice(document)
        delta = mapping(choice.get("delta") or choice.get("message"))
        self._note(document, choice, delta, answer)
        content = delta.get("content")
        piece = (
            answer.add(content if isinstance(content, str) else text_of(content)) if content else ""
        )
        if event.kind == "error" and "error" not in document:
            document = {"error": document}
        if "error" in document or "error" in choice or answer.finish_reason == "error":
            self._raise_inband(document, choice, answer, context)
        return piece

    def read_usage(self, usage: Mapping[str, Any]) -> Usage | None:
        """Tokens and cost. What the upstream provider charges is added for own keys only (BYOK)."""
        read = Usage(
            input_tokens=tokens(usage.get("prompt_tokens")),
            output_tokens=tokens(usage.get("completion_tokens")),
            cached_tokens=tokens(mapping(usage.get("prompt_tokens_details")).get("cached_tokens")),
            reasoning_tokens=tokens(
                mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")
            ),
            cost_usd=self.read_cost(usage),
        )
        return None if read == Usage() else read

    def read_cost(self, usage: Mapping[str, Any]) -> Any:
        """USD charged in all, or None where the provider reports no cost."""
        cost = money(usage.get("cost"))
        if cost is None or usage.get("is_byok") is not True:
            return cost
        upstream = money(mapping(usage.get("cost_details")).get("upstream_inference_cost"))
        return None if upstream is None else cost + upstream

    def _structured(self, request: CompletionRequest) -> Structured:
        wanted = request.structured
        return wanted if wanted in self.capabilities.structured else self.capabilities.structured[0]

    def _note(
        self,
        document: Mapping[str, Any],
        choice: Mapping[str, Any],
        message: Mapping[str, Any],
        answer: Answer,
    ) -> None:
        if answer.generation_id is None or answer.model is None:
            answer.generation_id = identifier(document.get("id"))
            answer.model = identifier(document.get("model"))
        if answer.upstream_provider is None and "provider" in document:
            answer.upstream_provider = identifier(document["provider"])
        if document.get("usage"):
            answer.usage = self.read_usage(mapping(document["usage"])) or answer.usage
        reason = choice.get("finish_reason")
        if reason:
            answer.finish_reason = identifier(reason, 40)
        if message.get("reasoning") or message.get("reasoning_content"):
            answer.reasoned = True
        if message.get("refusal"):
            answer.refusal = (answer.refusal or "") + text_of(message["refusal"])

    def _raise_inband(
        self, document: Any, choice: Mapping[str, Any], answer: Answer, context: Context
    ) -> None:
        for place in (document, choice):
            if place.get("error"):
                raise inband_error(place, answer, context)
        if answer.finish_reason == "error":
            raise inband_error({"error": {"message": "", "code": 502}}, answer, context)
        if not document.get("choices") and answer.usage is None and not answer.pieces:
            raise InvalidResponse(
                f"{context.label} sent an answer without any choice.", billed="maybe"
            )


def _messages(request: CompletionRequest, structured: Structured) -> list[dict[str, Any]]:
    messages = [_message(message) for message in request.messages]
    instruction = schema_instruction(request, structured)
    if not instruction:
        return messages
    if messages and messages[0]["role"] == "system":
        messages[0]["content"] += f"\n\n{instruction}"
        return messages
    return [{"role": "system", "content": instruction}, *messages]


def _message(message: Message) -> dict[str, Any]:
    if not message.images:
        return {"role": message.role, "content": message.content}
    parts: list[dict[str, Any]] = [{"type": "text", "text": message.content}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in message.images]
    return {"role": message.role, "content": parts}


def _response_format(request: CompletionRequest, structured: Structured) -> dict[str, Any]:
    schema = request.output_schema
    if structured == "json_object" or schema is None:
        return {"type": "json_object"}
    return {
        "type": "json_schema",
        "json_schema": {"name": schema.name, "strict": True, "schema": dict(schema.schema)},
    }
