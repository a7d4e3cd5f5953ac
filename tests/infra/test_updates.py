"""What an update of a stack may do to what it has: no parameter replaces a resource that has a name of its own."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.infra.conftest import Made

Template = dict[str, Any]
# They belong to the stack for its life; the suffix is that of the stack's region.
_FIXED = {"Stage", "NameSuffix"}
_SUFFIX = "${NameSuffix}"
# Names that AWS has once in an account or in the world (AWS: "General purpose bucket naming rules"; the ARNs of
# CloudWatch's dashboards and of CloudFront have no region).
_WITHOUT_REGION = {
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::CloudWatch::Dashboard": ("DashboardName",),
    "AWS::CloudFront::Function": ("Name",),
    "AWS::CloudFront::OriginAccessControl": ("OriginAccessControlConfig", "Name"),
    "AWS::CloudFront::ResponseHeadersPolicy": ("ResponseHeadersPolicyConfig", "Name"),
    "AWS::Budgets::Budget": ("Budget", "BudgetName"),
    "AWS::IAM::Role": ("RoleName",),
}
_NAMES = re.compile(r"(Bucket|Table|Queue|Topic|Function|Group|Alarm|Dashboard|Budget|Alias|Rule|^)Name$")


@pytest.fixture(scope="module", params=["dev", "prod"])
def whole(request: pytest.FixtureRequest, make_template: Made) -> Template:
    """The template of a stage, as it is deployed."""
    return make_template(request.param)


def _schema(kind: str) -> dict[str, Any]:
    # Here, since each worker collects this file and loads 850 modules for it.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    return found


def _at(part: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        part = part.get(name) if isinstance(part, dict) else None
    return part


def _references(part: Any) -> Iterator[str]:
    """Yield what a value refers to, also in texts and by conditions."""
    match part:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from re.findall(r"\$\{(\w+)", text)
        case {"Fn::If": [str(condition), *values]}:
            yield condition
            yield from _references(values)
        case dict():
            for value in part.values():
                yield from _references(value)
        case list():
            for value in part:
                yield from _references(value)


def _parameters(template: Template, part: Any) -> set[str]:
    """Return the parameters that decide on a value."""
    declared: set[str] = set(template["Parameters"])
    found, waiting = set[str](), [part]
    while waiting:
        for name in set(_references(waiting.pop())) - found:
            found.add(name)
            if name in template["Conditions"]:
                waiting.append(template["Conditions"][name])
                found |= set(re.findall(r"'Condition': '(\w+)'", str(template["Conditions"][name])))
    return found & declared


def test_no_parameter_replaces_a_resource_that_has_a_name_of_its_own(whole: Template) -> None:
    checked = 0
    for name, part in whole["Resources"].items():
        schema, properties = _schema(part["Type"]), part["Properties"]
        made_once = [tuple(path.split("/")[2:]) for path in schema.get("createOnlyProperties", [])]
        has_name = any(_NAMES.search(path[-1]) and _at(properties, path) is not None for path in made_once)
        for path in made_once if has_name else ():
            checked += 1
            asked = _parameters(whole, _at(properties, path)) - _FIXED
            # The fresh one would be made beside the old one, under the same name.
            assert not asked, f"{name}: {'/'.join(path)} changes with {asked}, and then its name is taken"
    assert checked > 60


def test_a_second_region_makes_its_own_of_what_no_region_has_to_itself(whole: Template) -> None:
    named = 0
    for name, part in whole["Resources"].items():
        given = _at(part["Properties"], _WITHOUT_REGION.get(part["Type"], ("no such property",)))
        if given is not None and "AWS::NoValue" not in str(given):
            named += 1
            assert _SUFFIX in str(given), f"{name} has a name that another region's stack has too: {given}"
    assert named > 15
