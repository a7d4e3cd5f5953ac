"""What clients that are generated from the OpenAPI document rely on: names, fields, enumerations, headers, texts."""

import re
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from chalicelib import vocabulary
from chalicelib.portals.http.route import AnyRoute
from chalicelib.portals.openapi import components
from chalicelib.schemas import glossary
from tests.contract.answers import document, operation
from tests.contract.ground import routes

Schema = dict[str, Any]


def _schemas() -> dict[str, Schema]:
    return dict(document()["components"]["schemas"])


def _operations() -> Iterator[Schema]:
    for methods in document()["paths"].values():
        yield from methods.values()


def _fields() -> Iterator[tuple[str, str, Schema]]:
    """Return each field of a body or reply: the schema's name, the field's name, and its schema."""
    for name, schema in _schemas().items():
        for field, shown in schema.get("properties", {}).items():
            yield name, field, shown


def _parameters() -> Iterator[tuple[str, Schema]]:
    for found in _operations():
        for parameter in found["parameters"]:
            yield found["operationId"], parameter


def _every(value: Any) -> Iterator[Schema]:
    """Go through every object of the document, examples aside."""
    if isinstance(value, dict):
        yield value
        for key, part in value.items():
            if key not in ("example", "examples"):
                yield from _every(part)
    elif isinstance(value, list):
        for part in value:
            yield from _every(part)


# Names


def test_names_are_words_that_type_generators_keep() -> None:
    parts = document()["components"]
    for name in (name for kind in ("schemas", "responses") for name in parts[kind]):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9-]*[A-Za-z]", name), name


def test_a_schema_of_one_portal_begins_with_its_name_and_a_page_ends_with_page() -> None:
    names = _schemas().keys()
    assert {"OrganizerEventOut", "OrganizerEventPage", "UsherEventOut", "WebappEventOut", "WebappEventPage"} <= names
    for name, schema in _schemas().items():
        is_page = {"results", "next", "count"} <= schema.get("properties", {}).keys()
        assert name.endswith("Page") == is_page, name


def test_no_other_dialect_than_that_of_openapi_is_named() -> None:
    assert "jsonSchemaDialect" not in document()


# Fields


def test_no_field_of_a_body_or_reply_has_a_default_that_makes_generators_demand_it() -> None:
    assert [(name, field) for name, field, shown in _fields() if "default" in shown] == []


def test_no_parameter_has_a_default_that_says_nothing() -> None:
    empty = [(of, found["name"]) for of, found in _parameters() if found["schema"].get("default", 1) in (None, "")]
    assert empty == []


def test_a_default_of_a_body_is_said_in_words() -> None:
    assert "By default `entry`." in _schemas()["UsherScanIn"]["properties"]["direction"]["description"]
    # A field that a change omits keeps its value, so the default of its class does not apply.
    assert "By default" not in _schemas()["TixSettingsIn"]["properties"]["timezone"].get("description", "")


def test_every_field_of_a_reply_is_there_but_for_the_details_of_a_refusal() -> None:
    missing = {
        (name, field)
        for name, field, _ in _fields()
        if name.endswith(("Out", "Page", "ErrorBody")) and field not in _schemas()[name].get("required", ())
    }
    # What a conflict is about, and the preview of a cancellation, are details of a few refusals. The log-ins of a
    # person are there where `audit=true` asks for them.
    some = {("ErrorBody", "present"), ("ErrorBody", "preview"), ("CampusAuditedUserOut", "audit")}
    some |= {("CampusErrorOut", field) for field in ("duplicate", "attendance_id", "timing")}
    some |= {("TixErrorOut", field) for field in ("duplicate", "ticket")}
    assert missing == {(name, "details") for name in ("ErrorBody", "CampusErrorOut", "TixErrorOut")} | some


def _text_of(shown: Schema) -> Schema:
    """Return the schema of a field that may be null, without null."""
    choices = [choice for choice in shown.get("anyOf", ()) if choice != {"type": "null"}]
    return choices[0] if len(choices) == 1 else shown


