"""Requests to DynamoDB are written and signed as botocore does it, and use the SDK's parts that code relies on."""

import hashlib
import hmac
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.session import get_session

from chalicelib.table import operations, raw_answers, raw_requests, signature

REGION = "eu-central-1"
TOKENS = (None, "a session's token")


class _Engine(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers with the next of its answers."""

    seen: list[tuple[dict[str, str], bytes]]
    answers: list[tuple[int, bytes]]

    def do_POST(self) -> None:
        """Answer one request."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        status, content = self.answers.pop(0)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Write nothing."""


@pytest.fixture
def engine() -> Any:
    handler = type("Engine", (_Engine,), {"seen": [], "answers": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def _client(engine: Any, token: str | None) -> Any:
    made = raw_requests.attach(raw_answers.attach(_botocores(engine)))
    return signature.attach(made, Credentials("AKID", "secret", token))


def _botocores(engine: Any) -> Any:
    return get_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{engine.server_port}",
        config=Config(retries={"total_max_attempts": 3, "mode": "standard"}, parameter_validation=False),
        aws_access_key_id="not",
        aws_secret_access_key="used",
    )


def _expected(headers: dict[str, str], body: bytes, token: str | None, url: str) -> str:
    """Return the signature that botocore computes for the headers that are signed, at the same moment."""
    names = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    request = AWSRequest("POST", url, headers={name: headers[name] for name in names}, data=body)
    request.context["timestamp"] = headers["x-amz-date"]
    theirs = SigV4Auth(Credentials("AKID", "secret", token), "dynamodb", REGION)
    text = theirs.string_to_sign(request, theirs.canonical_request(request))
    return str(theirs.signature(text, request))


@pytest.mark.parametrize("token", TOKENS)
def test_a_request_and_its_retry_carry_the_signature_of_botocore(engine: Any, token: str | None) -> None:
    handler = engine.RequestHandlerClass
    handler.answers = [(500, b"{}"), (200, b'{"Item":{"pk":{"S":"p"},"raw":{"B":"Ynl0ZXM="}}}')]
    answer = _client(engine, token).get_item(TableName="t", Key={"pk": {"S": "\u00fc"}})
    assert answer["Item"] == {"pk": {"S": "p"}, "raw": {"B": b"bytes"}}
    assert len(handler.seen) == 2
    for headers, body in handler.seen:
        assert json.loads(body)["TableName"] == "t"
        signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
        # AWS: the host and every x-amz- header must be signed.
        assert {"host"} | {name for name in headers if name.startswith("x-amz-")} <= set(signed)
        sent = headers["authorization"].partition("Signature=")[2]
        url = f"http://127.0.0.1:{engine.server_port}/"
        assert hmac.compare_digest(sent, _expected(headers, body, token, url))
        assert headers.get("x-amz-security-token") == token


_KEY = {"pk": {"S": "p\u00fc\u2028"}, "sk": {"S": ""}}
_ITEM = {**_KEY, "raw": {"B": b"\x00\xff"}, "set": {"BS": [b"a", b""]}, "n": {"N": "1"}, "m": {"M": {"b": {"B": b"c"}}}}
_WHERE = {"TableName": "t", "ConditionExpression": "#p = :p", "ExpressionAttributeNames": {"#p": "pk"}}
_VALUES = {"ExpressionAttributeValues": {":p": {"L": [{"BOOL": True}, {"NULL": True}, {"B": bytearray(b"d")}]}}}
_PUT = {"TableName": "t", "Item": _ITEM}
_ASKED: dict[str, dict[str, Any]] = {
    "batch_get_item": {"RequestItems": {"t": {"Keys": [_KEY], "ConsistentRead": True}}},
    "batch_write_item": {"RequestItems": {"t": [{"PutRequest": {"Item": _ITEM}}, {"DeleteRequest": {"Key": _KEY}}]}},
    "delete_item": {"Key": _KEY, **_WHERE, **_VALUES, "ReturnValuesOnConditionCheckFailure": "ALL_OLD"},
    "get_item": {"TableName": "t", "Key": _KEY, "ConsistentRead": False},
    "put_item": _PUT,
    "query": {"TableName": "t", "KeyConditionExpression": "#p = :p", "Limit": 3, "ExclusiveStartKey": _KEY, **_VALUES},
    "transact_get_items": {"TransactItems": [{"Get": {"TableName": "t", "Key": _KEY}}]},
    "transact_write_items": {
        "ClientRequestToken": "c",
        "TransactItems": [{"Put": _PUT}, {"Update": {"Key": _KEY, **_WHERE, **_VALUES}}],
    },
    "update_item": {"Key": _KEY, "UpdateExpression": "SET #p = :p", **_WHERE, **_VALUES},
    "describe_table": {"TableName": "t"},
}


@pytest.mark.parametrize("operation", _ASKED)
def test_a_request_says_what_botocore_says(engine: Any, operation: str) -> None:
    handler = engine.RequestHandlerClass
    handler.answers = [(200, b"{}"), (200, b"{}")]
    for client in (_botocores(engine), _client(engine, None)):
        getattr(client, operation)(**_ASKED[operation])
    (theirs, their_body), (ours, our_body) = handler.seen
    assert json.loads(our_body) == json.loads(their_body)
    same = ("x-amz-target", "content-type")
    assert [ours[name] for name in same] == [theirs[name] for name in same]


def test_each_operation_that_is_written_here_is_compared() -> None:
    assert {name.title().replace("_", "") for name in _ASKED} - {"DescribeTable"} == set(raw_answers.OPERATIONS)


def test_what_no_item_holds_is_refused_before_it_is_sent(engine: Any) -> None:
    with pytest.raises(TypeError):
        _client(engine, None).put_item(TableName="t", Item={"pk": {"S": object()}})
    assert engine.RequestHandlerClass.seen == []


def test_a_body_that_was_changed_has_another_signature(engine: Any) -> None:
    handler = engine.RequestHandlerClass
    handler.answers = [(200, b"{}")]
    _client(engine, None).get_item(TableName="t", Key={"pk": {"S": "p"}})
    ((headers, body),) = handler.seen
    url = f"http://127.0.0.1:{engine.server_port}/"
    assert headers["authorization"].partition("Signature=")[2] != _expected(headers, body + b" ", None, url)
    assert hashlib.sha256(body).hexdigest() not in headers["authorization"]


def test_the_table_client_asks_the_endpoint_of_its_region_and_resolves_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    made: Any = operations.client.__wrapped__()
    plain: Any = get_session().create_client("dynamodb", region_name=REGION)
    assert made.meta.endpoint_url == f"https://dynamodb.{REGION}.amazonaws.com"
    # The attribute that the table's client leaves empty is the one that botocore asks for each request.
    assert plain._ruleset_resolver is not None
    asked = plain._resolve_endpoint_ruleset(plain.meta.service_model.operation_model("GetItem"), {}, {})
    left_out = made._resolve_endpoint_ruleset(made.meta.service_model.operation_model("GetItem"), {}, {})
    assert asked[0].rstrip("/") == left_out[0].rstrip("/")
