"""Behind a distribution limits count the caller's own address, and nobody but the edge can name another one."""

from typing import Any

import pytest
from chalice.app import Request

from chalicelib.portals.http import edge, request_log

PEER, VIEWER = "192.0.2.7", "203.0.113.9"
SECRET = "s" * 48
PROVEN = {edge.SECRET_HEADER: SECRET, edge.ADDRESS_HEADER: VIEWER}


def request(headers: dict[str, str], variables: dict[str, str] | None) -> Request:
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": None,
        "headers": headers,
        "pathParameters": None,
        "body": None,
        "isBase64Encoded": False,
        "stageVariables": variables,
        "requestContext": {"httpMethod": "GET", "resourcePath": "/health", "identity": {"sourceIp": PEER}},
    }
    return Request(event, None)


def test_the_edge_names_the_callers_address() -> None:
    assert request_log.address_of(request(PROVEN, {edge.SECRET_VARIABLE: SECRET})) == VIEWER


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {edge.ADDRESS_HEADER: VIEWER},
        {edge.ADDRESS_HEADER: VIEWER, "x-forwarded-for": VIEWER},
        {**PROVEN, edge.SECRET_HEADER: "t" * 48},
        {**PROVEN, edge.SECRET_HEADER: ""},
        {**PROVEN, edge.SECRET_HEADER: "é"},
        {edge.SECRET_HEADER: SECRET},
        {**PROVEN, edge.ADDRESS_HEADER: "9" * 400},
    ],
)
def test_nobody_else_is_believed(headers: dict[str, str]) -> None:
    assert request_log.address_of(request(headers, {edge.SECRET_VARIABLE: SECRET})) == PEER


@pytest.mark.parametrize("variables", [None, {}, {edge.SECRET_VARIABLE: ""}])
def test_a_stage_without_an_edge_believes_no_header(variables: dict[str, str] | None) -> None:
    assert request_log.address_of(request({**PROVEN, edge.SECRET_HEADER: ""}, variables)) == PEER
    assert request_log.address_of(request(PROVEN, variables)) == PEER
