"""What has been read of one answer so far, and the judgement on it once it is over."""

import time
from dataclasses import dataclass, field

from pwb.llm.errors import ContentBlocked, CutOff, InvalidResponse, LLMError
from pwb.llm.parsing import clean_text, excerpt
from pwb.llm.types import Billed, Completion, CompletionRequest, Usage

# Shorter ones are placeholders for servers that ask for no key.
SECRET_LENGTH = 12


@dataclass(slots=True)
class Answer:
    """Filled by a provider's reader, piece by piece or in one go.

    `finish_reason` is in OpenAI's words for every provider. `done` means that the provider said
    it has finished; `broken` that it said its own finish reason is an error.
    """

    pieces: list[str] = field(default_factory=list)
    model: str | None = None
    upstream_provider: str | None = None
    generation_id: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    refusal: str | None = None
    reasoned: bool = False
    done: bool = False
    secret: str = field(default="", repr=False)
    _half_pair: str = ""

    @property
    def text(self) -> str:
        """The text so far."""
        return self._without_key("".join(self.pieces))

    @property
    def complete(self) -> bool:
        """Whether the provider gave any sign of having finished."""
        return self.done or self.finish_reason is not None

    @property
    def billed(self) -> Billed:
        """Whether this answer costs money, by what the provider reports and by its rules.

        Unbilled are zero completion tokens with a blank finish reason, and finish reason `error`;
        a reported cost overrules both.
        """
        usage = self.usage
        if usage is not None and usage.cost_usd:
            return "yes"
        if self.finish_reason == "error":
            return "no"
        if usage is None or usage.output_tokens is None:
            return "maybe"
        return "no" if usage.output_tokens == 0 and not self.finish_reason else "yes"

    def add(self, text: str) -> str:
        """Keep a piece of text and return it as it may be passed on."""
        if not text.isascii() or "\x00" in text or self._half_pair:
            text = self._mend(text)
        text = self._without_key(text)
        if text:
            self.pieces.append(text)
        return text

    def _without_key(self, text: str) -> str:
        # A server may hand the key back in an answer; words such as "none" are no secret.
        if len(self.secret) < SECRET_LENGTH or self.secret not in text:
            return text
        return text.replace(self.secret, "[key]")

    def _shown(self, name: str | None) -> str | None:
        return name and self._without_key(name)

    def _mend(self, text: str) -> str:
        # Some servers cut an escaped emoji between its two surrogates.
        text = self._half_pair + text
        self._half_pair = ""
        if text and "\ud800" <= text[-1] <= "\udbff":
            self._half_pair, text = text[-1], text[:-1]
        return clean_text(text)

    def explain(self, error: LLMError) -> LLMError:
        """Put what is known of the answer on an error that ended it."""
        error.usage = error.usage or self.usage
        error.generation_id = error.generation_id or self.generation_id
        error.partial_text = error.partial_text or self.text
        if error.billed == "maybe" and error.usage is not None and error.usage.cost_usd:
            error.billed = "yes"
        return error

    def completion(
        self,
        request: CompletionRequest,
        attempts: int,
        started: float,
        first_piece_at: float | None = None,
    ) -> Completion:
        """The answer as callers get it; times are of `time.monotonic`."""
        return Completion(
            text=self.text,
            model_asked=request.model,
            model=self._shown(self.model),
            upstream_provider=self._shown(self.upstream_provider),
            generation_id=self.generation_id,
            finish_reason=self.finish_reason,
            usage=self.usage,
            attempts=attempts,
            first_token_ms=None
            if first_piece_at is None
            else int((first_piece_at - started) * 1000),
            duration_ms=int((time.monotonic() - started) * 1000),
        )

    def judge(self, request: CompletionRequest, secret: str = "") -> None:
        """Raise unless this is a usable answer."""
        error = self._fault(request, secret)
        if error is not None:
            error.billed = self.billed
            raise self.explain(error)

    def _fault(self, request: CompletionRequest, secret: str) -> LLMError | None:
        text = self.text.strip()
        if self.finish_reason == "content_filter" or (self.refusal and not text):
            why = excerpt(self.refusal, secret)
            return ContentBlocked(
                "The model or its provider refused to write this text.", detail=why
            )
        if self.finish_reason == "length":
            return _cut_off(request.max_tokens, text)
        return None if text else self._nothing()

    def _nothing(self) -> LLMError:
        if self.reasoned:
            return InvalidResponse("The model only thought aloud and gave no answer.")
        return InvalidResponse("The model gave an empty answer.")


def _cut_off(max_tokens: int, text: str) -> CutOff:
    how = "was cut off" if text else "used up its tokens before any text came"
    return CutOff(f"The answer {how} at {max_tokens} tokens: raise Max Tokens.")
