"""The schemas of the document: every request and reply, under the names that a client's types will have."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args

from msgspec import Struct
from pydantic import BaseModel
from pydantic.json_schema import CoreModeRef, CoreRef, DefsRef, GenerateJsonSchema, models_json_schema
from pydantic_core import core_schema

from chalicelib.schemas import glossary
from chalicelib.schemas.wire import ChangeIn, MoneyOut

Schema = dict[str, Any]
PREFIX = "#/components/schemas/"
# The schemas that portals share keep their names; those of one portal begin with its name.
_SHARED = {"wire", "profiles", "log_ins", "platform"}
_SCHEMAS = ["chalicelib", "schemas"]
_IDENTITY = re.compile(r":(\d+)")
_NO_DEFAULT = (None, "")
# How the glossary says when a field is null, which some schemas never are.
_WHEN_NULL = re.compile(r"; null [^;.]+")


class Components(Struct, frozen=True):
    """The schemas by name, and each model's own: a reference, but for queries, whose fields become parameters."""

    schemas: Mapping[str, Schema]
    of_model: Mapping[type[BaseModel], Schema]


def build(*, bodies: set[type[BaseModel]], queries: set[type[BaseModel]], replies: set[type[BaseModel]]) -> Components:
    """Return the schemas of these models and of all that they are made of."""
    wanted: list[tuple[type[BaseModel], Literal["validation", "serialization"]]] = [
        *((model, "validation") for model in sorted(bodies | queries, key=_place)),
        *((model, "serialization") for model in sorted(replies, key=_place)),
    ]
    generics = [model for model in _with_parts(replies) if model.__pydantic_generic_metadata__["origin"]]
    by_model, whole = models_json_schema(
        wanted, ref_template=f"{PREFIX}{{model}}", schema_generator=_generator_for(generics)
    )
    definitions: dict[str, Schema] = whole["$defs"]
    for model in generics:
        definitions[name_of(model)].setdefault("description", model.__pydantic_generic_metadata__["origin"].__doc__)
    definitions.get("JsonValue", {}).setdefault("description", "Any JSON.")
    of_model: dict[type[BaseModel], Schema] = {model: by_model[model, mode] for model, mode in wanted}
    for query in queries:
        of_model[query] = definitions.pop(of_model[query]["$ref"].removeprefix(PREFIX))
    for schema in (*definitions.values(), *(of_model[query] for query in queries)):
        schema.pop("title", None)
        _describe_fields(schema, definitions)
    for schema in definitions.values():
        _write_defaults(schema)
    return Components(dict(sorted(definitions.items())), of_model)


def _with_parts(models: Iterable[type[BaseModel]]) -> list[type[BaseModel]]:
    """Return these models and the models of their fields, each once."""
    found: dict[type[BaseModel], None] = {}
    waiting: list[Any] = list(models)
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind)
        if isinstance(kind, type) and issubclass(kind, BaseModel) and kind not in found:
            found[kind] = None
            waiting += [field.annotation for field in kind.model_fields.values()]
    return list(found)


def _place(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__name__}"


# Names


def name_of(model: type[BaseModel]) -> str:
    """Return `OrganizerEventOut` for that class, and `OrganizerEventPage` for a page of it."""
    generic = model.__pydantic_generic_metadata__
    if generic["origin"]:
        items = "".join(name_of(item).removesuffix("Out") for item in generic["args"])
        return items + generic["origin"].__name__.removesuffix("Out")
    return _name_at(f"{model.__module__}.{model.__name__}")


def _name_at(place: str) -> str:
    *package, name = place.split(".")
    portal = package[2] if package[:2] == _SCHEMAS else ""
    return name if not portal or portal in _SHARED or name.startswith(portal.title()) else portal.title() + name


class _Generator(GenerateJsonSchema):
    """Names each definition by its place alone, so that a class of the same name elsewhere changes no name."""

    # Of a generic, pydantic's reference has the identities of all its classes, but not the places of its items.
    generics: Mapping[str, str]

    def get_defs_ref(self, core_mode_ref: CoreModeRef) -> DefsRef:
        core_ref, mode = core_mode_ref
        identity = "".join(_IDENTITY.findall(core_ref))
        name = self.generics.get(identity) or _name_at(core_ref.partition(":")[0])
        return super().get_defs_ref((CoreRef(f"{name}:{identity}"), mode))

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  # as pydantic calls it
        # It would repeat the field's name.
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> Schema:
        found = super().default_schema(schema)
        if self.mode == "serialization" or found.get("default") in _NO_DEFAULT:
            found.pop("default", None)
        return found

    def model_schema(self, schema: core_schema.ModelSchema) -> Schema:
        found = super().model_schema(schema)
        if issubclass(schema["cls"], ChangeIn):
            # What is left out stays: the default of the class is never a field's value.
            for field in found["properties"].values():
                field.pop("default", None)
        return found


def _generator_for(generics: Iterable[type[BaseModel]]) -> type[_Generator]:
    names = {}
    for model in generics:
        parts = (model.__pydantic_generic_metadata__["origin"], *model.__pydantic_generic_metadata__["args"])
        names["".join(str(id(part)) for part in parts)] = name_of(model)
    return type("_NamingGenerator", (_Generator,), {"generics": names})


# Fields


def _describe_fields(schema: Schema, definitions: Mapping[str, Schema]) -> None:
    """Give each field without a description the glossary's, unless its own schema has one."""
    for name, field in schema.get("properties", {}).items():
        if "description" in field or any(_describes(part, definitions) for part in references(field)):
            continue
        if name in glossary.FIELDS:
            said = glossary.FIELDS[name]
            field["description"] = said if _may_be_null(field) else _WHEN_NULL.sub("", said)


def _may_be_null(field: Schema) -> bool:
    return {"type": "null"} in field.get("anyOf", ())


def references(field: Schema) -> Iterator[str]:
    """Return the names of the schemas that a field, or each entry of it, may be."""
    if "$ref" in field:
        yield field["$ref"].removeprefix(PREFIX)
    for part in field.get("anyOf", ()):
        yield from references(part)
    if "items" in field:
        yield from references(field["items"])


def _describes(name: str, definitions: Mapping[str, Schema]) -> bool:
    """Return whether a schema's description says what a field of it is; that an amount is one says too little."""
    return name != MoneyOut.__name__ and "description" in definitions.get(name, {})


def _write_defaults(schema: Schema) -> None:
    """Say a body's defaults in words: many generators demand a field that has a default."""
    for field in schema.get("properties", {}).values():
        if "default" in field:
            default = f"By default `{json.dumps(field.pop('default')).strip(chr(34))}`."
            field["description"] = f"{field['description']} {default}" if "description" in field else default


def parameters(schema: Schema) -> Iterable[tuple[str, Schema, bool]]:
    """Return the fields of a query: the name, the schema without null, and whether it is required."""
    for name, field in schema["properties"].items():
        yield name, _without_null(field), name in schema.get("required", ())


def _without_null(field: Schema) -> Schema:
    """Return a field's schema without null, which a query cannot say; leaving the field out says it."""
    shown = dict(field)
    choices = [choice for choice in shown.pop("anyOf", []) if choice != {"type": "null"}]
    if len(choices) == 1:
        return {**choices[0], **shown}
    return {**shown, "anyOf": choices} if choices else shown
