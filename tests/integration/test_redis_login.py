"""How the node gets into a real Redis: passwords, TLS, and the end of the connection before."""

import asyncio
import subprocess
from pathlib import Path

import pytest
import uvloop

from cluster.errors import ServiceUnavailable
from scripts.stack.instance import HOST
from scripts.stack.ports import free_port
from scripts.stack.probe import ask
from server.directory_redis import RedisDirectory
from server.inbox_redis import RedisInbox
from server.redis_connection import RedisConnection
from server.redis_dialer import RedisDialer
from server.redis_errors import refusal
from server.redis_stream import RedisStream
from server.redis_target import parse_redis_url
from tests.contract.stores import envelope
from tests.services import OwnRedis, eventually


def configure(redis: OwnRedis, *words: str) -> None:
    """Change settings of a running Redis."""
    command = " ".join(("CONFIG SET", *words)).encode() + b"\r\n"
    assert ask(HOST, redis.port, command, stop=b"\r\n") == b"+OK\r\n"


async def test_the_password_is_needed_and_never_shown(own_redis: OwnRedis) -> None:
    configure(own_redis, "requirepass", "s3cret")
    for login in ("", ":wrong-one@", "nobody:s3cret@"):
        stream = RedisStream(f"redis://{login}{HOST}:{own_redis.port}")
        with pytest.raises(ServiceUnavailable, match=r"NOAUTH|WRONGPASS") as raised:
            await stream.open()
        assert "s3cret" not in str(raised.value)
        assert "wrong-one" not in str(raised.value)
    for login in (":s3cret", "default:s3cret"):
        stream = RedisStream(f"redis://{login}@{HOST}:{own_redis.port}/2")
        await stream.open()
        assert b" db=2 " in await stream.call("CLIENT", "INFO")
        await stream.close()


RIGHTS = "~im:* +@read +@write +@scripting +time +ping +select"
MORE_RIGHTS = RIGHTS + " +client|info +client|kill +client|setname"


@pytest.mark.parametrize(("rights", "name"), [(RIGHTS, b""), (MORE_RIGHTS, b"im")])
async def test_an_account_needs_only_the_rights_that_the_docs_name(
    own_redis: OwnRedis, rights: str, name: bytes
) -> None:
    command = f"ACL SETUSER node on >pw resetkeys {rights}\r\n".encode()
    assert ask(HOST, own_redis.port, command, stop=b"\r\n") == b"+OK\r\n"
    stream = RedisStream(f"redis://node:pw@{HOST}:{own_redis.port}")
    inbox, directory = RedisInbox(stream, "im"), RedisDirectory(stream, "im", "n1")
    await stream.open()
    await inbox.open()
    await directory.register_node()
    await directory.add("bob", "c1")
    await inbox.append([envelope(1, time=1.0), envelope(2)])
    await inbox.position("bob", "phone")
    await inbox.acknowledge("bob", "phone", 2)
    assert await inbox.heads(["bob"]) == [2]
    assert await inbox.read("bob", 2, 1) == []
    await directory.remove("bob", "c1", last=True)
    assert await directory.sweep("n1") == 0
    listed = ask(HOST, own_redis.port, b"CLIENT LIST\r\n", stop=b" user=node ")
    assert (b" name=%b " % name) in listed
    await stream.close()


def make_certificate(folder: Path) -> Path:
    """Make a key and a certificate for `localhost` that vouches for itself; return the latter."""
    certificate = folder / "redis.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    key = ["-newkey", "rsa:2048", "-nodes", "-keyout", str(folder / "redis.key")]
    command = ["openssl", "req", "-x509", "-days", "2", *key, *names, "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return certificate


@pytest.fixture
def tls_port(own_redis: OwnRedis, tmp_path: Path) -> int:
    certificate, port = make_certificate(tmp_path), free_port()
    files = ("tls-cert-file", str(certificate), "tls-key-file", str(tmp_path / "redis.key"))
    configure(own_redis, *files, "tls-ca-cert-file", str(certificate))
    configure(own_redis, "tls-auth-clients", "no", "tls-port", str(port))
    return port


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_tls_is_spoken_with_a_server_that_proves_its_name(
    tls_port: int, tmp_path: Path, loop: type[asyncio.AbstractEventLoop]
) -> None:
    async def work() -> None:
        stream = RedisStream(f"rediss://localhost:{tls_port}?ssl_ca_certs={tmp_path}/redis.pem")
        await stream.open()
        word = b"x" * 300_000
        assert await asyncio.gather(*(stream.call("ECHO", word) for _ in range(5))) == [word] * 5
        await stream.close()

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(work())


async def test_a_server_that_nobody_vouches_for_is_refused(tls_port: int) -> None:
    with pytest.raises(ServiceUnavailable, match="certificate verify failed"):
        await RedisStream(f"rediss://localhost:{tls_port}").open()


async def test_a_server_with_another_name_is_refused(tls_port: int, tmp_path: Path) -> None:
    url = f"rediss://127.0.0.1:{tls_port}?ssl_ca_certs={tmp_path}/redis.pem"
    with pytest.raises(ServiceUnavailable, match="certificate verify failed"):
        await RedisStream(url).open()


async def test_the_connection_before_is_ended_by_the_server(redis_url: str) -> None:
    dialer = RedisDialer(parse_redis_url(redis_url), 5.0, "im")

    def connection() -> RedisConnection:
        return RedisConnection(
            5.0,
            refusal=lambda text: refusal(text, redis_url),
            lost=lambda reason: ServiceUnavailable("Redis", redis_url, reason),
            on_lost=lambda _: None,
        )

    # The first is not closed on this side: what it has sent may be under way for minutes.
    first = await dialer.connect(connection, [])
    second = await dialer.connect(connection, [])
    with pytest.raises(ServiceUnavailable):
        await first.call(("PING",))
    await eventually(lambda: first.ended)
    assert await second.call(("PING",)) == b"PONG"
    second.end("done")
