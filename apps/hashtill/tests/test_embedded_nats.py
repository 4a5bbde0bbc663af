import asyncio
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import nats
import pytest

from hashtill_cli.embedded.errors import EmbeddedServerError
from hashtill_cli.embedded.keyring import Keyring
from hashtill_cli.embedded.nats import Nats, embedded_nats
from hashtill_cli.embedded.ports import answers


async def test_messages_survive_a_restart_on_the_same_port(tmp_path: Path) -> None:
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        await publish_one(server)
        port = server.port
        assert server.process is not None
        server.process.kill()
        server.process.wait(10)

        server.start()

        assert await stored(server) == 1
        assert server.port == port

    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        assert await stored(server) == 1


def test_a_restart_needs_no_file_that_tells_the_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        monkeypatch.setattr(Nats, "_learn_ports", lambda _: False)  # as on a full disk

        server.restart()

        assert server.running
        assert answers(server.port)


def test_a_server_whose_stream_cannot_be_written_complains(tmp_path: Path) -> None:
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        well = server.complaint()
    gone = server.complaint()
    with HTTPServer(("127.0.0.1", 0), _Unhealthy) as monitoring:
        answering = threading.Thread(target=monitoring.handle_request)
        answering.start()
        server.monitoring_port = monitoring.server_port
        unwell = server.complaint()
        answering.join()

    assert (well, gone) == ("", "")
    assert unwell == "is not healthy (no space left on device)"


class _Unhealthy(BaseHTTPRequestHandler):
    """Answers as nats-server does once a write failed."""

    def do_GET(self) -> None:
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"no space left on device")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


async def test_nobody_enters_without_the_password(tmp_path: Path) -> None:
    with embedded_nats(tmp_path, keyring=Keyring(tmp_path)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        await reader.readline()  # INFO

        writer.write(b"CONNECT {}\r\nPING\r\n")
        answer = await reader.readline()
        writer.close()

    assert answer == b"-ERR 'Authorization Violation'\r\n"


def test_a_busy_port_is_named_with_its_remedy(tmp_path: Path, nats_url: str) -> None:
    busy = int(nats_url.rsplit(":", 1)[1])

    with (
        pytest.raises(EmbeddedServerError, match="already in use"),
        embedded_nats(tmp_path, keyring=Keyring(tmp_path), port=busy),
    ):
        pass


async def publish_one(server: Nats) -> None:
    client = await nats.connect(server.url.reveal())
    await client.jetstream().add_stream(name="FACTS", subjects=["facts.>"])
    await client.jetstream().publish("facts.one", b"it happened")
    await client.close()


async def stored(server: Nats) -> int:
    client = await nats.connect(server.url.reveal())
    info = await client.jetstream().stream_info("FACTS")
    await client.close()
    return info.state.messages
