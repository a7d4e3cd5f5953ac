"""The OpenAPI document and its page: valid, complete, with correct examples and links."""

import base64
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import EnumType
from typing import Any, get_args

import jwt
import openapi_pydantic
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator
from msgspec import structs
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter
from schemathesis.specs.openapi.definitions import OPENAPI_31

from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import document as openapi
from chalicelib.schemas import examples
from chalicelib.schemas.examples import demo
from chalicelib.vocabulary.access import Portal
from tests.contract.answers import ADMIN_ORIGIN, document, operation, problems, validator
from tests.contract.ground import Ground, contract, contract_rows, routes
from tests.support.client import call
from tests.support.factories import Reader

_REFUSALS = {"400", "401", "403", "404", "409", "413", "415", "416", "422", "429", "500", "503"}


def _named(route: AnyRoute) -> str:
    return route.operation_id


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, found in methods.items():
            yield f"{method.upper()} {path}", found


def test_the_document_is_valid_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(document()).validate()
    Draft202012Validator(OPENAPI_31).validate(document())
    assert openapi_pydantic.OpenAPI.model_validate(document()).openapi == "3.1.0"


def test_every_route_is_described_once_and_spelled_as_the_contract_spells_it() -> None:
    spelled = {f"{line.method} {line.path}" for line in contract().values()}
    described = [name for name, _ in _operations()]
    assert len(described) == len(set(described)) == len(routes())
    assert set(described) <= spelled


def test_the_list_of_the_contract_has_each_route_once() -> None:
    assert len(contract_rows()) == len(contract())


def test_a_path_variable_is_described_as_long_as_it_is_read() -> None:
    described = {
        (route.path, each["name"]): each["schema"]["maxLength"]
        for route in routes()
        for each in operation(route)["parameters"]
        if each["in"] == "path"
    }
    assert described == {(r.path, name): kind.longest for r in routes() for name, kind in r.variables.items()}
    assert len(set(described.values())) == 2


def test_who_builds_a_device_finds_what_its_assertion_must_say() -> None:
    described = document()["components"]["schemas"]["DeviceTokenIn"]["properties"]["assertion"]["description"]
    signed = Reader("dev_1", Ed25519PrivateKey.generate()).assertion()
    header, claims = jwt.get_unverified_header(signed), jwt.decode(signed, options={"verify_signature": False})
    for value in (header["alg"], header["typ"], claims["aud"], *(f"`{name}`" for name in claims)):
        assert value in described, value


def test_operation_ids_are_unique() -> None:
    ids = [found["operationId"] for _, found in _operations()]
    assert len(ids) == len(set(ids))


def test_every_schema_is_json_schema_and_every_reference_leads_somewhere() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in _references(document()):
        _, *steps = reference.split("/")
        found: Any = document()
        for step in steps:
            found = found[step]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for part in value.values():
            yield from _references(part)
    elif isinstance(value, list):
        for part in value:
            yield from _references(part)


# Examples


@pytest.mark.parametrize("route", [r for r in routes() if r.body], ids=_named)
def test_a_requests_example_fits_its_schema_and_is_taken_by_the_route(route: AnyRoute) -> None:
    media = operation(route)["requestBody"]["content"]["application/json"]
    for example in media["examples"].values():
        validator(media["schema"]).validate(example["value"])
        assert route.body is not None
        route.body.model_validate(example["value"])


@pytest.mark.parametrize("route", [r for r in routes() if r.reply], ids=_named)
def test_an_answers_example_fits_its_schema_and_says_every_field(route: AnyRoute) -> None:
    media = operation(route)["responses"][str(route.status)]["content"]["application/json"]
    assert route.reply is not None
    adapter = TypeAdapter(route.reply)
    for example in media["examples"].values():
        validator(media["schema"]).validate(example["value"])
        # Through the reply's own model and back: no field is missing, none is made up.
        assert adapter.dump_python(adapter.validate_python(example["value"]), mode="json") == example["value"]


def test_no_example_is_left_of_a_route_that_is_gone() -> None:
    assert set(examples.operations()) <= {route.operation_id for route in routes()}


def test_the_refusals_examples_fit_the_envelope() -> None:
    for answer in document()["components"]["responses"].values():
        media = answer["content"]["application/json"]
        for code, example in media["examples"].items():
            validator(media["schema"]).validate(example["value"])
            told = example["value"]
            assert (told["code"] if isinstance(told["error"], str) else told["error"]["code"]) == code


# Refusals and security


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_a_route_names_the_refusals_that_its_kind_can_give(route: AnyRoute) -> None:
    named = set(operation(route)["responses"])
    expected = {"500", "503"}
    expected |= {"401"} if route.guard or route.refresh else set()
    expected |= {"403"} if route.guard and (route.guard.permissions or route.guard.roles) else set()
    expected |= {"400", "413", "415"} if route.body else set()
    expected |= {"400"} if route.query else set()
    expected |= {"400", "409", "422"} if route.idempotent else set()
    assert expected <= named
    good = {str(status) for status in (route.status, *route.also)} | ({"304"} if route.public_seconds else set())
    good |= {"206", "304"} if route.resumable else set()
    assert named - _REFUSALS == good


