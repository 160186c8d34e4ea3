"""Any server that speaks OpenAI's wire: Ollama, llama.cpp, vLLM, LiteLLM and the like.

Its address comes from the operator's environment only, so that nobody who may edit settings can
aim this server at an inner address. A key may not be needed, usage may be missing.
"""

from dataclasses import replace
from typing import Any

from pwb.llm.providers.base import API_KEY, Capabilities
from pwb.llm.providers.chat_completions import ChatCompletions
from pwb.llm.types import CompletionRequest


class OpenAICompatible(ChatCompletions):
    """A server at an address that the operator names."""

    id = "openai_compatible"
    label = "OpenAI-compatible server"
    position = 4
    base_url_variable = "OPENAI_COMPATIBLE_API_BASE"
    key_required = False
    credential_fields = (
        replace(API_KEY, required=False, help="Leave blank where none is needed."),
    )
    capabilities = Capabilities(models_prove_key=False)

    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        body = super().body(request, stream=stream)
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body


PROVIDER = OpenAICompatible()
