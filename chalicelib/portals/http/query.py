"""The query of a request: only parameters that its route knows, checked against their schema."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from chalicelib.errors import ValidationFailed
from chalicelib.schemas import messages

# What browsers and campaigns add: a cache buster, and UTM parameters.
_IGNORED = "_"
_IGNORED_PREFIX = "utm_"
# Of a request with more unknown parameters, and of their names, this much is repeated.
_MOST_NAMED = 5
_LONGEST_NAME = 40


def parse(parameters: Mapping[str, str], schema: type[BaseModel] | None) -> BaseModel | None:
    """Return the query, checked against its schema; an empty parameter counts as left out, like a text of spaces.

    Raises ValidationFailed, also for a parameter that the route does not know.
    """
    known = [field.alias or name for name, field in schema.model_fields.items()] if schema else []
    unknown = [name for name in parameters if name not in known and not _is_ignored(name)]
    if unknown:
        raise ValidationFailed(details=list(_problems(unknown, known)))
    if schema is None:
        return None
    texts = _texts(schema)
    given = {
        name: value
        for name, value in parameters.items()
        if name in known and (value.strip() if name in texts else value) != ""
    }
    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise ValidationFailed(details=messages.problems(error, schema)) from error


@lru_cache(maxsize=256)
def _texts(schema: type[BaseModel]) -> frozenset[str]:
    """Return the names of a query's parameters that are texts, and no numbers, days or words of a list."""
    fields = schema.model_fields.items()
    return frozenset(field.alias or name for name, field in fields if _is_text(field.annotation))


def _is_text(annotation: Any) -> bool:
    return annotation is str or any(map(_is_text, get_args(annotation)))


def _is_ignored(name: str) -> bool:
    return name == _IGNORED or name.startswith(_IGNORED_PREFIX)


def _problems(unknown: list[str], known: list[str]) -> Iterator[dict[str, str]]:
    takes = f"this route takes {', '.join(known)}" if known else "this route takes none"
    for name in unknown[:_MOST_NAMED]:
        shown = name if name.isprintable() and len(name) <= _LONGEST_NAME else "query"
        by_cursor = name == "page" and "cursor" in known
        why = "this list is paged by cursor" if by_cursor else "is not a query parameter here"
        yield {"field": shown, "message": f"{why}; {takes}"}