def test_times_dates_and_money_have_their_formats() -> None:
    for name, field, shown in _fields():
        found = _text_of(shown)
        label = f"{name}.{field}"
        if field.endswith("_at"):
            assert found.get("format") == "date-time", label
        if field in ("date", "date_of_birth", "scheduled_for"):
            assert found.get("format") == "date", label
        if name == "MoneyOut":
            assert found["pattern"].startswith("^"), label


def test_a_reference_leads_to_a_whole_part_which_is_what_generators_follow() -> None:
    references = {found["$ref"] for found in _every(document()) if "$ref" in found}
    assert [reference for reference in references if reference.count("/") != 3] == []


def test_a_form_asks_for_what_its_body_asks_for() -> None:
    bodies = [found["requestBody"]["content"] for found in _operations() if "requestBody" in found]
    forms = [content for content in bodies if "multipart/form-data" in content]
    assert len(forms) >= 10
    for content in forms:
        body = _schemas()[content["application/json"]["schema"]["$ref"].rpartition("/")[2]]
        form = content["multipart/form-data"]["schema"]
        assert form.get("required") == body.get("required")
        assert body["properties"].keys() <= form["properties"].keys()


def test_a_file_that_is_no_text_is_binary() -> None:
    answers = [answer for found in _operations() for answer in found["responses"].values()]
    files = [each for answer in answers for each in answer.get("content", {}).items() if each[0] != "application/json"]
    assert len(files) >= 15
    for media_type, media in files:
        assert ("format" in media["schema"]) != media_type.startswith("text/"), media_type


# Enumerations


def test_every_enumeration_of_the_vocabulary_that_is_used_is_a_schema_of_its_own() -> None:
    modules = [import_module(f"{vocabulary.__name__}.{part.name}") for part in iter_modules(vocabulary.__path__)]
    words = [(name, kind) for module in modules for name, kind in vars(module).items() if isinstance(kind, type)]
    kinds = {name: kind for name, kind in words if name in _schemas()}
    assert len(kinds) >= 60
    for name, kind in kinds.items():
        assert _schemas()[name]["enum"] == [member.value for member in kind]  # type: ignore[attr-defined]


_WORDS = {"status", "scan_status", "ticket_status", "direction", "result", "method", "source", "delivery", "format"}


def test_a_field_that_is_one_of_a_few_words_says_which() -> None:
    def is_enumerated(shown: Schema) -> bool:
        choices = shown.get("anyOf", [shown])
        return all(
            "$ref" in choice or "enum" in choice or "const" in choice or choice == {"type": "null"}
            for choice in choices
        )

    fields = [(f"{name}.{field}", shown) for name, field, shown in _fields() if field in _WORDS]
    filters = [(f"{of}?{found['name']}", found["schema"]) for of, found in _parameters() if found["name"] in _WORDS]
    assert len(fields) > 30
    assert len(filters) > 5
    # Where a deposit comes from is a text that staff write.
    written = {"AdminDepositIn.source", "AdminDepositOut.source", "admin_deposits?source"}
    assert [label for label, shown in fields + filters if not is_enumerated(shown) and label not in written] == []


def test_a_refusals_code_is_one_of_those_that_there_are() -> None:
    codes = _schemas()["ErrorBody"]["properties"]["code"]["enum"]
    assert {"VALIDATION_ERROR", "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_IN_PROGRESS", "INTERNAL"} <= set(codes)
    assert codes == _schemas()["CampusErrorOut"]["properties"]["code"]["enum"]
    assert codes == _schemas()["TixErrorOut"]["properties"]["code"]["enum"]


# Headers


