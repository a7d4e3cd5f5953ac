"""The smoke test of a deployment: the check that failed is named in a line, for every answer that a stage may give."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.session import get_session
from websockets.sync.server import serve

from chalicelib.clients.messages import Channel, Message
from chalicelib.config import config
from chalicelib.domain.access import deliveries
from chalicelib.workers import messages
from infra.deploy import smoke
from infra.deploy.account import Account
from infra.deploy.seen import NotSeen
from infra.deploy.smoke import Deployed, Smoke
from infra.local.queues import sqs_record
from tests.support.ground import environment


class _Stage(ThreadingHTTPServer):
    """A stage that gives one answer to everything."""

    answer: Any = None
    status = 200


class _Door(BaseHTTPRequestHandler):
    server: _Stage

    def _say(self) -> None:
        body = json.dumps(self.server.answer).encode()
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(self.server.status)
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


class _Works:
    """What a worker does beside the check, and the clients that the check uses."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes

    def client(self, service: str) -> Any:
        made: Any = get_session().create_client(service, region_name="us-east-1")
        if service == "dynamodb" and self.takes:
            queue: Any = get_session().create_client("sqs", region_name="us-east-1")
            url = queue.get_queue_url(QueueName=config().messages_queue_name)["QueueUrl"]
            for letter in queue.receive_message(QueueUrl=url, AttributeNames=["All"]).get("Messages", []):
                if messages.handle({"Records": [sqs_record(letter, "arn")]}) == {"batchItemFailures": []}:
                    queue.delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
        return made


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.parametrize("takes", [True, False], ids=["sent", "nobody sends"])
def test_the_mail_of_this_run_is_waited_for_and_no_other_is_taken_for_it(stage: _Stage, takes: bool) -> None:
    stage.status = 202
    works = _Works(takes=takes)
    names = {"MessagesQueue": config().messages_queue_name, "MessagesDeadLetters": "dead"}
    sqs = works.client("sqs")
    urls = {logical: sqs.create_queue(QueueName=name)["QueueUrl"] for logical, name in names.items()}
    ses: Any = get_session().create_client("ses", region_name="us-east-1")
    ses.verify_email_identity(EmailAddress=config().mail_from)
    # A mail of an earlier run, whose answer the platform remembers.
    deliveries.deliver(Message("msg_old", Channel.EMAIL, "success@simulator.amazonses.com", "text"))
    checked = replace(
        deployed(stage, "mail"),
        account=Account(works.client, "123456789012", "us-east-1"),
        outputs={"FilesBucket": "files", "TableName": config().table_name},
        queues=urls,
        mail_seconds=30 if takes else 0.5,
    )
    if takes:
        smoke.run(checked)
    else:
        with pytest.raises(NotSeen, match="SES has this run's mail"):
            smoke.run(checked)
    assert int(ses.get_send_quota()["SentLast24Hours"]) == 1 + takes
