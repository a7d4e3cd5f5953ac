"""The log line of each call of a worker's handler, and the id that its other lines share."""

import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import app
from chalicelib.observability import decided, in_this_context, log_keys, logger, outcome
from chalicelib.workers import subjects
from infra.local.invocation import FunctionContext
from tests.support.client import call
from tests.support.factories import make_event, make_ticket, scan_id, usher_token
from tests.support.log_lines import LogLines, collected
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with collected() as found:
        yield found


def test_a_queues_batch_has_one_line_and_its_failures_name_their_message(lines: LogLines) -> None:
    context = FunctionContext("messages", 30.0)
    records = [{"messageId": f"m{n}", "body": "not JSON", "receiptHandle": "r"} for n in range(2)]
    assert app.messages({"Records": records}, context)["batchItemFailures"]
    *failures, summary = lines.of(context.aws_request_id)
    assert [line["message_id"] for line in failures] == ["m0", "m1"]
    assert (summary["message"], summary["level"], summary["function"]) == ("call", "WARNING", "messages")
    assert (summary["ids"], summary["count"], summary["failed"]) == (["m0", "m1"], 2, 2)
    assert "message_id" not in summary
    assert len(lines.all()) == 3


def test_a_batch_of_the_stream_has_one_line_with_its_ends(lines: LogLines) -> None:
    event = make_event()
    reader = StreamReader()
    ticket = make_ticket(event)
    body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
    assert call("POST", "/api/usher/scan/result/", body, token=usher_token(event)).status == 200
    records = reader.read()
    lines.clear()
    context = FunctionContext("gatehouse-dev-stream", 30.0)
    assert app.stream({"Records": records}, context) == {"batchItemFailures": []}
    [summary] = lines.of_calls()
    assert (summary["request_id"], summary["function"]) == (context.aws_request_id, "gatehouse-dev-stream")
    assert (summary["count"], summary["failed"]) == (len(records), 0)
    ends = [records[place]["dynamodb"]["SequenceNumber"] for place in (0, -1)]
    assert [summary["ids"][0], summary["ids"][-1]] == ends
    assert {body["scan_id"], body["ticket_id"]} <= set(summary["about"])
    assert {line["request_id"] for line in lines.all()} == {context.aws_request_id}


def test_a_scan_that_nobody_hears_has_one_line_of_the_request_and_none_of_the_live_function(lines: LogLines) -> None:
    event, reader = make_event(), StreamReader()
    ticket, token = make_ticket(event), usher_token(event)
    reader.read()
    lines.clear()
    body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
    assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200
    records = reader.read()
    assert app.live({"Records": records}, FunctionContext("gatehouse-dev-live", 30.0)) == {"batchItemFailures": []}
    [line] = [each for each in lines.all() if each["level"] != "DEBUG"]
    assert (line["message"], line["status"], line["result"]) == ("request", 200, "valid")
    assert (line["scan_id"], line["ticket_id"]) == (body["scan_id"], ticket.ticket_id)
    assert line["log_id"].startswith("log_")


def test_several_decisions_of_one_request_have_a_line_each(lines: LogLines) -> None:
    with outcome() as found:
        for number in range(3):
            decided("scan decided", scan_id=f"scan-{number}")
        assert found.facts() == {}
    assert [(line["message"], line["scan_id"]) for line in lines.all()] == [
        ("scan decided", f"scan-{number}") for number in range(3)
    ]


@pytest.mark.usefixtures("swept")
def test_a_schedule_and_a_socket_have_a_line_each(lines: LogLines) -> None:
    scheduled: dict[str, Any] = {
        "version": "0",
        "id": "run-1",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
    }
    scheduled |= {"account": "0", "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {}}
    context = FunctionContext("sweep", 30.0)
    app.sweep(scheduled, context)
    [swept] = lines.of(context.aws_request_id)
    assert (swept["function"], swept["schedule_id"]) == ("sweep", "run-1")

    socket = {"routeKey": "$connect", "connectionId": "abc=", "requestId": "socket-1", "apiId": "local"}
    event = {"requestContext": {**socket, "domainName": "localhost", "stage": "live"}, "queryStringParameters": {}}
    assert app.websocket_connect(event, FunctionContext("websocket_connect", 29.0))["statusCode"] == 401
    refused, traced = lines.of("socket-1")
    assert traced["security"] == "refusal"
    assert (refused["route"], refused["connection_id"], refused["status"]) == ("$connect", "abc=", 401)


def test_a_worker_that_raises_has_its_line_too(lines: LogLines) -> None:
    context = FunctionContext("stream", 30.0)
    with pytest.raises(KeyError):
        app.stream({"Records": [{"no": "record"}]}, context)
    [summary] = lines.of(context.aws_request_id)
    assert (summary["message"], summary["level"], summary["count"]) == ("call", "ERROR", 1)


def test_the_lines_of_worker_threads_carry_the_keys_of_their_caller_and_no_others(lines: LogLines) -> None:
    def work(number: int) -> None:
        logger.info("work", extra={"number": number})

    def caller(name: str) -> None:
        with log_keys(request_id=name), ThreadPoolExecutor(4) as hands:
            list(hands.map(in_this_context(work), range(20)))

    with ThreadPoolExecutor(8) as callers:
        list(callers.map(caller, [f"caller-{n}" for n in range(8)]))
        list(callers.map(work, range(8)))

    found = Counter(line.get("request_id", "none") for line in lines.all())
    assert found == {"none": 8, **{f"caller-{n}": 20 for n in range(8)}}


def test_keys_within_keys_end_with_their_own_block(lines: LogLines) -> None:
    with log_keys(request_id="outer"):
        with log_keys(message_id="inner"):
            logger.info("both")
        logger.info("one")
    logger.info("none")
    both, one, none = lines.all()
    assert (both["request_id"], both["message_id"]) == ("outer", "inner")
    assert one["request_id"] == "outer"
    assert "message_id" not in one
    assert "request_id" not in none


def test_a_message_is_followed_by_its_ids_and_shows_no_number_name_or_text() -> None:
    fact = {"fact_id": "f", "payment_id": "pay_01", "customer_id": "cus_01", "phone": "+923001000003"}
    batch = {
        "Records": [
            {"messageId": "m0", "body": json.dumps({"detail-type": "payment.refund_due", "detail": fact})},
            {"messageId": "m1", "body": json.dumps({"message_id": "msg_01", "to": "a@example.com", "body": "123456"})},
            {"messageId": "m2", "body": json.dumps({"job_id": "923001000003", "order_id": ["x"]})},
            {"messageId": "m3", "body": "[1]"},
        ]
    }
    assert subjects.of_batch(batch) == ["pay_01", "msg_01"]
