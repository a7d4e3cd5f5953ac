"""How much of AWS's quotas a package uses. Above four fifths `make package` says so; above the whole it stops."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.package.application import Template

# From here on a change of the quota, or of the package, must be planned.
WARN_AT = 0.8
# AWS: "Deployment package size", unzipped with layers.
UNZIPPED_BYTES = 250 * 1024**2
# AWS Lambda: all environment variables of a function together.
_ENVIRONMENT_BYTES = 4096
# AWS IAM: the inline policies of a role together, without white space.
_ROLE_POLICY_CHARACTERS = 10_240
# AWS Lambda: filters of an event source mapping, and the characters of each pattern.
_FILTERS, _FILTER_CHARACTERS = 5, 4096
# What a reference may become: an ARN with account, region and names; a name; a number; a parameter without a bound.
_ARN_CHARACTERS, _NAME_CHARACTERS, _NUMBER_CHARACTERS, _TEXT_CHARACTERS = 120, 64, 20, 256
# AWS API Gateway: the resources of a REST API. AWS raises this one on request (docs/operations.md).
API_RESOURCES = "resources of the REST API"


@dataclass(frozen=True, slots=True)
class Use:
    """How much of a quota is used. AWS raises an `adjustable` one on request."""

    quota: str
    used: int
    limit: int
    adjustable: bool = False

    @property
    def share(self) -> float:
        """The used part of the quota."""
        return self.used / self.limit

    def __str__(self) -> str:
        """Describe the use in one line."""
        return f"{self.quota}: {self.used:,} of {self.limit:,} ({self.share:.0%})"


def of(template: Template) -> list[Use]:
    """Return what a template uses of each quota, with the sources' names ("CloudFormation quotas" and the like)."""
    resources, parameters = template["Resources"], template.get("Parameters", {})
    return [
        Use("bytes of the template in S3", size(template), 1_000_000),
        Use("resources of the stack", len(resources), 500),
        Use("parameters", len(parameters), 200),
        Use("outputs", len(template.get("Outputs", {})), 200),
        Use("mappings", len(template.get("Mappings", {})), 200),
        *_of_apis(resources, template.get("Mappings", {})),
        *(
            _of_function(name, part["Properties"], parameters)
            for name, part in _of_type(resources, "AWS::Lambda::Function")
        ),
        *(_of_role(name, part["Properties"]) for name, part in _of_type(resources, "AWS::IAM::Role")),
        *_of_mappings(resources),
        *_of_stages(resources, parameters),
        *_of_edge(resources),
    ]


def size(part: Any) -> int:
    """Return the bytes of a part of the template as it is written."""
    return len(json.dumps(part, separators=(",", ":")).encode())


def api_resources(paths: Iterable[str]) -> set[str]:
    """Return the resources that API Gateway makes of paths: one for each of their beginnings, and the root."""
    made = {"/"}
    for path in paths:
        parts = path.strip("/").split("/")
        made |= {"/" + "/".join(parts[: end + 1]) for end in range(len(parts))}
    return made


def _of_apis(resources: Mapping[str, Any], mappings: Mapping[str, Any]) -> Iterator[Use]:
    for name, part in _of_type(resources, "AWS::ApiGateway::RestApi"):
        body = _resolved(part["Properties"]["Body"], mappings)
        yield Use(f"bytes of {name}'s definition", size(body), 6 * 1024**2)
        yield Use(API_RESOURCES, len(api_resources(body["paths"])), 300, adjustable=True)
        yield Use(f"characters of a mapping template of {name}", max(map(len, _texts(body))), 300 * 1024)


def _of_function(name: str, properties: dict[str, Any], parameters: Mapping[str, Any]) -> Use:
    variables = properties["Environment"]["Variables"]
    used = sum(len(key) + _longest(value, parameters) for key, value in variables.items())
    return Use(f"bytes of {name}'s environment", used, _ENVIRONMENT_BYTES)


