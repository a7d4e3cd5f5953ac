"""What the gateway answers itself: the mocks' mapping templates are run, for every path of the app."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import airspeed
import pytest

from chalicelib.errors import MethodNotAllowed
from chalicelib.portals.http import envelope
from infra.package import gateway, mocks
from tests.support.settings import configured

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_INTEGRATION = "x-amazon-apigateway-integration"
_LISTED, _ADMIN = "https://webapp.example", "https://admin.example"
_ORIGINS = (_LISTED, _ADMIN, "https://elsewhere.example", "https://webapp.example.elsewhere.example", "", None)


class Said(NamedTuple):
    """An answer of a mock."""

    status: int
    headers: dict[str, str]
    body: str


def resolved(part: Any, template: Template) -> Any:
    """Return a part as CloudFormation gives it to the gateway."""
    match part:
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(resolved(each, template) for each in parts)
        case {"Fn::FindInMap": [mapping, key, name]}:
            return template["Mappings"][mapping][key][name]
    return part


def ask(mock: dict[str, Any], template: Template, *, method: str, headers: dict[str, str]) -> Said:
    """Answer a request as API Gateway does: the default response, its template, then the overrides."""
    default = mock["responses"]["default"]
    (text,) = default["responseTemplates"].values()
    override: dict[str, Any] = {"header": {}, "status": int(default["statusCode"])}
    given = {
        "context": {"httpMethod": method, "requestId": "request-1", "responseOverride": override},
        "input": {"params": lambda: {"header": headers}},
        "stageVariables": {"corsOrigins": f"{_LISTED},{_ADMIN}", "adminOrigin": _ADMIN},
    }
    body = airspeed.Template(resolved(text, template)).merge(given)
    return Said(override["status"], override["header"], body)


def _paths(template: Template) -> dict[str, Any]:
    paths: dict[str, Any] = template["Resources"][gateway.API]["Properties"]["Body"]["paths"]
    return paths


def _mocks(part: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield everything that is declared as a mock, wherever it is in the template."""
    if isinstance(part, dict):
        if str(part.get("type", part.get("Type", ""))).lower() == "mock":
            yield at, part
        for name, value in part.items():
            yield from _mocks(value, f"{at}/{name}")
    elif isinstance(part, list):
        for place, value in enumerate(part):
            yield from _mocks(value, f"{at}/{place}")


def test_every_mock_reads_and_writes_text_although_all_types_are_binary(template: Template) -> None:
    assert template["Resources"][gateway.API]["Properties"]["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]
    found = list(_mocks(template))
    assert len(found) == len(_paths(template))
    for at, mock in found:
        assert mock["contentHandling"] == "CONVERT_TO_TEXT", at
        assert mock["responses"], at
        assert all(answer["contentHandling"] == "CONVERT_TO_TEXT" for answer in mock["responses"].values()), at


def test_every_path_has_one_mock_that_instructs_itself_with_its_own_status(template: Template) -> None:
    for path, item in _paths(template).items():
        assert "options" not in item, path
        mock = item[mocks.ANY_OTHER][_INTEGRATION]
        assert mock["passthroughBehavior"] == "never"
        (instruction,) = mock["requestTemplates"].values()
        status = mock["responses"]["default"]["statusCode"]
        assert json.loads(instruction) == {"statusCode": int(status)}
        # The gateway refuses a response whose status the method does not have.
        assert set(item[mocks.ANY_OTHER]["responses"]) == {status}


@pytest.mark.parametrize("name", ["origin", "Origin"])
@pytest.mark.parametrize("origin", _ORIGINS)
def test_preflights_get_the_headers_that_the_function_would_give(
    template: Template, origin: str | None, name: str
) -> None:
    with configured(CORS_ORIGINS=f"{_LISTED},{_ADMIN}", ADMIN_ORIGIN=_ADMIN):
        expected = envelope.cors_headers(origin)
    is_allowed = origin in (_LISTED, _ADMIN)
    for path in ("/api/usher/scan/result", "/api/tix/tickets"):
        item = _paths(template)[path]
        answer = ask(
            item[mocks.ANY_OTHER][_INTEGRATION],
            template,
            method="OPTIONS",
            headers={} if origin is None else {name: origin},
        )
        assert (answer.status, answer.body) == (204, "")
        grants = {header: value for header, value in answer.headers.items() if header.startswith("Access-Control-")}
        assert ("Access-Control-Allow-Methods" in grants) is is_allowed
        for header in ("Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Vary"):
            assert answer.headers.get(header) == expected.get(header), header
        if not is_allowed:
            assert grants == {}
        assert envelope.ANSWER_HEADERS.items() <= answer.headers.items()
        assert answer.headers["X-Request-Id"] == "request-1"


def test_a_preflight_names_the_methods_of_its_path_and_the_headers_of_the_portals(template: Template) -> None:
    for path, item in _paths(template).items():
        mock = item[mocks.ANY_OTHER][_INTEGRATION]
        answer = ask(mock, template, method="OPTIONS", headers={"origin": _LISTED})
        named = answer.headers["Access-Control-Allow-Methods"].split(",")
        assert {method.lower() for method in named} == (set(item) - {mocks.ANY_OTHER}) | {"options"}, path
        assert answer.headers["Access-Control-Allow-Headers"] == envelope.CORS_REQUEST_HEADERS


def test_every_other_method_is_a_405_in_our_envelope(template: Template) -> None:
    for path, item in _paths(template).items():
        answer = ask(item[mocks.ANY_OTHER][_INTEGRATION], template, method="PATCH", headers={"origin": _LISTED})
        assert answer.status == MethodNotAllowed.status
        body = json.loads(answer.body)
        is_bare = path.startswith(("/api/tix", "/api/campus"))
        error = body if is_bare else body["error"]
        assert (error["error" if is_bare else "message"], error["code"]) == (
            MethodNotAllowed.message,
            MethodNotAllowed.code,
        )
        assert error["request_id"] == "request-1"
        allowed = answer.headers["Allow"].split(",")
        assert {method.lower() for method in allowed} == (set(item) - {mocks.ANY_OTHER}) | {"options"}
        assert answer.headers["Access-Control-Allow-Origin"] == _LISTED
        assert "Access-Control-Allow-Methods" not in answer.headers


def test_the_gateways_own_refusals_can_be_read_by_pages_of_any_origin(template: Template) -> None:
    refusals = template["Resources"][gateway.API]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX"} <= set(refusals)
    for kind, refusal in refusals.items():
        assert refusal["responseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'", kind
        # A credentialed call must not read them.
        assert "gatewayresponse.header.Access-Control-Allow-Credentials" not in refusal["responseParameters"], kind


def test_other_texts_of_the_mocks_are_another_deployment(template: Template) -> None:
    body, texts = template["Resources"][gateway.API]["Properties"]["Body"], template["Mappings"]
    (deployed,) = (
        name for name, part in template["Resources"].items() if part["Type"] == "AWS::ApiGateway::Deployment"
    )
    changed = json.loads(json.dumps(texts).replace("no-store", "private"))
    assert gateway.deployment_name(body, texts) == deployed != gateway.deployment_name(body, changed)
