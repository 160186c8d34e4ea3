"""The simulator's Flask app: OpenRouter's paths below ``/api/v1``."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException

from pwb.simulator import catalogue, chat, keys, pages, streaming, tokens, wire
from pwb.simulator.chat import Refused
from pwb.simulator.faults import FAULTS, Fault, named
from pwb.simulator.state import CHAT, RecordedRequest, Reply, Settings, Simulator, simulator_of
from pwb.simulator.wire import Answer

HEADER = "X-PWB-Simulator"
PREFIX = "/api/v1"
_LARGEST_BODY = 64 << 20

_OffTheWire = Callable[[streaming.Line, Fault | None], Response]

api = Blueprint("api", __name__, url_prefix=PREFIX)


def create_simulator(**settings: Any) -> Flask:
    """A simulator of its own; keyword arguments are the fields of `Settings`."""
    app = Flask("pwb_simulator", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.extensions["pwb-simulator"] = Simulator(Settings(**settings))
    app.register_blueprint(api)
    app.register_blueprint(pages.pages)
    app.before_request(_record)
    app.before_request(_forced_answer)
    app.after_request(_label)
    app.register_error_handler(Refused, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    return app


@api.get("/models")
def list_models() -> Response:
    """All models; public, as the real one."""
    return _model_page([catalogue.listed(model) for model in catalogue.models()])


@api.get("/models/user")
def list_own_models() -> Response:
    """The models that the key's privacy settings allow: none that trains on data."""
    _key()
    allowed = [model for model in catalogue.models() if not model.trains_on_data]
    return _model_page([catalogue.listed(model) for model in allowed])


@api.get("/models/count")
def count_models() -> Response:
    """How many models there are."""
    return _json({"data": {"count": len(catalogue.models())}})


@api.get("/key")
def show_key() -> Response:
    """What the key is and has left."""
    key = _key()
    return _json({"data": keys.info(key, _simulator().spent(key))})


@api.get("/credits")
def show_credits() -> Response:
    """The account's credit; ordinary keys may not see it."""
    key = _key()
    if not keys.is_management(key):
        raise Refused(_but("403", "Only management keys can perform this operation"))
    return _json({"data": {"total_credits": 100.0, "total_usage": float(_simulator().spent(key))}})


@api.get("/generation")
def show_generation() -> Response:
    """The record of one generation, 404 for a while after the call."""
    key, wanted = _key(), request.args.get("id", "")
    record = _simulator().generation(key, wanted)
    if record is None:
        raise Refused(_but("404", f"Generation {wanted[:80]} not found"))
    return _json({"data": record})


@api.post(CHAT)
def complete() -> Response:
    """A completion, as one body or as a stream."""
    simulator, key = _simulator(), _key()
    if keys.is_management(key):
        raise Refused(_but("403", "Management keys cannot be used for completions"))
    asked = chat.parse(request.get_json(silent=True))
    forced = _header_fault() or simulator.take(CHAT)
    if isinstance(forced, Reply) and forced.body is not None:
        return _scripted(forced)
    return _deliver(chat.answer(simulator, key, asked, forced), key)


def _deliver(answer: Answer, key: str) -> Response:
    effect = answer.fault.effect if answer.fault else ""
    line = _line()
    if effect in _OFF_THE_WIRE:
        return _OFF_THE_WIRE[effect](line, answer.fault)
    headers = {"X-Generation-Id": answer.generation_id}
    if answer.streamed and effect not in ("error-in-200", "choices-error"):
        return Response(_stream(answer, line, key), mimetype="text/event-stream", headers=headers)
    return Response(_one_body(answer, line, key), mimetype="application/json", headers=headers)


def _stream(answer: Answer, line: streaming.Line, key: str) -> Iterator[bytes]:
    simulator = _simulator()

    def settle(sent: str, cancelled: bool) -> None:
        goes_on = cancelled and not answer.model.stops_on_disconnect
        _settle(simulator, key, answer, answer.content if goes_on else sent, cancelled=cancelled)

    stream = streaming.events(answer, line, settle)
    if answer.fault and answer.fault.effect == "drip":
        slow = replace(answer, delay=simulator.settings.drip_delay)
        return streaming.drip(stream, line, slow)
    return stream


def _one_body(answer: Answer, line: streaming.Line, key: str) -> Iterator[bytes] | bytes:
    simulator, effect = _simulator(), answer.fault.effect if answer.fault else ""
    body = _completion(answer, effect)
    pieces = len(list(tokens.pieces(answer.content)))
    wait = answer.first_delay + answer.delay * pieces
    _settle(simulator, key, answer, answer.content, cancelled=False)
    if not (wait or effect):
        return wire.dumps(body)
    slow = replace(answer, delay=simulator.settings.drip_delay)
    return _after(wait, line, streaming.whole(slow, line, wire.dumps(body)))


