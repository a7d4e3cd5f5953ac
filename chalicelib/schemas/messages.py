"""What a caller reads when a field is refused: one table, from pydantic's error types to sentences.

Every sentence continues the name of its field, so "name" and "must not be empty" read as one. No sentence shows a
regular expression. A test provokes each error that the request schemas can raise and expects its sentence here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, BeforeValidator, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

_WHOLE_NUMBER = "must be a whole number, such as 12"
_DECIMAL_NUMBER = "must be a number, such as 12.5"
_NULL = "must not be null"
PERCENTAGE = "must be a percentage with at most two decimals, such as 33.34"
_BOOLEAN = "must be true or false"
_DATE = "must be a date, such as 2026-11-20"
_MOMENT = "must be a time with its offset, such as 2026-11-20T19:00:00Z"
_LIST = "must be a list"
_OBJECT = "must be an object"
# The error types that `details` carries as `code`.
CODES = ("number_type", "number_country")
# The field of a problem that the whole object has.
WHOLE = "body"
# An error type that the table lacks; a test fails before a caller reads it.
UNKNOWN = "is not valid"

# The sentence of each pattern that a schema may have.
PATTERNS: Mapping[str, str] = {
    r"^[A-Za-z0-9_.:-]+$": "must consist of the letters a to z, digits and the characters _ . : -",
    r"^[A-Za-z0-9_]+$": "must consist of the letters a to z, digits and underscores",
    r"^[A-Za-z0-9_-]+$": "must consist of the letters a to z, digits, hyphens and underscores",
    r"^[0-9A-Za-z.\-\[\]:]{3,253}:[0-9]{1,5}$": "must be a host and a port, such as 10.0.0.5:8700",
    r"^[0-9]{6}$": "must be the 6 digits of the code",
    r"^([0-9]{6}|[A-HJ-NP-Z2-9]{16})$": "must be the 6 digits of the code, or a recovery code of 16 letters and digits",
    r"^[0-9]{8}$": "must be the 8 digits of the code",
    r"^[0-9]{1,12}(\.[0-9]{1,4})?$": "must be a decimal amount, such as 1500.00",
    r"^[A-Z]{3}$": "must be a currency code of three capital letters, such as PKR",
    r"^[^\s@]{1,64}@[^\s@.]+(\.[^\s@.]+)+$": "must be an email address, such as name@example.com",
    r"^https://[^\s]+$": "must be a URL that begins with https://",
    r"^https?://[^\s\\]+$": "must be a URL that begins with https:// or http://",
    r"^https://[^\s\"<>]{1,500}$": "must be a URL of at most 500 characters after https://",
    r"^[0-9]{1,3}(\.[0-9]{1,2})?$": PERCENTAGE,
    r"^-?[0-9]{1,3}(\.[0-9]{1,7})?$": "must be an angle in degrees with at most seven decimals, such as 24.8607",
    r"^[^\s@]+$": "must have no space and no @",
    r"^[0-9A-Fa-f]{64}$": "must be a SHA-256 of 64 hexadecimal digits",
    r"^[0-9A-F]{2,96}$": "must be 2 to 96 hexadecimal digits",
    r"^[0-9A-F]{2,32}$": "must be 2 to 32 hexadecimal digits",
    r"^[0-9A-F]{1,20}$": "must be the beginning of a UID in hex",
    r"^[A-Z0-9-]+$": "must consist of letters, digits and hyphens",
    r"^(UTC|[A-Z][A-Za-z_]+(/[A-Za-z0-9_+-]+){1,2})$": "must be the name of a time zone, such as Asia/Karachi",
}


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _at_least(context: Mapping[str, Any]) -> str:
    bound = context["ge"]
    return f"must be {bound} or later" if _is_day(bound) else f"must be at least {_plain(bound)}"


def _below(context: Mapping[str, Any]) -> str:
    bound = context["lt"]
    return f"must be before {bound}" if _is_day(bound) else f"must be less than {_plain(bound)}"


def _plain(bound: Any) -> Any:
    """Return a bound of numbers as people write it: 90, not 90.0."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _is_day(bound: Any) -> bool:
    """Say whether a bound is one of days: pydantic gives these as text, those of numbers as numbers."""
    return isinstance(bound, date | str)


