"""What a caller reads when a field is refused: each sentence is ours, for every error that a request can raise."""

import ast
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.schemas import messages
from chalicelib.schemas.campus.events import CampusEventIn
from chalicelib.schemas.device import TapsIn
from chalicelib.schemas.live import CommandIn
from chalicelib.schemas.records import FaultyRecord, RecordIn, SenderIn
from chalicelib.schemas.usher.sync import SyncLogsIn
from tests.contract.ground import routes

Schema = Mapping[str, Any]
Steps = tuple[str | int, ...]
_NEVER = object()

# Values that no field takes, or only fields of one type do.
_WRONG: dict[str, tuple[Any, ...]] = {
    "str": (12, [], "", " ", "x" * 10_000, "; \N{SNOWMAN} " * 3),
    "int": ([], 1.5, "x", "9" * 5_000, -(10**16), 10**16),
    "float": ([], "x", -1e15, 1e15, 1.23456789, math.nan),
    "bool": ([], "x", 7),
    "date": ([], "x", "2026-13-01", "2026-11-20T19:04:00", 1.5, "1000-01-01", "9999-01-01"),
    "datetime": ([], "x", "2026-13-01", "2026-11-20T19:04:00", "1000-01-01T00:00:00Z", "9999-01-01T00:00:00Z"),
    "enum": ("no such word", 12),
    "literal": ("no such word", 12),
    "list": ("x", [], [None] * 1_000),
    "dict": ("x", 12),
    "model": ("x", 12, []),
    "none": ("x", 12),
}
# The error types that a constraint must be seen to raise, beside the one of a wrong type.
_CONSTRAINTS = {
    ("str", "min_length"): "string_too_short",
    ("str", "max_length"): "string_too_long",
    ("str", "pattern"): "string_pattern_mismatch",
    ("int", "ge"): "greater_than_equal",
    ("int", "le"): "less_than_equal",
    ("int", "lt"): "less_than",
    ("float", "ge"): "greater_than_equal",
    ("float", "le"): "less_than_equal",
    ("date", "ge"): "greater_than_equal",
    ("date", "lt"): "less_than",
    ("datetime", "tz_constraint"): "timezone_aware",
    ("list", "min_length"): "too_short",
    ("list", "max_length"): "too_long",
}
_OF_A_WRONG_TYPE = {
    "str": "string_type",
    "int": "int_type",
    "float": "float_type",
    "bool": "bool_type",
    "date": "date_type",
    "datetime": "datetime_type",
    "enum": "enum",
    "literal": "literal_error",
    "list": "list_type",
    "dict": "dict_type",
    "model": "model_type",
    "none": "none_required",
}


@dataclass(frozen=True)
class Spot:
    """A place in a request: the steps to it, and the core schema that judges it."""

    steps: Steps
    schema: Schema


def _spots(schema: Schema, steps: Steps = (), definitions: Schema | None = None) -> Iterator[Spot]:
    """Go through every place in a request that is judged by a type of `_WRONG`, or is required."""
    known = {**(definitions or {}), **{part["ref"]: part for part in schema.get("definitions", ())}}
    if schema["type"] in _WRONG:
        yield Spot(steps, schema)
    for name, field in schema["fields"].items() if schema["type"] == "model-fields" else ():
        inside = (*steps, field.get("validation_alias", name))
        if field["schema"]["type"] != "default":
            yield Spot(inside, {"type": "missing"})
        yield from _spots(field["schema"], inside, known)
    # A batch keeps the faults of its records instead of raising them: a record is gone through where it is sent alone.
    if _keeps_faults(schema):
        return
    # A definition that leads back to itself, as JSON's own does, is gone through once.
    reference = known.pop(schema.get("schema_ref"), None)
    several = {"union": "choices", "chain": "steps"}.get(schema["type"], "")
    parts = [schema.get("schema"), reference, *schema.get(several, ())]
    for part in parts:
        if part is not None:
            yield from _spots(part, steps, known)
    if schema["type"] == "list":
        yield from _spots(schema["items_schema"], (*steps, 0), known)


def _spots_of(model: type[BaseModel]) -> Iterator[Spot]:
    model.model_rebuild()  # a schema is built where it is used first
    return _spots(model.__pydantic_core_schema__)


def _keeps_faults(schema: Schema) -> bool:
    inner = schema.get("schema", {})
    read = {each.get("cls") for each in (inner, inner.get("schema", {}))}
    return schema["type"] == "function-wrap" and not read.isdisjoint((RecordIn, CampusEventIn))


def _request(steps: Steps, value: Any) -> Any:
    for step in reversed(steps):
        if value is _NEVER:
            value = {} if isinstance(step, str) else []
        else:
            value = {step: value} if isinstance(step, str) else [value]
    return value