def _after(wait: float, line: streaming.Line, body: Iterator[bytes]) -> Iterator[bytes]:
    line.wait(wait)
    yield from body


def _completion(answer: Answer, effect: str) -> dict[str, Any]:
    fault = answer.fault
    if fault and effect == "error-in-200":
        return {"error": wire.inner_error(fault), "user_id": "user_simulator"}
    if fault and (effect == "choices-error" or effect.startswith("stream-error")):
        half = answer.content[: len(answer.content) // 2]
        body = wire.completion(replace(answer, content=half, finish_reason="error"))
        body["choices"][0]["error"] = wire.inner_error(fault)
        return body
    return wire.completion(answer)


def _settle(simulator: Simulator, key: str, answer: Answer, sent: str, *, cancelled: bool) -> None:
    record = wire.generation(answer, sent, cancelled=cancelled)
    simulator.settle(key, record, wire.bill(answer, sent).cost)


def _forced_answer() -> Response | None:
    """A fault or reply for any path but completions, which look for theirs once they are parsed."""
    path = request.path.removeprefix(PREFIX)
    if path == CHAT or not request.path.startswith(PREFIX):
        return None
    forced = _header_fault() or _simulator().take(path)
    if isinstance(forced, Reply):
        return _scripted(forced)
    if forced is None:
        return None
    if forced.refuses:
        raise Refused(forced)
    return _OFF_THE_WIRE.get(forced.effect, _nothing_to_do)(_line(), forced)


def _nothing_to_do(_line: streaming.Line, fault: Fault | None) -> Response:
    name = fault.name if fault else ""
    raise Refused(_but("400", f"The fault {name} is for {CHAT} only"))


def _header_fault() -> Fault | None:
    name = request.headers.get("X-Simulate-Fault")
    if name and name not in FAULTS:
        raise Refused(_but("400", f"There is no fault {name[:80]}: see /faults"))
    return FAULTS[name] if name else None


def _scripted(reply: Reply) -> Response:
    body = reply.body if reply.body is not None else reply.content or ""
    data = body.encode() if isinstance(body, str) else body
    data = data if isinstance(data, bytes) else wire.dumps(data)
    kind = "text/html" if isinstance(reply.body, str) else "application/json"
    late = _after(reply.first_delay, _line(), iter([data])) if reply.first_delay else data
    response = Response(late, reply.status, mimetype=kind)
    response.headers.update(dict(reply.headers))
    return response


def _html(_line: streaming.Line, fault: Fault | None) -> Response:
    return Response(pages.PROXY_PAGE, fault.status if fault else 502, mimetype="text/html")


def _raw(body: Iterator[bytes]) -> Response:
    return Response(body, mimetype="text/event-stream")


_OFF_THE_WIRE: Mapping[str, _OffTheWire] = {
    "html": _html,
    "hang": lambda line, _: _raw(streaming.hang(line)),
    "flood": lambda line, _: _raw(streaming.flood(line)),
    "slow-headers": lambda line, _: _raw(
        streaming.slow_headers(line, _simulator().settings.drip_delay)
    ),
}


def _model_page(rows: list[dict[str, Any]]) -> Response:
    total = len(rows)
    links: dict[str, str | None] = {"next": None}
    if "limit" in request.args or "offset" in request.args:
        offset, limit = _whole("offset", 0), max(_whole("limit", 500), 1)
        rows = rows[offset : offset + limit]
        if offset + limit < total:
            links = {"next": f"{request.path}?offset={offset + limit}&limit={limit}"}
    return _json({"data": rows, "total_count": total, "links": links})


def _whole(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not text.isdecimal():
        raise Refused(_but("400", f"{name} must be a whole number"))
    return int(text)


def _key() -> str:
    key = keys.bearer(request.headers.get("Authorization"))
    if key is None:
        raise Refused(_but("401", "Missing Authentication header"))
    if keys.refused(key):
        raise Refused(named("401"))
    return key


def _simulator() -> Simulator:
    return simulator_of(current_app)


def _line() -> streaming.Line:
    return streaming.Line(request.environ.get("werkzeug.socket"), _simulator().stopping)


def _but(name: str, message: str) -> Fault:
    return replace(named(name), message=message, metadata={})


def _json(body: object, status: int = 200) -> Response:
    return Response(wire.dumps(body), status, mimetype="application/json")


def _refusal(error: Refused) -> Response:
    response = _json(wire.error_body(error.fault, error.requested), error.fault.status)
    response.headers.update(wire.error_headers(error.fault))
    return response


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    return _json({"error": {"code": code, "message": error.name}}, code)


def _label(response: Response) -> Response:
    response.headers[HEADER] = "1"
    return response


def _record() -> None:
    _simulator().record(
        lambda: RecordedRequest(
            method=request.method,
            path=request.path,
            headers=dict(request.headers),
            json=request.get_json(silent=True),
            query=request.args.to_dict(),
            at=time.monotonic(),
        )
    )
