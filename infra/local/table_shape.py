"""The table's shape, read from infra/resources, for engines without CloudFormation."""

from typing import Any, NamedTuple

from infra import template

_NO_VALUE = "AWS::NoValue"
# What CreateTable takes; encryption, backups and protection are for the real cloud.
_TABLE_PROPERTIES = (
    "TableName",
    "BillingMode",
    "AttributeDefinitions",
    "KeySchema",
    "GlobalSecondaryIndexes",
    "StreamSpecification",
)


class TableShape(NamedTuple):
    """The arguments of CreateTable, and the name of the TTL attribute."""

    create: dict[str, Any]
    ttl_attribute: str | None


def table_shape(stage: str = "local") -> TableShape:
    """Return the table that the template describes for a stage."""
    merged = template.load()
    tables = [part for part in merged["Resources"].values() if part["Type"] == "AWS::DynamoDB::Table"]
    if len(tables) != 1:
        raise ValueError(f"infra/resources has {len(tables)} tables; the platform has one")
    read = _Resolver(merged, stage).resolve
    properties = {name: read(value) for name, value in tables[0]["Properties"].items() if name in _TABLE_PROPERTIES}
    if "StreamSpecification" in properties:
        # CloudFormation infers it; the API wants it said.
        properties["StreamSpecification"]["StreamEnabled"] = True
    ttl = tables[0]["Properties"].get("TimeToLiveSpecification") or {}
    return TableShape(properties, ttl.get("AttributeName") if ttl.get("Enabled") else None)


class _Resolver:
    """The intrinsic functions that the table's properties use."""

    def __init__(self, template: dict[str, Any], stage: str) -> None:
        self._conditions: dict[str, Any] = template.get("Conditions", {})
        parameters = template.get("Parameters", {})
        self._values = {name: parameter.get("Default") for name, parameter in parameters.items()}
        self._values |= {"Stage": stage, "AWS::Region": "us-east-1", "AWS::AccountId": "000000000000"}

    def resolve(self, value: Any) -> Any:
        """Return a value with its functions worked out."""
        if isinstance(value, list):
            return [part for part in map(self.resolve, value) if part != {"Ref": _NO_VALUE}]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            if name == "Ref":
                return value if argument == _NO_VALUE else self._values[argument]
            if name == "Fn::If":
                condition, yes, no = argument
                return self.resolve(yes if self._holds({"Condition": condition}) else no)
            if name == "Fn::Sub":
                return self._substituted(argument)
            if name.startswith("Fn::"):
                raise ValueError(f"the table's properties use {name}, which infra/local/table_shape.py does not know")
        return {
            name: resolved for name, part in value.items() if (resolved := self.resolve(part)) != {"Ref": _NO_VALUE}
        }

    def _substituted(self, text_: str) -> str:
        for name, value in self._values.items():
            text_ = text_.replace(f"${{{name}}}", str(value))
        return text_

    def _holds(self, condition: dict[str, Any]) -> bool:
        name, argument = next(iter(condition.items()))
        if name == "Condition":
            return self._holds(self._conditions[argument])
        if name == "Fn::Equals":
            left, right = map(self.resolve, argument)
            return bool(left == right)
        if name == "Fn::Not":
            return not self._holds(argument[0])
        if name in ("Fn::And", "Fn::Or"):
            held = [self._holds(part) for part in argument]
            return all(held) if name == "Fn::And" else any(held)
        raise ValueError(f"a condition uses {name}, which infra/local/table_shape.py does not know")
