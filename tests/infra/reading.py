"""Queries on a template for the tests."""

from typing import Any

Template = dict[str, Any]


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def at(value: Any, *, local: bool) -> Any:
    """A value that the template chooses by IsLocal, as it is for one side."""
    match value:
        case {"Fn::If": ["IsLocal", there, elsewhere]}:
            return there if local else elsewhere
        case _:
            return value


def logical_name(value: Any) -> str:
    """What a Ref or GetAtt points to."""
    match value:
        case {"Ref": name} | {"Fn::GetAtt": [name, *_]}:
            return str(name)
        case {"Fn::GetAtt": str(dotted)}:
            return dotted.split(".")[0]
        case _:
            raise AssertionError(f"{value} points to no resource")


def statements(template: Template) -> list[tuple[str, dict[str, Any]]]:
    """Every statement of every role's policies, with the role's name."""
    return [
        (name, statement)
        for name, role in of_type(template, "AWS::IAM::Role").items()
        for policy in role.get("Policies", [])
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def denies_plain_http(document: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Principal"] == "*"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in document["Statement"]
    )
