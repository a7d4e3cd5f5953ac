"""What outlives a stack can be put under another one: by its name, or by a parameter."""

import argparse
import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.config import config
from infra import stages
from infra.deploy import retained
from infra.package import adoption
from tests.infra import reading
from tests.infra.conftest import Made
from tests.infra.test_production import accepted
from tests.support.aws_answers import answered, refusal

pytestmark = pytest.mark.xdist_group("package")
Template = dict[str, Any]
_STREAM = "arn:aws:dynamodb:us-east-1:123456789012:table/restored/stream/2026-11-27T00:00:00.000"
# The property by which CloudFormation finds a resource that exists (AWS: "Import AWS resources into a stack
# automatically"). A key has none.
_NAMES = {
    "AWS::DynamoDB::Table": "TableName",
    "AWS::S3::Bucket": "BucketName",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::SQS::Queue": "QueueName",
}


@pytest.fixture(scope="module", params=["dev", "prod"])
def whole(request: pytest.FixtureRequest, make_template: Made) -> Template:
    """The template of a stage, as it is deployed."""
    return make_template(request.param)


def test_what_outlives_its_stack_is_imported_by_its_name_or_named_by_a_parameter(whole: Template) -> None:
    kept = {
        name: part
        for name, part in whole["Resources"].items()
        if part.get("DeletionPolicy", "").startswith("Retain") and part["Type"] not in retained.OF_ACCOUNT
    }
    assert len(kept) > 8
    for name, part in kept.items():
        has_name = _NAMES.get(part["Type"], "") in part["Properties"]
        assert has_name or name in adoption.NAMES, name
        # Both are conditions of an import.
        assert part["UpdateReplacePolicy"] == "Retain", name


def _references(part: Any, *, chosen: bool = False) -> Iterator[tuple[str, bool]]:
    """Yield each reference to a resource that may be adopted, and whether it is chosen by the resource's condition."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), _]} if name in adoption.NAMES:
            yield name, chosen
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), _]} if re.search(_PLACE, text):
            yield text, False
        case {"Fn::If": [str(condition), own, given]} if condition in adoption.CONDITIONS:
            yield from _references(own, chosen=True)
            yield from _references(given)
        case dict():
            for value in part.values():
                yield from _references(value)
        case list():
            for each in part:
                yield from _references(each)


_PLACE = rf"\$\{{({'|'.join(adoption.NAMES)})[.}}]"


def test_nothing_refers_to_a_table_or_key_that_the_stack_may_not_make(whole: Template) -> None:
    found = list(_references([whole["Resources"], whole["Outputs"]]))
    assert len(found) > 50
    assert [name for name, chosen in found if not chosen] == []
    for name in adoption.NAMES:
        assert whole["Resources"][name]["Condition"] == f"Makes{name}"


def test_a_table_is_named_together_with_its_stream(whole: Template) -> None:
    stage = whole["Parameters"]["Stage"]["Default"]
    given = {"Stage": stage, "PaymentProvider": "stripe"}
    assert accepted(whole, **given)
    assert accepted(whole, **given, TableName="restored", TableStreamArn=_STREAM)
    assert not accepted(whole, **given, TableName="restored")
    assert not accepted(whole, **given, TableStreamArn=_STREAM)
    assert not accepted(whole, **given, TableName="restored", TableStreamArn="restored")


def test_a_stack_says_which_keys_its_successor_must_be_given(whole: Template) -> None:
    outputs = reading.as_made(whole["Outputs"])
    for name in ("Key", "DataKey"):
        assert outputs[f"{name}Arn"] == {"Value": {"Fn::GetAtt": [name, "Arn"]}}
        assert f"{name}Arn" in whole["Parameters"]


def test_a_template_is_the_same_where_the_stack_makes_its_own(whole: Template) -> None:
    again = adoption.adopt(reading.as_made(whole))
    assert json.dumps(again, sort_keys=True) == json.dumps(whole, sort_keys=True)


@pytest.mark.parametrize(("words", "table"), [([], "gatehouse-prod"), (["--table", "restored"], "restored")])
def test_the_operators_commands_work_on_the_table_that_the_stack_uses(words: list[str], table: str) -> None:
    parser, before = argparse.ArgumentParser(), dict(os.environ)
    stages.add_arguments(parser)

    def no_such_stack(operation: str, _: object) -> object:
        raise refusal(operation, "ValidationError")

    try:
        with answered(no_such_stack):
            stages.aim_at(parser.parse_args(["--stage", "prod", *words]))
            assert config().table_name == table
    finally:
        config.cache_clear()
    # A name that is left behind would aim the tests that follow at the stage.
    assert dict(os.environ) == before
