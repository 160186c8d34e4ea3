"""One call at one endpoint: attempts under limits, and every failure turned into the error tree.

Errors are built inside `except` and raised outside of it: an exception of `requests` holds the
request with its headers, and would otherwise travel along as `__context__` with the key in it.
"""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from pwb.llm import http as wire
from pwb.llm.answers import Answer
from pwb.llm.calls import Call
from pwb.llm.errors import (
    Cancelled,
    InvalidApiKey,
    InvalidResponse,
    LLMError,
    LLMTimeout,
    ProviderError,
)
from pwb.llm.faults import Context, read_fault, to_error, to_lookup_error
from pwb.llm.parsing import identifier
from pwb.llm.providers.base import Provider, decode_object
from pwb.llm.registry import get_provider
from pwb.llm.types import Billed, Endpoint

T = TypeVar("T")
USER_AGENT = "pwb-ai-portal"
TRANSPORT_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    http.client.HTTPException,
    OSError,
    ValueError,
    OverflowError,
)
SILENCE = (requests.ReadTimeout, urllib3.exceptions.ReadTimeoutError, TimeoutError)
MIN_WAIT = 0.001


class Exchange:
    """The requests of one call. `billable` tells whether the provider charges for them."""

    def __init__(
        self, endpoint: Endpoint, call: Call, *, model: str | None = None, billable: bool = False
    ) -> None:
        self.endpoint = endpoint
        self.limits = endpoint.limits
        self.call = call
        self.billable = billable
        self.provider: Provider = get_provider(endpoint.provider)
        self.context = Context(self.provider.label, model, endpoint.api_key)
        self.base_url = self._checked_base_url()

    def post(self, body: Mapping[str, Any], *, stream: bool) -> requests.Response:
        """Send a completion request; the answer has a good status, its body is unread."""
        patient = not stream and not self.provider.capabilities.pads_silence
        headers = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream" if stream else "application/json",
            "Accept-Encoding": "identity" if stream else "gzip, deflate",
        }
        content = json.dumps(body, separators=(",", ":")).encode()
        return self._request("POST", self.provider.chat_path, headers, content, patient=patient)

    def get(self, path: str) -> Any:
        """The JSON document at this path; not a completion, so never billed. An error inside an
        answer of status 200 is raised as what it says it is."""
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate"}
        response = self._request("GET", path, headers, None)
        document = self.read_json(response)
        if document.get("error") and "data" not in document:
            raise to_lookup_error(read_fault(document), self.context)
        return document

    def read_json(self, response: requests.Response) -> dict[str, Any]:
        """The JSON object that the body holds; InvalidResponse for anything else."""
        return self.json_object(self._read_body(response))

    def json_object(self, data: bytes) -> dict[str, Any]:
        """The JSON object in these bytes; InvalidResponse for anything else."""
        document = decode_object(data)
        if document is None:
            raise self.unreadable("sent no JSON object")
        return document

    def chunks(self, response: requests.Response, tick: float | None = None) -> Iterator[bytes]:
        """The body's pieces as they come; transport failures become errors of the tree.

        With `tick`, an empty piece comes for every so many seconds without any.
        """
        limits = self.limits
        pieces = wire.chunks(
            response, self.call, max_bytes=limits.max_total_bytes, idle=limits.idle, tick=tick
        )
        while True:
            piece = self._guarded(lambda: next(pieces, None))
            if self.call.halted:  # Which can look like a clean end of the body.
                raise self._halted()
            if piece is None:
                return
            yield piece

    def fail(self, error: LLMError, answer: Answer) -> LLMError:
        """The error with all that is known of the answer that it ended."""
        error.attempts = self.call.attempts
        answer.generation_id = answer.generation_id or self.call.generation_id
        return answer.explain(error)

    def note_generation(self, generation_id: str | None) -> None:
        """Let others see the id as soon as it is known: a cancelled call is looked up by it."""
        self.call.generation_id = generation_id or self.call.generation_id

    def unreadable(self, what: str) -> InvalidResponse:
        """The error for an answer with a good status that makes no sense."""
        return InvalidResponse(f"{self.context.label} {what}.", billed=self._lost())

    def begin_attempt(self) -> None:
        """Count an attempt, unless the call was ended meanwhile."""
        self.call.sent = False
        self.call.generation_id = None
        self.raise_if_halted()
        self.call.attempts += 1

    def raise_if_halted(self) -> None:
        """Raise Cancelled or LLMTimeout if the call was ended from outside."""
        if self.call.halted:
            raise self._halted()

    def _request(
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes | None,
        *,
        patient: bool = False,
    ) -> requests.Response:
        self._check_key(path)
        headers = {"User-Agent": USER_AGENT, **headers, **self.provider.headers(self.endpoint)}
        connect, idle = self.limits.connect, self.limits.idle
        left = max(MIN_WAIT, self.call.remaining)
        timeout = (min(connect, left), left if patient else min(idle, left))
        response = self._guarded(
            lambda: wire.send(
                self.call, method, self.base_url + path, headers=headers, body=body, timeout=timeout
            )
        )
        self.note_generation(identifier(response.headers.get("X-Generation-Id")))
        if 200 <= response.status_code < 300:
            return response
        raise self._refusal(response)

    def _guarded(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except TRANSPORT_ERRORS as error:
            failure = self._explain(error)
        raise failure

    def _explain(self, error: Exception) -> LLMError:
        label, lost = self.context.label, self._lost()
        # The wait for bytes ends with the total time, and may find out before the watchdog does.
        if self.call.halted or self.call.remaining <= MIN_WAIT:
            return self._halted()
        if isinstance(error, OverflowError):
            limit = self.limits.max_total_bytes
            return InvalidResponse(f"{label} sent more than {limit} bytes.", billed=lost)
        if isinstance(error, urllib3.exceptions.DecodeError):
            return self.unreadable("sent a body that cannot be decompressed")
        silent = isinstance(error, SILENCE)
        if isinstance(error, requests.ConnectTimeout) or (silent and not self.call.sent):
            return LLMTimeout(f"{label} did not take the connection in time.", retryable=True)
        if silent:
            return LLMTimeout(f"{label} was silent for {self.limits.idle:g} s.", billed=lost)
        return self._no_connection(error)

    def _no_connection(self, error: Exception) -> LLMError:
        label = self.context.label
        if self.call.sent:
            lost = self._lost()
            return ProviderError(
                f"The connection to {label} was lost before the answer was complete.",
                billed=lost,
                retryable=lost == "no",
            )
        if isinstance(error, (requests.exceptions.SSLError, urllib3.exceptions.SSLError)):
            hopeless = "certificate" in str(error).lower()
            return ProviderError(
                f"No secure connection to {label} could be made.", retryable=not hopeless
            )
        if isinstance(error, (requests.ConnectionError, OSError)) and not isinstance(
            error, (requests.exceptions.InvalidURL, ValueError)
        ):
            return ProviderError(f"No connection to {label} could be made.", retryable=True)
        return ProviderError(f"The request to {label} could not be sent.")

    def _halted(self) -> LLMError:
        lost = self._lost() if self.call.attempts else "no"
        if self.call.cancelled:
            return Cancelled("The call was cancelled.", billed=lost)
        label, seconds = self.context.label, self.limits.total
        return LLMTimeout(f"{label} was not done within {seconds:.3g} s.", billed=lost)

    def _lost(self) -> Billed:
        return "maybe" if self.billable and self.call.sent else "no"

    def _refusal(self, response: requests.Response) -> LLMError:
        status, document = response.status_code, None
        if status >= 400:
            with suppress(LLMError):  # The status alone tells enough.
                document = decode_object(self._read_body(response))
        response.close()
        self.raise_if_halted()
        if status < 200:
            return self.unreadable("sent an answer without an end")
        if status < 400:
            document = {"error": "a redirect, which is not followed"}
        fault = read_fault(document, status, response.headers)
        return (to_error if self.billable else to_lookup_error)(fault, self.context)

    def _read_body(self, response: requests.Response) -> bytes:
        try:
            return b"".join(self.chunks(response))
        finally:
            response.close()

    def _check_key(self, path: str) -> None:
        open_to_all = not self.provider.capabilities.models_prove_key
        if open_to_all and path == self.provider.models_path and not self.endpoint.api_key:
            return
        problem = self.provider.unsendable_key(self.endpoint.api_key)
        if problem:
            raise InvalidApiKey(problem)

    def _checked_base_url(self) -> str:
        url = (self.endpoint.base_url or self.provider.base_url).rstrip("/")
        if not _usable(url):
            raise ProviderError(f"The address of {self.provider.label} is missing or malformed.")
        return url


def _usable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or 0 < parts.port < 65536
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.query or parts.fragment)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and plain and port_is_fine
