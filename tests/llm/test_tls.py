"""The same limits over TLS, as in production."""

import datetime
import ipaddress
import socket
import ssl
import threading
import time

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from pwb.llm.calls import Call
from pwb.llm.client import complete, stream
from pwb.llm.errors import Cancelled, LLMTimeout, ProviderError
from pwb.llm.types import Endpoint, Limits
from tests.llm.conftest import KEY
from tests.llm.upstream import (
    CLOSE,
    DONE,
    HANG,
    Upstream,
    completion,
    delta,
    json_reply,
    stream_head,
    stream_reply,
)
from tests.waiting import PEER_HANGS, ends_soon


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that signs itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "upstream")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(pem) + secret)
    return path


@pytest.fixture
def secure(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Upstream(tls=context) as running:
        yield running


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))


def at(upstream: Upstream, **limits: float) -> Endpoint:
    given = {"connect": 10.0, "idle": 20.0, "total": 40.0} | limits
    return Endpoint(base_url=upstream.base_url, api_key=KEY, limits=Limits(**given))


def drip(data: bytes):
    for byte in data:
        yield bytes([byte])
        yield 0.02


@pytest.mark.usefixtures("trusted")
def test_calls_and_streams_share_one_secure_connection(secure, ask):
    secure.enqueue(json_reply(completion("Here.")))
    secure.default = lambda _: stream_reply(delta("A"), 0.2, delta("B", "stop"), DONE)
    assert complete(at(secure), ask()).text == "Here."
    assert list(stream(at(secure), ask())) == ["A", "B"]
    assert [piece for piece in stream(at(secure), ask(), tick=0.05) if piece] == ["A", "B"]
    assert secure.connections == 1


@pytest.mark.usefixtures("trusted")
def test_ticks_come_over_a_secure_connection_too(secure, ask):
    secure.enqueue(stream_reply(delta("A"), 1.0, delta("B", "stop"), DONE))
    began = time.monotonic()
    ticks = list(stream(at(secure), ask(), tick=0.1)).count("")
    assert 2 <= ticks <= (time.monotonic() - began) / 0.1


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    "steps",
    [[HANG], [stream_head(), HANG], [stream_head(), *drip(b"0" * 5000)]],
    ids=["silent", "silent after the headers", "dripping"],
)
def test_the_total_time_ends_a_secure_call_too(secure, ask, steps):
    secure.enqueue(steps)
    with ends_soon(), pytest.raises(LLMTimeout) as caught:
        list(stream(at(secure, total=0.4), ask()))
    assert caught.value.billed == "maybe"


@pytest.mark.usefixtures("trusted")
def test_a_cancel_ends_a_secure_call_at_once(secure, ask):
    secure.enqueue(stream_reply(delta("A"), HANG))
    call = Call()
    threading.Timer(0.15, call.cancel).start()
    with ends_soon(), pytest.raises(Cancelled):
        list(stream(at(secure), ask(), call=call))


@pytest.mark.usefixtures("trusted")
def test_a_secure_connection_lost_in_the_middle_may_be_billed(secure, ask):
    secure.enqueue([stream_head(), b"5\r\nda", CLOSE])
    with pytest.raises(ProviderError) as caught:
        list(stream(at(secure), ask()))
    assert caught.value.billed == "maybe"


def test_a_certificate_that_nobody_vouches_for_is_refused_at_once(secure, ask):
    with pytest.raises(ProviderError, match="secure connection") as caught:
        complete(at(secure), ask())
    assert (caught.value.billed, caught.value.attempts) == ("no", 1)
    assert not secure.received


def test_a_handshake_that_never_ends_is_a_timeout_that_costs_nothing(ask):
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        limits = Limits(connect=0.3, max_attempts=1)
        url = f"https://127.0.0.1:{deaf.getsockname()[1]}"
        with (
            ends_soon(),
            pytest.raises(LLMTimeout, match="did not take the connection") as caught,
        ):
            complete(Endpoint(base_url=url, api_key=KEY, limits=limits), ask())
        assert caught.value.billed == "no"
        call = Call()
        threading.Timer(0.1, call.cancel).start()
        patient = Limits(connect=PEER_HANGS, max_attempts=1)
        with ends_soon(), pytest.raises(Cancelled):
            complete(Endpoint(base_url=url, api_key=KEY, limits=patient), ask(), call=call)
