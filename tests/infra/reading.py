"""Queries on a template for the tests."""

from typing import Any

from infra.package import adoption

Template = dict[str, Any]
# Names of archives, for templates without one.
KEYS = {"code_key": "gatehouse/none.zip", "gates_key": "gatehouse/gates.zip"}


def of_type(template: Template, kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical name."""
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def functions(template: Template) -> dict[str, dict[str, Any]]:
    """The properties of the functions that run the platform's code, by logical name."""
    return {
        name: function
        for name, function in of_type(template, "AWS::Lambda::Function").items()
        if "ZipFile" not in function["Code"]
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


def as_made(part: Any) -> Any:
    """Return a part of a template as it is where the stack makes all of these itself: the inverse of adoption.adopt."""
    match part:
        case {"Fn::If": [str(condition), own, _]} if condition in adoption.CONDITIONS:
            return as_made(own)
        case {"Fn::Sub": [str(text), dict(variables)]}:
            own = {name: value for name, value in variables.items() if name.startswith("The")}
            for name, value in own.items():
                match as_made(value):
                    case {"Ref": target}:
                        text = text.replace(f"${{{name}}}", f"${{{target}}}")
                    case {"Fn::GetAtt": [target, attribute]}:
                        text = text.replace(f"${{{name}}}", f"${{{target}.{attribute}}}")
            kept = {name: as_made(value) for name, value in variables.items() if name not in own}
            return {"Fn::Sub": [text, kept] if kept else text}
        case {"Type": str(), "Condition": str(condition), **rest} if condition in adoption.CONDITIONS:
            return as_made({"Type": part["Type"], **rest})
        case dict():
            return {key: as_made(value) for key, value in part.items()}
        case list():
            return [as_made(each) for each in part]
    return part