@pytest.mark.parametrize("route", routes(), ids=lambda route: route.operation_id)
def test_a_route_documents_the_headers_that_it_takes_and_answers_with(route: AnyRoute) -> None:
    found = operation(route)
    taken = {parameter["name"] for parameter in found["parameters"] if parameter["in"] == "header"}
    assert ("Idempotency-Key" in taken) == route.idempotent
    has_versions = route.public_seconds is not None or route.resumable
    assert ("If-None-Match" in taken) == has_versions
    assert ({"Range", "If-Range"} <= taken) == route.resumable
    good = found["responses"][str(route.status)]["headers"]
    assert ("Idempotent-Replayed" in good) == route.idempotent
    assert ("ETag" in good) == has_versions
    assert ("304" in found["responses"]) == has_versions
    if route.idempotent:
        responses = document()["components"]["responses"]
        named = {
            status: responses[found["responses"][status]["$ref"].rpartition("/")[2]]["description"]
            for status in ("409", "422")
        }
        assert "IDEMPOTENCY_IN_PROGRESS" in named["409"]
        assert "IDEMPOTENCY_MISMATCH" in named["422"]


def test_the_key_of_a_request_says_its_rules() -> None:
    texts = {found["description"] for _, found in _parameters() if found["name"] == "Idempotency-Key"}
    (text,) = texts
    for rule in ("Idempotent-Replayed", "IDEMPOTENCY_MISMATCH", "IDEMPOTENCY_IN_PROGRESS", "72 hours"):
        assert rule in text


# Texts


def test_every_operation_has_a_summary_and_says_who_may_call_it() -> None:
    for found in _operations():
        assert found["summary"]
        assert "access token" in found["description"], found["operationId"]


def test_every_schema_is_described() -> None:
    assert [name for name, schema in _schemas().items() if not schema.get("description")] == []


def _is_described(name: str, shown: Schema) -> bool:
    by_reference = (_schemas()[part].get("description") for part in components.references(shown))
    return bool(shown.get("description") or name in glossary.OBVIOUS or any(by_reference))


def test_every_field_is_described_unless_its_name_is_obvious() -> None:
    assert [f"{name}.{field}" for name, field, shown in _fields() if not _is_described(field, shown)] == []


def test_every_parameter_is_described_unless_its_name_is_obvious() -> None:
    bare = [
        f"{of}?{found['name']}"
        for of, found in _parameters()
        if not found.get("description") and not _is_described(found["name"], found["schema"])
    ]
    assert bare == []


def test_a_description_says_when_a_field_is_null_only_where_it_may_be() -> None:
    described = [(f"{name}.{field}", shown) for name, field, shown in _fields()]
    described += [(f"{of}?{found['name']}", {**found["schema"], **found}) for of, found in _parameters()]
    speaking = [(label, shown) for label, shown in described if re.search(r"\bnull\b", shown.get("description", ""))]
    # What is of any type has none in its schema.
    never = [label for label, shown in speaking if {"type": "null"} not in shown.get("anyOf", ({"type": "null"},))]
    never += [label for label, shown in speaking if {"type", "$ref"} & shown.keys()]
    assert len(speaking) > 50
    assert never == []


def test_a_code_that_is_sent_is_described_as_no_kind_of_refusal() -> None:
    codes = {name: shown.get("description") for name, field, shown in _fields() if (field, name[-2:]) == ("code", "In")}
    assert len(codes) > 5
    assert glossary.FIELDS["code"] not in codes.values()


def test_no_word_of_the_glossary_is_left_over() -> None:
    texts = {(field, shown.get("description", "")) for _, field, shown in _fields()}
    texts |= {(found["name"], found.get("description", "")) for _, found in _parameters()}
    used = {field for field, text in texts if text.startswith(glossary.FIELDS.get(field, "\0"))}
    assert glossary.FIELDS.keys() - used == set()
    names = {field for _, field, _ in _fields()} | {found["name"] for _, found in _parameters()}
    assert glossary.OBVIOUS - names == set()


def test_texts_are_sentences() -> None:
    for found in _every(document()):
        text = found.get("description")
        if isinstance(text, str):
            assert re.match(r"[A-Z`0-9]", text), text
            assert text.rstrip()[-1] in ".:", text