def _too_few(context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"must have at least {_count(least, 'entry', 'entries')}"


def _too_short(context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return "must not be empty" if least == 1 else f"must be at least {_count(least, 'character', 'characters')}"


def _one_of(context: Mapping[str, Any]) -> str:
    # Python's spelling of words, members of an enumeration and booleans is not JSON's.
    words = re.sub(r"<\w+\.\w+: ([^>]*)>", r"\1", str(context["expected"]).replace("'", ""))
    expected = words.replace("True", "true").replace("False", "false")
    return f"must be {expected}"


TABLE: Mapping[str, str | Callable[[Mapping[str, Any]], str]] = {
    "missing": "is required",
    "value_error": lambda context: str(context["error"]),
    # Phone numbers that get no SMS; a client distinguishes them by these codes.
    "number_type": lambda context: str(context["error"]),
    "number_country": lambda context: str(context["error"]),
    # Texts
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": _too_short,
    "string_too_long": lambda context: f"must be at most {_count(context['max_length'], 'character', 'characters')}",
    "string_pattern_mismatch": lambda context: PATTERNS.get(context["pattern"], UNKNOWN),
    "enum": _one_of,
    "literal_error": _one_of,
    # Numbers
    "int_type": _WHOLE_NUMBER,
    "int_parsing": _WHOLE_NUMBER,
    "int_parsing_size": _WHOLE_NUMBER,
    "int_from_float": _WHOLE_NUMBER,
    "float_type": _DECIMAL_NUMBER,
    "float_parsing": _DECIMAL_NUMBER,
    "finite_number": _DECIMAL_NUMBER,
    "greater_than_equal": _at_least,
    "less_than_equal": lambda context: f"must be at most {_plain(context['le'])}",
    "less_than": _below,
    "bool_type": _BOOLEAN,
    "bool_parsing": _BOOLEAN,
    # Times
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "timezone_aware": _MOMENT,
    # A field that only a form may fill.
    "none_required": "must be null in JSON: send the file as a part of multipart/form-data",
    # What has parts
    "list_type": _LIST,
    "too_short": _too_few,
    "too_long": lambda context: f"must have at most {_count(context['max_length'], 'entry', 'entries')}",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "recursion_loop": "is nested too deep",
}


def sentence(type_: str, context: Mapping[str, Any]) -> str:
    """Return what a caller reads of one of pydantic's errors."""
    entry = TABLE.get(type_, UNKNOWN)
    return entry if isinstance(entry, str) else entry(context)


def sentences(problems_of_fields: Iterable[Mapping[str, str]]) -> str:
    """Return several problems in one line; a problem of the whole object has no name."""
    named = ((problem["field"], problem["message"]) for problem in problems_of_fields)
    return "; ".join(message if field == WHOLE else f"{field} {message}" for field, message in named)


def of_field(field: str, message: str) -> ValidationError:
    """Return what a check of several fields raises, so that its problem has the name of the one to mend."""
    problem = PydanticCustomError("value_error", "{error}", {"error": message})
    return ValidationError.from_exception_data("", [InitErrorDetails(type=problem, loc=(field,), input="")])


def problems(error: ValidationError, schema: type[BaseModel]) -> list[dict[str, str]]:
    """Return one problem of each field that has any; a field of several types says why it is none of them."""
    found: dict[str, list[str]] = {}
    codes: dict[str, str] = {}
    for problem in error.errors(include_url=False):
        name = _field(schema, problem["loc"]) or WHOLE
        messages = found.setdefault(name, [])
        message = _NULL if problem["input"] is None else sentence(problem["type"], problem.get("ctx", {}))
        if message not in messages:
            messages.append(message)
        if problem["type"] in CODES:
            codes.setdefault(name, problem["type"])
    return [
        {"field": name, "message": ", or: ".join(messages), **({"code": codes[name]} if name in codes else {})}
        for name, messages in found.items()
    ]


def _field(schema: type[BaseModel], place: Iterable[int | str]) -> str:
    """Return the place of a problem as its caller knows it: fields and positions, not the types that were tried."""
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