def _of_role(name: str, properties: dict[str, Any]) -> Use:
    used = sum(size(_spelled_out(policy["PolicyDocument"])) for policy in properties.get("Policies", []))
    return Use(f"characters of {name}'s policies", used, _ROLE_POLICY_CHARACTERS)


def _of_mappings(resources: Mapping[str, Any]) -> Iterator[Use]:
    for name, part in _of_type(resources, "AWS::Lambda::EventSourceMapping"):
        filters = part["Properties"].get("FilterCriteria", {}).get("Filters", [])
        if filters:
            yield Use(f"filters of {name}", len(filters), _FILTERS, adjustable=True)
            longest = max(len(each["Pattern"]) for each in filters)
            yield Use(f"characters of a filter of {name}", longest, _FILTER_CHARACTERS)


def _of_stages(resources: Mapping[str, Any], parameters: Mapping[str, Any]) -> Iterator[Use]:
    for kind, field in (("AWS::ApiGateway::Stage", "Variables"), ("AWS::ApiGatewayV2::Stage", "StageVariables")):
        for name, part in _of_type(resources, kind):
            variables = part["Properties"].get(field, {})
            yield Use(f"variables of {name}", len(variables), 100)
            for key, value in variables.items():
                yield Use(f"characters of {name}'s {key}", _longest(value, parameters), 512)


def _of_edge(resources: Mapping[str, Any]) -> Iterator[Use]:
    """Yield what a console takes of CloudFront (AWS, "Quotas" in its developer guide)."""
    policies = len(_of_type(resources, "AWS::CloudFront::ResponseHeadersPolicy"))
    if policies:
        yield Use("the account's response headers policies", policies, 20, adjustable=True)
    for name, part in _of_type(resources, "AWS::CloudFront::Distribution"):
        behaviors = len(part["Properties"]["DistributionConfig"]["CacheBehaviors"])
        yield Use(f"cache behaviors of {name}", behaviors, 75, adjustable=True)


def _of_type(resources: Mapping[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [(name, part) for name, part in resources.items() if part["Type"] == kind]


def _texts(body: Any) -> Iterator[str]:
    for item in body["paths"].values():
        for method in item.values():
            for response in method["x-amazon-apigateway-integration"].get("responses", {}).values():
                yield from response.get("responseTemplates", {}).values()


def _longest(value: Any, parameters: Mapping[str, Any]) -> int:
    """Return how long a text of the template may become."""
    match value:
        case str():
            return len(value)
        case {"Ref": str(name)} if name in parameters:
            declared = parameters[name]
            if declared["Type"] == "Number":
                return len(str(declared["MaxValue"])) if "MaxValue" in declared else _NUMBER_CHARACTERS
            allowed = max((len(each) for each in declared.get("AllowedValues", [])), default=_TEXT_CHARACTERS)
            return int(declared.get("MaxLength", allowed))
        case {"Fn::If": [_, one, other]}:
            return max(_longest(one, parameters), _longest(other, parameters))
        case {"Fn::Sub": str(text)}:
            return len(text) + _NUMBER_CHARACTERS
        case {"Fn::GetAtt": [_, str(attribute)]} if attribute.endswith("Arn"):
            return _ARN_CHARACTERS
    return _NAME_CHARACTERS


def _spelled_out(part: Any) -> Any:
    """Return a policy with an ARN, at its usual length, for each reference."""
    match part:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::Sub": _}:
            return "a" * _ARN_CHARACTERS
        case dict():
            return {name: _spelled_out(value) for name, value in part.items()}
        case list():
            return [_spelled_out(each) for each in part]
    return part


def _resolved(part: Any, mappings: Mapping[str, Any]) -> Any:
    """Return a part as the gateway gets it: with the mappings' texts in their places."""
    match part:
        case {"Fn::FindInMap": [mapping, key, name]}:
            return mappings[mapping][key][name]
        case {"Fn::Join": [str(between), [*parts]]}:
            return between.join(str(_resolved(each, mappings)) for each in parts)
        case dict():
            return {name: _resolved(value, mappings) for name, value in part.items()}
        case list():
            return [_resolved(each, mappings) for each in part]
    return part
