"""Read and check what a request carries: its body and its query."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError

from chalicelib.errors import MalformedJson, TooLarge, ValidationFailed
from chalicelib.portals.http.forms import Form

_NOT_AN_OBJECT = {"model_type", "model_attributes_type", "dict_type"}


def read(request: Any, limit: int) -> bytes:
    """Return the body as it came. Raises TooLarge."""
    raw: bytes = request.raw_body
    if len(raw) > limit:
        raise TooLarge(f"The body has {len(raw)} bytes; this route takes {limit}.")
    return raw


def parse(raw: bytes, schema: type[BaseModel], form: Form | None) -> BaseModel:
    """Return the body, checked against its schema. Raises MalformedJson, ValidationFailed."""
    try:
        return schema.model_validate(form.texts) if form else schema.model_validate_json(raw or b"{}")
    except ValidationError as error:
        kinds = {problem["type"] for problem in error.errors(include_url=False, include_context=False)}
        whole = any(not problem["loc"] and problem["type"] in _NOT_AN_OBJECT for problem in error.errors())
        if "json_invalid" in kinds or whole:
            raise MalformedJson from error
        raise ValidationFailed(details=_problems(error, schema)) from error


def parse_query(parameters: Mapping[str, str], schema: type[BaseModel]) -> BaseModel:
    """Return the query, checked against its schema; an empty parameter counts as left out. Raises ValidationFailed."""
    given = {name: value for name, value in parameters.items() if value != ""}
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise ValidationFailed(details=_problems(error, schema)) from error


def _problems(error: ValidationError, schema: type[BaseModel]) -> list[dict[str, str]]:
    """Return one problem of each field that has any; what may be of several kinds says why it is none of them."""
    problems: dict[str, list[str]] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        messages = problems.setdefault(_field(schema, problem["loc"]) or "body", [])
        message = problem["msg"].removeprefix("Value error, ")
        if message not in messages:
            messages.append(message)
    return [{"field": name, "message": ", or: ".join(messages)} for name, messages in problems.items()]


def _field(schema: type[BaseModel], place: Iterable[int | str]) -> str:
    """Return the place of a problem as its caller knows it: fields and positions, not the kinds that were tried."""
    names: list[str] = []
    inside: list[type[BaseModel]] = [schema]
    for part in place:
        if isinstance(part, int):
            names.append(str(part))
            continue
        fields = (pair for model in inside for pair in model.model_fields.items())
        found = next((field for name, field in fields if part in (name, field.alias)), None)
        if found is not None:
            names.append(part)
            inside = [model for kind in (found.annotation, *found.metadata) for model in _models(kind)]
    return ".".join(names)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """Go through the schemas that a field's type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif isinstance(annotation, BeforeValidator):
        # What it makes into the field's type may have parts of its own.
        yield from _models(annotation.json_schema_input_type)
    else:
        for part in get_args(annotation):
            yield from _models(part)
