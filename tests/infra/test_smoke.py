"""The smoke test of a deployment: the check that failed is named in a line, for every answer that a stage may give."""

import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from websockets.sync.server import serve

from chalicelib.config import config
from infra.deploy import smoke
from infra.deploy.account import Account
from infra.deploy.seen import NotSeen
from infra.deploy.smoke import Deployed, Smoke
from tests.support.ground import environment


class _Stage(ThreadingHTTPServer):
    """A stage that gives one answer to everything."""

    answer: Any = None


class _Door(BaseHTTPRequestHandler):
    server: _Stage

    def _say(self) -> None:
        body = json.dumps(self.server.answer).encode()
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = do_OPTIONS = _say  # noqa: N815  # the server's own names

    def log_message(self, *_: Any) -> None:
        """Say nothing at the terminal."""


@pytest.fixture
def stage() -> Iterator[_Stage]:
    server = _Stage(("127.0.0.1", 0), _Door)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    with environment():
        yield server
    server.shutdown()
    thread.join()
    server.server_close()
    config.cache_clear()


class _Secrets:
    def get_secret_value(self, **_: str) -> dict[str, str]:
        return {"SecretString": "the password of the test's account"}


def deployed(stage: _Stage, *only: str, live: str = "ws://127.0.0.1:1") -> Deployed:
    return Deployed(
        Account(lambda _: _Secrets(), "123456789012", "us-east-1"),
        "dev",
        f"http://127.0.0.1:{stage.server_port}",
        {"LiveUrl": live, "FilesBucket": "files"},
        {"CorsOrigins": "https://a.example", "AdminOrigin": "https://a.example"},
        {},
        without=frozenset(_names()).difference(only),
    )


def _names() -> list[str]:
    nothing: Any = Deployed(Account(lambda _: None, "", ""), "dev", "", {}, {}, {})
    return [name for name, _, _ in Smoke(nothing, None).checks()]  # type: ignore[arg-type]  # it asks nothing yet


@pytest.mark.parametrize("answer", [[], {"error": None}], ids=repr)
def test_an_answer_of_another_form_fails_its_check_and_no_more(stage: _Stage, answer: Any) -> None:
    stage.answer = answer
    for name in ("document", "events", "unknown_path", "guards", "malformed"):
        with pytest.raises(NotSeen):
            smoke.run(deployed(stage, name))


@pytest.mark.parametrize("closes", [False, True], ids=["refused", "closed before it answers"])
def test_a_socket_that_is_not_served_fails_its_check(stage: _Stage, closes: bool) -> None:
    def admit(connection: Any, request: Any) -> Any:
        if closes and "ticket=" in request.path:
            return None
        return connection.respond(HTTPStatus.FORBIDDEN, "")

    with serve(lambda connection: connection.close(), "127.0.0.1", 0, process_request=admit) as server:
        port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        live = f"ws://127.0.0.1:{port}"
        stage.answer = {"url": live, "ticket": "tkt", "token": "of the account"}
        with pytest.raises(NotSeen, match="a socket opens with its ticket"):
            smoke.run(deployed(stage, "log_in", "socket", live=live))
        server.shutdown()
        thread.join()
