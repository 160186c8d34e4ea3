"""OpenAI directly: no cost in its usage, and `max_completion_tokens` for the limit."""

import re
from typing import Any

from pwb.llm.providers.base import Capabilities, RecommendedModel
from pwb.llm.providers.chat_completions import ChatCompletions
from pwb.llm.types import CompletionRequest


class OpenAI(ChatCompletions):
    """See https://platform.openai.com/docs/api-reference/chat."""

    id = "openai"
    label = "OpenAI"
    position = 2
    base_url = "https://api.openai.com/v1"
    key_prefix = "sk-"
    keys_page = "https://platform.openai.com/api-keys"
    max_tokens_field = "max_completion_tokens"
    recommended_models = (
        RecommendedModel("gpt-4o", "fast, multimodal"),
        RecommendedModel("gpt-4o-mini", "cost-effective"),
    )
    capabilities = Capabilities()
    # See "Images and vision" in https://platform.openai.com/docs/models.
    image_models = re.compile(
        r"chatgpt-4o|gpt-4o(?!-(?:audio|realtime|transcribe|tts|search))|gpt-4\.1|gpt-4-turbo(?!-preview)"
        r"|gpt-5|o1(?!-mini|-preview)|o3(?!-mini)|o4-mini"
    )

    def body(self, request: CompletionRequest, *, stream: bool) -> dict[str, Any]:
        body = super().body(request, stream=stream)
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body


PROVIDER = OpenAI()
