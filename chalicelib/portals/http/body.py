"""Read and check the body of a request."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from chalicelib.errors import MalformedJson, TooLarge, ValidationFailed
from chalicelib.portals.http.forms import Form
from chalicelib.schemas import messages

# What browsers send for a field of a form that has no value.
_NO_VALUE = ("", "null", "undefined")
_NOT_AN_OBJECT = {"model_type", "model_attributes_type", "dict_type"}
# What pydantic's parser takes for numbers, and JSON does not have (RFC 8259, section 6).
_NO_NUMBERS = (b"NaN", b"Infinity")


def read(request: Any, limit: int, *, beyond: str = "") -> bytes:
    """Return the body as it came. Raises TooLarge, which also says what to do `beyond` the limit."""
    raw: bytes = request.raw_body
    if len(raw) > limit:
        raise TooLarge(f"The body has {len(raw)} bytes; this route takes {limit}. {beyond}".rstrip())
    return raw


def parse(raw: bytes, schema: type[BaseModel], form: Form | None) -> BaseModel:
    """Return the body, checked against its schema. Raises MalformedJson, ValidationFailed."""
    try:
        # Strict: `true` is not 1, and "12" is not 12. A form has texts only.
        if form:
            return schema.model_validate(_given(form.texts, schema))
        return _parse_json(raw, schema)
    except ValidationError as error:
        kinds = {problem["type"] for problem in error.errors(include_url=False, include_context=False)}
        whole = any(not problem["loc"] and problem["type"] in _NOT_AN_OBJECT for problem in error.errors())
        if "json_invalid" in kinds or whole:
            raise MalformedJson from error
        raise ValidationFailed(details=messages.problems(error, schema)) from error


def _parse_json(raw: bytes, schema: type[BaseModel]) -> BaseModel:
    strange = _without_numbers(raw)
    _require_known(strange, schema)
    body = schema.model_validate_json(raw or b"{}", strict=True)
    if strange:  # in a field that takes anything
        raise MalformedJson
    return body


def _without_numbers(raw: bytes) -> set[str]:
    """Return the names of the fields in which something is no number of JSON. Raises MalformedJson."""
    if not any(word in raw for word in _NO_NUMBERS):
        return set()
    try:
        body = json.loads(raw, parse_constant=_NoNumber)
        return {name for name, value in body.items() if _is_strange(value)} if isinstance(body, dict) else set()
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error


class _NoNumber(str):
    """The text of a value that is no number of JSON, such as `NaN`."""


def _is_strange(value: Any) -> bool:
    if isinstance(value, dict | list):
        return any(map(_is_strange, value.values() if isinstance(value, dict) else value))
    return isinstance(value, _NoNumber)


def _require_known(names: set[str], schema: type[BaseModel]) -> None:
    """Raise MalformedJson unless the schema has fields of these names, which it then refuses by name."""
    fields = schema.model_fields
    if names - {*fields, *(field.alias for field in fields.values())}:
        raise MalformedJson


def _given(texts: Mapping[str, str], schema: type[BaseModel]) -> dict[str, str]:
    """Return the texts of a form without the optional ones that have no value, which count as left out."""
    fields = schema.model_fields
    return {
        name: text
        for name, text in texts.items()
        if text.strip() not in _NO_VALUE or (name in fields and fields[name].is_required())
    }