def _wrong(schema: Schema) -> Iterator[Any]:
    """Yield the wrong values of a spot: those of its type, and one just beyond each of its bounds."""
    kind = schema["type"]
    yield from _WRONG[kind]
    longest = schema.get("max_length")
    if longest is not None:
        yield {"str": "x", "list": [None]}.get(kind, "x") * (longest + 1)
    if kind == "str" and "pattern" in schema:
        yield ("\N{SNOWMAN};" * (1 + schema.get("min_length", 1)))[:longest]


def _errors(model: type[BaseModel], spot: Spot) -> Iterator[tuple[str, str]]:
    """Send every wrong value to a spot; give the type and the sentence of each error that this raises."""
    values = (_NEVER,) if spot.schema["type"] == "missing" else tuple(_wrong(spot.schema))
    for value in values:
        request = _request(spot.steps, value)
        for as_json in (True, False):
            try:
                if as_json:
                    model.model_validate_json(json.dumps(request))
                else:
                    model.model_validate(request)
            except ValidationError as error:
                for problem in error.errors(include_url=False, include_input=False):
                    yield problem["type"], messages.sentence(problem["type"], problem.get("ctx", {}))


def _models() -> list[type[BaseModel]]:
    found = {model for route in routes() for model in (route.body, route.query) if model} | {CommandIn}
    return sorted(found, key=lambda model: f"{model.__module__}.{model.__name__}")


@pytest.mark.parametrize("model", _models(), ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_every_error_of_a_request_has_its_sentence(model: type[BaseModel]) -> None:
    for spot in _spots_of(model):
        raised = list(_errors(model, spot))
        kind = spot.schema["type"]
        expected = {"missing"} if kind == "missing" else {_OF_A_WRONG_TYPE[kind]}
        expected |= {
            error for (of, constraint), error in _CONSTRAINTS.items() if of == kind and constraint in spot.schema
        }
        if spot.steps:
            assert expected <= {type_ for type_, _ in raised}, spot
        for type_, sentence in raised:
            assert type_ in messages.TABLE, (type_, spot)
            assert sentence != messages.UNKNOWN, (type_, spot)
            # A text has characters. Around a validator of our own, pydantic counts it as a list of entries.
            assert kind != "str" or type_ not in ("too_long", "too_short"), (sentence, spot)
            assert not {"<", ">"} & set(sentence), (sentence, spot)  # no word of Python's
            assert not any(
                sign in sentence for sign in ("Input should", "String should", "^", "\\", "[", "Value error")
            )
            assert sentence[0].islower(), sentence
            # Such as the repr of a bound.
            assert not re.search(r"\w\(|\b(None|True|False)\b|(least|most|than) -?[0-9]+\.0\b", sentence), sentence


@pytest.mark.parametrize(("batch", "records"), [(TapsIn, "taps"), (SyncLogsIn, "logs")])
def test_a_faulty_record_of_a_batch_says_what_a_caller_reads_of_one_sent_alone(
    batch: type[SenderIn], records: str
) -> None:
    assert any(issubclass(model, RecordIn) for model in _models())
    for spot in _spots_of(RecordIn):
        for value in (_NEVER,) if spot.schema["type"] == "missing" else _wrong(spot.schema):
            record = json.loads(json.dumps(_request(spot.steps, value)))
            read = batch.model_validate({"device_time": "2026-11-20T19:00:00Z", records: [record]})
            faulty = getattr(read, records)[0]
            with pytest.raises(ValidationError) as raised:
                RecordIn.model_validate(record)
            said = messages.problems(raised.value, RecordIn)
            assert isinstance(faulty, FaultyRecord)
            assert said
            assert all(problem["message"] in faulty.message for problem in said), faulty
            assert messages.UNKNOWN not in faulty.message


def test_every_pattern_of_a_request_has_its_sentence_and_none_is_left_over() -> None:
    spots = [spot for model in _models() for spot in _spots_of(model)]
    assert {spot.schema["pattern"] for spot in spots if "pattern" in spot.schema} == messages.PATTERNS.keys()


def test_no_schema_raises_an_error_of_its_own_without_a_sentence() -> None:
    """Errors of a whole object come from several fields together, which the tries above change one at a time."""
    named = {
        node.args[0].value: path.name
        for path in Path(messages.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "PydanticCustomError"
        if isinstance(node.args[0], ast.Constant)
    }
    assert named.keys() <= messages.TABLE.keys(), named


def test_a_bound_says_what_it_counts() -> None:
    assert messages.sentence("string_too_long", {"max_length": 100}) == "must be at most 100 characters"
    assert messages.sentence("string_too_short", {"min_length": 1}) == "must not be empty"
    assert messages.sentence("too_long", {"max_length": 1}) == "must have at most 1 entry"
    assert messages.sentence("enum", {"expected": "'entry' or 'exit'"}) == "must be entry or exit"


def test_an_error_without_a_sentence_falls_to_a_plain_one() -> None:
    assert messages.sentence("of_a_later_pydantic", {"pattern": "^x$"}) == messages.UNKNOWN
