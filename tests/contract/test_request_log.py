"""The log line of a request, tested for each route there is: exactly one, found by its id, and without a secret."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from chalice import Response

import app as platform
from chalicelib.observability import logger
from chalicelib.portals.http import application, envelope, request_log
from chalicelib.portals.http.route import AnyRoute
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import Portal
from tests.contract.ground import PASSWORD, Ground, routes
from tests.contract.request import Request
from tests.support.client import Answer, call
from tests.support.log_lines import Line, LogLines, collected

GUARDED = [route for route in routes() if route.guard]
# The fields of bodies and answers whose values no log may hold.
SENSITIVE = {
    "access", "account_number", "assertion", "blood_type", "code", "contact_mobile", "email", "enrollment_code",
    "holder_name", "iban", "medical_conditions", "mobile_number", "name", "new_password", "old_password", "password",
    "phone", "public_key", "qr", "refresh", "title", "token", "username",
}  # fmt: skip
PEOPLE = (
    demo.CUSTOMER_NUMBER,
    demo.ORGANIZER_NUMBER,
    demo.MERCHANT_NUMBER,
    demo.ADMIN_EMAIL,
    demo.TIX_EMAIL,
    "Ayesha Khan",
    "Bilal Ahmed",
    "Liberty Books",
    PASSWORD,
)
# A shorter text, such as a title of one word, may be a word of the log itself.
_SHORTEST = 5


def _named(route: AnyRoute) -> str:
    return route.operation_id


@pytest.fixture
def lines() -> Iterator[LogLines]:
    with collected() as found:
        yield found


def _sensitive(content: Any, *, of: str = "") -> Iterator[str]:
    """Go through the texts of a body that belong to a person or prove something."""
    if isinstance(content, dict):
        for name, part in content.items():
            yield from _sensitive(part, of=name)
    elif isinstance(content, list):
        for part in content:
            yield from _sensitive(part, of=of)
    elif of in SENSITIVE and isinstance(content, str) and len(content) >= _SHORTEST:
        yield content


def only_line(lines: LogLines, answer: Answer) -> Line:
    """Return the one line of a request, found by the id that its answer carries."""
    [line] = [each for each in lines.of_requests() if each["request_id"] == answer.headers["x-request-id"]]
    return line


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_each_answer_has_one_line_without_a_secret(route: AnyRoute, ground: Ground, lines: LogLines) -> None:
    request, token = ground.rightful(route), ground.token(route)
    lines.clear()
    answer = ground.send(route, request, token=token)
    line = only_line(lines, answer)
    assert (line["method"], line["route"], line["status"]) == (route.method, route.path, answer.status)
    assert line["milliseconds"] > 0
    assert ("principal_id" in line) == (route.guard is not None)
    assert len(lines.of_requests()) == 1
    assert all(each["request_id"] == line["request_id"] for each in lines.all())
    answered = _sensitive(answer.json) if route.reply else ()
    secrets = {*_sensitive(request.body), *answered, *PEOPLE, *([token] if token else [])}
    assert [secret for secret in secrets if secret in lines.text] == []


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_each_refusal_has_one_line_with_its_code(route: AnyRoute, ground: Ground, lines: LogLines) -> None:
    request = ground.rightful(route)
    lines.clear()
    other = next(method for method in ("PATCH", "DELETE") if method not in platform.app.routes[route.path])
    refused = [call(other, route.path.format(**request.path), None)]
    if route.guard:
        refused.append(ground.send(route, request, token="no.token.at-all"))
    if route.body:
        refused.append(ground.send(route, request, token=ground.token(route), headers={"content-type": "text/html"}))
    for answer in refused:
        line = only_line(lines, answer)
        assert (line["route"], line["status"], line["code"]) == (route.path, answer.status, answer.code)
        assert line["level"] == "INFO"
    assert [answer.status for answer in refused[:1]] == [405]
    assert len(lines.of_requests()) == len(refused)
    assert "no.token.at-all" not in lines.text


def test_a_path_with_a_number_is_logged_as_its_template(ground: Ground, lines: LogLines) -> None:
    route = next(route for route in routes() if route.operation_id == "usher_card")
    answer = ground.send(route, Request(path={"card_id": "+923001234567"}), token=ground.token(route))
    assert answer.status == 400
    assert only_line(lines, answer)["route"] == route.path
    assert "923001234567" not in lines.text


def test_a_replay_says_so_in_its_line(ground: Ground, lines: LogLines) -> None:
    route = next(route for route in routes() if route.operation_id == "customer_block_card")
    request = replace(ground.rightful(route), headers={"idempotency-key": "a-key-of-the-log"})
    first, again = (ground.send(route, request, token=ground.token(route)) for _ in range(2))
    assert first.status == again.status == route.status
    assert "replayed" not in only_line(lines, first)
    assert only_line(lines, again)["replayed"] is True


def test_a_principal_is_named_even_where_the_request_is_refused_later(ground: Ground, lines: LogLines) -> None:
    route = next(route for route in routes() if route.operation_id == "usher_log")
    answer = ground.send(route, Request(path={"log_id": "log_nobody"}), token=ground.access(Portal.USHER))
    line = only_line(lines, answer)
    assert (line["code"], line["principal_id"], line["portal"]) == ("NOT_FOUND", ground.usher.account_id, "usher")


def test_a_fault_has_its_trace_and_its_line_and_neither_has_the_path(lines: LogLines) -> None:
    app = application.Gatehouse(app_name="gatehouse", configure_logs=False)
    app.register_middleware(request_log.middleware, "http")
    app.register_middleware(envelope.middleware, "http")

    @app.route("/api/v1/faults/{number}", methods=["GET"], name="fault")
    def fault(number: str) -> Response:  # noqa: ARG001  # Chalice passes it
        raise RuntimeError("a fault of ours")

    context = {"resourcePath": "/api/v1/faults/{number}", "httpMethod": "GET", "requestId": "req-fault"}
    event = {
        "path": "/api/v1/faults/+923001234567",
        "httpMethod": "GET",
        "requestContext": context,
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {"number": "+923001234567"},
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    }
    assert app(event, None)["statusCode"] == 500
    trace, line = lines.of("req-fault")
    assert (trace["message"], trace["exception_name"]) == ("request raised", "RuntimeError")
    assert (line["message"], line["level"], line["status"], line["code"]) == ("request", "ERROR", 500, "INTERNAL")
    assert "923001234567" not in lines.text


def test_what_is_logged_after_a_request_does_not_carry_its_id(ground: Ground, lines: LogLines) -> None:
    ground.send(routes()[0], ground.rightful(routes()[0]), token=None)
    lines.clear()
    logger.warning("between two requests")
    [line] = lines.all()
    assert "request_id" not in line
