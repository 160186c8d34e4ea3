"""What a provider is: a declaration that forms, masks and tests are made from, and two readers."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pwb.llm.answers import Answer
from pwb.llm.errors import InvalidResponse, LLMError
from pwb.llm.faults import Context, read_fault, to_error
from pwb.llm.parsing import decode_json, first, identifier, items, mapping
from pwb.llm.sse import Event
from pwb.llm.types import (
    CompletionRequest,
    Endpoint,
    GenerationRecord,
    KeyInfo,
    ModelInfo,
    Structured,
)

FieldKind = Literal["secret", "text", "integer", "decimal", "choice", "boolean", "model", "models"]
MODEL_ID = re.compile(r"~?[A-Za-z0-9][\w.\-]*(?:[/:@][\w.\-]+)*", re.ASCII)
KEY_CHARACTERS = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class FormField:
    """One credential or setting of a provider, as a form shows and checks it."""

    name: str
    label: str
    kind: FieldKind = "text"
    required: bool = False
    default: str | int | bool | None = None
    minimum: int | None = None
    maximum: int | None = None
    choices: tuple[tuple[str, str], ...] = ()
    help: str = ""


@dataclass(frozen=True, slots=True)
class RecommendedModel:
    """A model worth offering first, and in two words why."""

    id: str
    note: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the provider can do beyond answering; data, so that no caller asks for its name.

    `structured` lists the ways of asking for JSON that it honours. `pads_silence` means that a
    plain (not streamed) answer sends whitespace while the model works, so that silence is a fault.
    """

    structured: tuple[Structured, ...] = ("json_schema", "json_object", "prompt")
    fallback_models: bool = False
    routing: bool = False
    key_info: bool = False
    generation_lookup: bool = False
    reports_cost: bool = False
    lists_prices: bool = False
    models_prove_key: bool = True
    pads_silence: bool = False


API_KEY = FormField("api_key", "API key", "secret", required=True)
DEFAULT_MODEL = FormField("default_model", "Default model", "model", required=True)
MAX_TOKENS = FormField(
    "max_tokens", "Max tokens", "integer", required=True, default=4096, minimum=1, maximum=200_000
)


class Provider(ABC):
    """One AI provider. Subclasses hold no state: keys and addresses come with each call.

    `base_url` is the address unless the operator names another in the environment variable
    `base_url_variable`; an empty one means that only the operator can name it.
    """

    id: ClassVar[str]
    label: ClassVar[str]
    position: ClassVar[int] = 100
    base_url: ClassVar[str] = ""
    base_url_variable: ClassVar[str | None] = None
    key_prefix: ClassVar[str] = ""
    key_required: ClassVar[bool] = True
    keys_page: ClassVar[str | None] = None
    credential_fields: ClassVar[tuple[FormField, ...]] = (API_KEY,)
    setting_fields: ClassVar[tuple[FormField, ...]] = (DEFAULT_MODEL, MAX_TOKENS)
    recommended_models: ClassVar[tuple[RecommendedModel, ...]] = ()
    capabilities: ClassVar[Capabilities] = Capabilities()
    # The models that read pictures, where the provider's own list does not tell.
    image_models: ClassVar[re.Pattern[str] | None] = None
    chat_path: ClassVar[str] = "/chat/completions"
    models_path: ClassVar[str] = "/models"
    own_models_path: ClassVar[str] = ""
    key_path: ClassVar[str] = "/key"
    generation_path: ClassVar[str] = "/generation"

    def key_problem(self, key: str) -> str | None:
        """Why this cannot be a key of this provider, as one sentence; None when it may be one."""
        if not key:
            return f"{self.label} needs an API key." if self.key_required else None
        if not key.startswith(self.key_prefix):
            return f"A key of {self.label} starts with {self.key_prefix}"
        return self.unsendable_key(key)

    def unsendable_key(self, key: str) -> str | None:
        """Why this key cannot even travel in an HTTP header; None when it can."""
        if not key and self.key_required:
            return f"There is no API key for {self.label}."
        if key and not KEY_CHARACTERS.fullmatch(key):
            return "The API key contains spaces, line breaks or letters that no key has."
        return None

    def model_problem(self, model: str) -> str | None:
        """Why this cannot be a model id, as one sentence; None when it has the form of one."""
        if len(model) <= 200 and MODEL_ID.fullmatch(model):
            return None
        return "A model id is made of letters, digits and . - _ / : only."

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """The headers that carry the key."""
        return {"Authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}

    @abstractmethod
    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        """The JSON body that asks for this completion."""

    @abstractmethod
    def read_answer(self, document: Mapping[str, Any], answer: Answer, context: Context) -> None:
        """Read a whole answer; raises the error that it carries, if any."""

    @abstractmethod
    def read_event(self, event: Event, answer: Answer, context: Context) -> str:
        """Read one event of a stream; returns its piece of text, often empty."""

    def read_models(self, document: Any) -> list[ModelInfo]:
        """The models of a list; entries without an id are skipped."""
        entries = mapping(document).get("data")
        if not isinstance(entries, list):
            raise InvalidResponse(f"{self.label} sent no list of models.")
        models = (self.read_model(mapping(entry)) for entry in entries)
        return [model for model in models if model is not None]

    def read_model(self, entry: Mapping[str, Any]) -> ModelInfo | None:
        """One model of the list; None for an entry without an id."""
        found = identifier(entry.get("id"))
        if found is None:
            return None
        label = entry.get("display_name") or entry.get("name")
        return ModelInfo(id=found, name=identifier(label) or found)

    def read_key(self, document: Any) -> KeyInfo:
        """What the provider tells about the key; only where `capabilities.key_info`."""
        raise NotImplementedError(f"{self.label} tells nothing about keys")

    def read_generation(self, document: Any) -> GenerationRecord:
        """A past generation; only where `capabilities.generation_lookup`."""
        raise NotImplementedError(f"{self.label} keeps no books to look in")


def read_json_event(event: Event) -> dict[str, Any]:
    """The object in an event's data; InvalidResponse for anything else."""
    document = decode_object(event.data)
    if document is None:
        raise InvalidResponse(
            "The stream carries something that is not a JSON object.", billed="maybe"
        )
    return document


def decode_object(data: bytes | str) -> dict[str, Any] | None:
    """The JSON object in this text, or None."""
    try:
        document = decode_json(data)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def inband_error(document: Any, answer: Answer, context: Context) -> LLMError:
    """The error inside an answer of HTTP 200, with what had been read and may be billed."""
    error = to_error(read_fault(document), context)
    if answer.pieces or answer.usage is not None or answer.reasoned:
        error.billed = answer.billed
        error.retryable = error.retryable and not answer.pieces
    return answer.explain(error)


def text_of(content: Any) -> str:
    """Message content as text: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = (mapping(part).get("text") for part in items(content))
    return "".join(part for part in parts if isinstance(part, str))


def schema_instruction(request: CompletionRequest, structured: Structured) -> str:
    """What the prompt must say about the output where the wire does not carry the schema."""
    if request.output_schema is None or structured == "json_schema":
        return ""
    schema = json.dumps(request.output_schema.schema, ensure_ascii=False)
    return (
        "Answer with exactly one JSON object and nothing else: no code fence, no remarks. "
        f"It must be valid against this JSON Schema:\n{schema}"
    )


def first_choice(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The first of the answer's choices; an empty object when there is none."""
    return first(document.get("choices"))
