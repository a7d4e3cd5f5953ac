"""Resources that a stack takes from outside, instead of making them: a restored table, the keys of an earlier stack.

Everything else that outlives its stack has a name, under which `make deploy ARGS=--import` takes it over (D-OPS-25). A
point-in-time recovery makes a table of another name, and CloudFormation imports no key, since a key has no name.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from infra.package.application import Template

# The table's name in the parameter where the stack makes it.
OWN = "own"
PARAMETERS: dict[str, dict[str, Any]] = {
    "TableName": {
        "Type": "String",
        "Default": OWN,
        "AllowedPattern": "[A-Za-z0-9_.-]{3,64}",
        "MaxLength": 64,
        "Description": "A restored table to use, with TableStreamArn; `own` for the one that the stack makes",
    },
    "TableStreamArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(arn:[a-z0-9-]+:dynamodb:[a-z0-9-]+:[0-9]{12}:table/.+/stream/.+)?",
        "MaxLength": 200,
        "Description": "The stream of that table, with new and old images",
    },
    "KeyArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(arn:[a-z0-9-]+:kms:.+:key/.+)?",
        "MaxLength": 128,
        "Description": "The encryption key of an earlier stack, its output KeyArn; empty to make one",
    },
    "DataKeyArn": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "(arn:[a-z0-9-]+:kms:.+:key/.+)?",
        "MaxLength": 128,
        "Description": "The key of sealed data of an earlier stack, its output DataKeyArn; empty to make one",
    },
}
_TABLE_ARN = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${TableName}"


@dataclass(frozen=True, slots=True)
class _Adopted:
    """A resource that a parameter may replace: the parameter, and what its references become."""

    parameter: str
    ref: dict[str, Any]
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)


_ADOPTED = {
    "Table": _Adopted(
        "TableStreamArn",
        {"Ref": "TableName"},
        {"Arn": {"Fn::Sub": _TABLE_ARN}, "StreamArn": {"Ref": "TableStreamArn"}},
    ),
    "Key": _Adopted("KeyArn", {"Ref": "KeyArn"}, {"Arn": {"Ref": "KeyArn"}}),
    "DataKey": _Adopted("DataKeyArn", {"Ref": "DataKeyArn"}, {"Arn": {"Ref": "DataKeyArn"}}),
}
NAMES = frozenset(_ADOPTED)
CONDITIONS = {f"Makes{name}": {"Fn::Equals": [{"Ref": adopted.parameter}, ""]} for name, adopted in _ADOPTED.items()}
OUTPUTS = {f"{name}Arn": {"Value": {"Fn::GetAtt": [name, "Arn"]}} for name in ("Key", "DataKey")}


def rules() -> dict[str, Any]:
    """Return the rule that a table is named whole or not at all."""
    is_own = [{"Fn::Equals": [{"Ref": "TableName"}, OWN]}, {"Fn::Equals": [{"Ref": "TableStreamArn"}, ""]}]
    neither, both = {"Fn::And": is_own}, {"Fn::And": [{"Fn::Not": [each]} for each in is_own]}
    message = "Give TableName and TableStreamArn together: the functions need both."
    return {
        "TableWithItsStream": {"Assertions": [{"Assert": {"Fn::Or": [neither, both]}, "AssertDescription": message}]}
    }


def adopt(template: Template) -> Template:
    """Return the template whose references to these resources are to the stack's own or to the given ones."""
    resources = {name: _referring(part) for name, part in template["Resources"].items()}
    for name in _ADOPTED:
        resources[name] = {**resources[name], "Condition": f"Makes{name}"}
    return {**template, "Resources": resources, "Outputs": _referring(template["Outputs"])}


def _referring(part: Any) -> Any:
    match part:
        case {"Ref": str(name)} if name in _ADOPTED:
            return _either(name, part, _ADOPTED[name].ref)
        case {"Fn::GetAtt": [str(name), str(attribute)]} if name in _ADOPTED:
            return _either(name, part, _ADOPTED[name].attributes[attribute])
        case {"Fn::Sub": str(text)}:
            return _substituted(text, {})
        case {"Fn::Sub": [str(text), dict(variables)]}:
            return _substituted(text, _referring(variables))
        case dict():
            return {key: _referring(value) for key, value in part.items()}
        case list():
            return [_referring(each) for each in part]
    return part


def _either(name: str, own: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    return {"Fn::If": [f"Makes{name}", own, given]}


def _substituted(text: str, known: dict[str, Any]) -> dict[str, Any]:
    """Return a text with variables in the places of references to these resources, beside those that it has."""
    variables = dict(known)

    def variable(found: re.Match[str]) -> str:
        name, attribute = found[1], found[2]
        own = {"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}
        variables[f"The{name}{attribute or ''}"] = _referring(own)
        return f"${{The{name}{attribute or ''}}}"

    changed = re.sub(rf"\$\{{({'|'.join(_ADOPTED)})(?:\.(\w+))?\}}", variable, text)
    return {"Fn::Sub": [changed, variables]} if variables else {"Fn::Sub": text}