def test_every_refusal_is_the_envelope_and_says_when_to_try_again_where_that_helps() -> None:
    for label, found in _operations():
        bare = re.search(" /api/(tix|campus)/", label)
        envelope = f"{bare[1].title()}ErrorOut" if bare else "ErrorOut"
        for status, answer in found["responses"].items():
            if status in _REFUSALS:
                shared = document()["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                assert shared["content"]["application/json"]["schema"] == {"$ref": f"#/components/schemas/{envelope}"}
                assert ("Retry-After" in shared["headers"]) == (status in ("429", "500", "503"))


@pytest.mark.parametrize("route", routes(), ids=_named)
def test_a_guarded_route_names_its_portals_token_and_an_open_one_none(route: AnyRoute) -> None:
    schemes = [scheme for choice in operation(route)["security"] for scheme in choice]
    assert set(schemes) <= set(document()["components"]["securitySchemes"])
    if route.guard:
        assert schemes == [f"{portal}Token" for portal in ([route.guard.portal] if route.guard.portal else Portal)]
    else:
        assert not [scheme for scheme in schemes if scheme.endswith("Token") and scheme != "adminCsrfToken"]


# Links


def _links() -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    by_id = {found["operationId"]: found for _, found in _operations()}
    for _, found in _operations():
        for answer in found["responses"].values():
            for link in answer.get("links", {}).values():
                yield found, link, by_id[link["operationId"]]


def _at(pointer: str, value: Any) -> Any:
    for step in pointer.split("/")[1:]:
        value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def test_links_lead_from_answers_to_the_parameters_and_bodies_of_other_operations() -> None:
    seen = 0
    for source, link, target in _links():
        seen += 1
        answer = next(iter(source["responses"].values()))["content"]["application/json"]
        example = answer["examples"]["demo"]["value"]
        parameters = {parameter["name"] for parameter in target["parameters"]}
        assert set(link.get("parameters", {})) <= parameters
        for expression in (*link.get("parameters", {}).values(), *link.get("requestBody", {}).values()):
            _at(expression.removeprefix("$response.body#"), example)
        if "requestBody" in link:
            schema = target["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
            assert set(link["requestBody"]) <= set(document()["components"]["schemas"][schema]["properties"])
    assert seen >= 20


def test_log_ins_lists_and_provisions_lead_on() -> None:
    leading = {source["operationId"] for source, _, _ in _links()}
    assert {"usher_login", "admin_login", "usher_logs", "admin_devices", "admin_provision_device"} <= leading


def test_every_operation_with_a_path_variable_is_led_to() -> None:
    led_to = {target["operationId"] for _, _, target in _links()}
    needing = {found["operationId"] for name, found in _operations() if "{" in name}
    # Needs two things at once: a card from one answer and an event from another.
    assert needing - led_to == {"usher_attendee_at_event"}


# How it is served


def test_the_document_is_served_as_json() -> None:
    answer = call("GET", "/api/openapi.json")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == document()


def test_starting_the_app_does_not_build_or_even_import_the_document() -> None:
    code = "import app, sys; print(*(n for n in sys.modules if n.startswith('chalicelib.portals.')))"
    imported = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=600, capture_output=True, text=True
    ).stdout
    assert "chalicelib.portals.usher.scans" in imported
    assert "openapi" not in imported
    assert "docs" not in imported


def test_a_route_without_its_example_cannot_be_described() -> None:
    route = next(route for route in routes() if route.body)
    stranger = structs.replace(route, operation_id="no_such_operation")
    with pytest.raises(KeyError):
        openapi.document([stranger])


def test_the_page_runs_its_own_script_and_style_and_asks_no_other_host() -> None:
    answer = call("GET", "/api/docs")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.findall(r"(?:https?:)?//[\w-]+\.[\w.-]+", answer.text)
    assert not re.findall(r"<[^>]+ (?:src|style|on\w+)=", answer.text.partition("<script>")[0])
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src 'self'" in policy
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", answer.text, flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


_WITH_FORMATS = [each for each in routes() if each.query is not None and "format" in each.query.model_fields]


# The file of a list is of one event.
_OF_FILES = {"admin_settlements": [f"event_id={demo.PAST_EVENT_ID}"]}


@pytest.mark.parametrize("route", _WITH_FORMATS, ids=_named)
def test_a_file_of_every_format_is_documented(ground: Ground, route: AnyRoute) -> None:
    assert route.query is not None
    words = [str(word) for word in _words_of(route.query.model_fields["format"].annotation)]
    assert len(words) > 1
    request = ground.rightful(route)
    parts = [part for part in request.query.split("&") if part]
    kept = [part for part in parts if part.partition("=")[0] not in ("format", "ordering", "page_size")]
    rest = "&".join(kept or _OF_FILES.get(route.operation_id, []))
    for word in words:
        headers = {**request.headers, "origin": ADMIN_ORIGIN}
        asked = replace(request, query=f"{rest}&format={word}".lstrip("&"), headers=headers)
        answer = ground.send(route, asked, token=ground.token(route))
        assert answer.status < 300, answer.text
        assert [*problems(route, answer, origin=ADMIN_ORIGIN)] == []


@pytest.mark.parametrize("route", [each for each in routes() if each.as_png is not None], ids=_named)
def test_a_picture_is_documented(ground: Ground, route: AnyRoute) -> None:
    asked = replace(ground.rightful(route), headers={"Accept": "image/png"})
    answer = ground.send(route, asked, token=ground.token(route))
    assert answer.headers["content-type"] == "image/png"
    assert [*problems(route, answer)] == []


def _words_of(annotation: Any) -> Sequence[Any]:
    return [*annotation] if isinstance(annotation, EnumType) else get_args(annotation)
