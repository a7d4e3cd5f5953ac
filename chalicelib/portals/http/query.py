"""The query of a request: only parameters that its route knows, checked against their schema."""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from chalice.app import MultiDict
from pydantic import BaseModel, ValidationError

from chalicelib.errors import ValidationFailed
from chalicelib.schemas import messages

# What browsers and campaigns add: a cache buster, and UTM parameters.
_IGNORED = "_"
_IGNORED_PREFIX = "utm_"
# The only spellings of a number and of a boolean: a lax reader also takes `5.0`, `1_0`, `on` and `1`.
_SPELLINGS: Mapping[type, re.Pattern[str]] = {
    int: re.compile(r"-?[0-9]+"),
    bool: re.compile(r"true|false", re.IGNORECASE),
}
# What no type reads, so that the schema refuses the parameter in its own words.
_UNREADABLE = "?"
# Of a request with more unknown parameters, and of their names, this much is repeated.
_MOST_NAMED = 5
_LONGEST_NAME = 40


def parse(parameters: Mapping[str, str], schema: type[BaseModel] | None) -> BaseModel | None:
    """Return the query, checked against its schema; an empty parameter counts as left out, like a text of spaces.

    Raises ValidationFailed, also for a parameter that the route does not know, or that was sent with several values.
    """
    known = [field.alias or name for name, field in schema.model_fields.items()] if schema else []
    unknown = [name for name in parameters if name not in known and not _is_ignored(name)]
    if unknown:
        raise ValidationFailed(details=list(_problems(unknown, known)))
    if schema is None:
        return None
    if several := [name for name in known if len(_values(parameters, name)) > 1]:
        message = "was sent with several values; send one"
        raise ValidationFailed(details=[{"field": name, "message": message} for name in several])
    texts = _texts(schema)
    given = {
        name: value
        for name, value in parameters.items()
        if name in known and (value.strip() if name in texts else value) != ""
    }
    for name, spelling in _strict(schema).items():
        if name in given and not spelling.fullmatch(given[name]):
            given[name] = _UNREADABLE
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise ValidationFailed(details=messages.problems(error, schema)) from error


def _values(parameters: Mapping[str, str], name: str) -> set[str]:
    """Return the different values of a parameter: a mapping of Chalice shows the last of them alone."""
    if name not in parameters:
        return set()
    return set(parameters.getlist(name)) if isinstance(parameters, MultiDict) else {parameters[name]}


@lru_cache(maxsize=256)
def _texts(schema: type[BaseModel]) -> frozenset[str]:
    """Return the names of a query's parameters that are texts, and no numbers, days or words of a list."""
    fields = schema.model_fields.items()
    return frozenset(field.alias or name for name, field in fields if _is_text(field.annotation))


@lru_cache(maxsize=256)
def _strict(schema: type[BaseModel]) -> Mapping[str, re.Pattern[str]]:
    """Return how the numbers and the booleans of a query are spelled, by the name of the parameter."""
    return {
        field.alias or name: spelling
        for name, field in schema.model_fields.items()
        for kind, spelling in _SPELLINGS.items()
        if _is_a(kind, field.annotation)
    }


def _is_text(annotation: Any) -> bool:
    return _is_a(str, annotation)


def _is_a(kind: type, annotation: Any) -> bool:
    """Whether a type is this one, or has it as an alternative; the words of an enumeration are none."""
    return annotation is kind or any(_is_a(kind, each) for each in get_args(annotation))


def _is_ignored(name: str) -> bool:
    return name == _IGNORED or name.startswith(_IGNORED_PREFIX)


def _problems(unknown: list[str], known: list[str]) -> Iterator[dict[str, str]]:
    takes = f"this route takes {', '.join(known)}" if known else "this route takes none"
    for name in unknown[:_MOST_NAMED]:
        shown = name if name.isprintable() and len(name) <= _LONGEST_NAME else "query"
        by_cursor = name == "page" and "cursor" in known
        why = "this list is paged by cursor" if by_cursor else "is not a query parameter here"
        yield {"field": shown, "message": f"{why}; {takes}"}
