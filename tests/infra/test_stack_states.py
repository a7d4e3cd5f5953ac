"""What a stack's status and parameters mean for the commands that deploy it and delete it."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from infra.deploy import retained
from infra.deploy.__main__ import main
from infra.deploy.account import Account
from infra.deploy.stack import Stack
from infra.local.console import CannotStart
from infra.local.invocation import ACCOUNT, REGION
from tests.support.aws_answers import answered, refusal

_NO_STACK = "There is no stack gatehouse-dev"
_WAIT, _REMOVE = "Wait for its end", "aws cloudformation delete-stack --stack-name gatehouse-dev"
_GO_ON = "aws cloudformation continue-update-rollback --stack-name gatehouse-dev"
# What each act says of a stack in each state; nothing where it goes on. AWS, "Stack status codes", has all of them.
STATES = {
    "none": ("", _NO_STACK, _NO_STACK),
    "REVIEW_IN_PROGRESS": ("", _NO_STACK, ""),
    "CREATE_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "CREATE_COMPLETE": ("", "", ""),
    "CREATE_FAILED": (_REMOVE, _REMOVE, ""),
    "ROLLBACK_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "ROLLBACK_COMPLETE": (_REMOVE, _REMOVE, ""),
    "ROLLBACK_FAILED": (_REMOVE, _REMOVE, ""),
    "UPDATE_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "UPDATE_COMPLETE": ("", "", ""),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "UPDATE_FAILED": ("", "", ""),
    "UPDATE_ROLLBACK_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "UPDATE_ROLLBACK_COMPLETE": ("", "", ""),
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "UPDATE_ROLLBACK_FAILED": (_GO_ON, _GO_ON, ""),
    "IMPORT_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "IMPORT_COMPLETE": ("", "", ""),
    "IMPORT_ROLLBACK_IN_PROGRESS": (_WAIT, _WAIT, _WAIT),
    "IMPORT_ROLLBACK_COMPLETE": ("", "", ""),
    "IMPORT_ROLLBACK_FAILED": (_GO_ON, _GO_ON, ""),
    "DELETE_IN_PROGRESS": (_WAIT, _WAIT, ""),
    "DELETE_FAILED": (_REMOVE, _REMOVE, ""),
    "DELETE_COMPLETE": ("", _NO_STACK, _NO_STACK),
}
_RELEASE = {"release_id": "1", "template_key": "t", "code_key": "c", "parameters": {}}


class _Aws:
    """AWS with a stack in one state, and one recorded release; an act goes on where it changes the first thing."""

    def __init__(self, status: str) -> None:
        self.status, self.asked = status, list[str]()

    def __call__(self, operation: str, asked: dict[str, Any]) -> Any:
        self.asked.append(operation)
        match operation:
            case "GetCallerIdentity":
                return {"Account": ACCOUNT}
            case "DescribeStacks":
                if self.status == "none":
                    raise refusal(operation, "ValidationError")
                return {"Stacks": [{"StackName": "gatehouse-dev", "StackStatus": self.status}]}
            case "ListObjectsV2":
                return {"Contents": [{"Key": "gatehouse/releases/dev/1.json"}]}
            case "GetObject" if "/releases/" in asked["Key"]:
                return {"Body": io.BytesIO(json.dumps(_RELEASE).encode())}
            case "GetTemplate":
                if self.status == "REVIEW_IN_PROGRESS":
                    raise refusal(operation, "ValidationError")
                return {"TemplateBody": {"Resources": {}}}
            case "ListStackResources":
                return {"StackResourceSummaries": []}
            case "DeleteStack":
                self.status = "none"
                return {}
        raise refusal(operation, "WentOn")


@pytest.mark.parametrize("status", STATES)
def test_each_act_does_the_right_thing_or_says_what_to_do_in_each_state_of_a_stack(
    status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    of_deploy, of_rollback, of_destroy = STATES[status]
    aws = _Aws(status)
    with answered(aws):
        stack = Stack(Account(get_session().create_client, ACCOUNT, REGION), "gatehouse-dev", poll_seconds=0)
        with pytest.raises(CannotStart) as refused:
            stack.prepare("https://example.com/template.json", {})
        assert (of_deploy or "WentOn") in str(refused.value)
        assert ("CreateChangeSet" in aws.asked) is not bool(of_deploy)
        assert main(["rollback", "--stage", "dev", "--to", "1", "--yes"]) == 1
        assert (of_rollback or "WentOn") in capsys.readouterr().err
        assert main(["destroy", "--stage", "dev", "--yes", "--no-smoke"]) == (1 if of_destroy else 0)
        assert of_destroy in capsys.readouterr().err
    assert ("DeleteStack" in aws.asked) is not bool(of_destroy)


def test_a_stack_that_takes_no_update_is_named_before_a_build_of_minutes(capsys: pytest.CaptureFixture[str]) -> None:
    with answered(aws := _Aws("UPDATE_ROLLBACK_FAILED")):
        assert main(["deploy", "--stage", "dev", "--yes"]) == 1
    assert _GO_ON in capsys.readouterr().err
    assert aws.asked == ["GetCallerIdentity", "DescribeStacks"]


def test_what_a_failed_creation_deleted_again_is_not_said_to_stay() -> None:
    template = {"Resources": {name: {"DeletionPolicy": "RetainExceptOnCreate"} for name in ("Table", "Log")}}
    resources = [
        {"LogicalResourceId": name, "PhysicalResourceId": name, "ResourceType": "T", "ResourceStatus": status}
        for name, status in (("Table", "DELETE_COMPLETE"), ("Log", "DELETE_SKIPPED"))
    ]
    assert retained.of(template, resources) == [("T", "Log")]


def test_a_restored_table_and_earlier_keys_end_with_the_data_of_their_stack() -> None:
    given = {"TableName": "gatehouse-dev-202611280830", "KeyArn": "arn:aws:kms:us-east-1:1:key/a", "Currency": "PKR"}
    assert retained.adopted(given) == [
        ("AWS::DynamoDB::Table", "gatehouse-dev-202611280830"),
        ("AWS::KMS::Key", "arn:aws:kms:us-east-1:1:key/a"),
    ]
    assert retained.adopted({"TableName": "own", "KeyArn": "", "DataKeyArn": ""}) == []


def _stack(client: Any) -> Stack:
    return Stack(Account(lambda _: client, ACCOUNT, REGION), "gatehouse-prod", poll_seconds=0)


def _event(number: int, status: str, **more: Any) -> dict[str, Any]:
    return {
        "StackId": "arn:stack",
        "EventId": str(number),
        "StackName": "gatehouse-prod",
        "LogicalResourceId": f"Part{number}",
        "ResourceType": "AWS::SQS::Queue",
        "ResourceStatus": status,
        "Timestamp": datetime.now(UTC),
        **more,
    }


@pytest.mark.parametrize(
    ("status", "left"),
    [
        ("UPDATE_ROLLBACK_COMPLETE", "what ran before is back"),
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback"),
        ("ROLLBACK_COMPLETE", "nothing of it runs"),
        # Production's table is protected, so the way back of a first deployment cannot remove it.
        ("ROLLBACK_FAILED", "a protected table, which is empty. Remove it (docs/runbooks/first-deployment.md)"),
    ],
)
def test_a_release_that_fails_says_what_is_left_and_its_reason_below_the_many_events_of_the_way_back(
    status: str, left: str
) -> None:
    client: Any = get_session().create_client("cloudformation", region_name=REGION)
    found = {"StackName": "gatehouse-prod", "CreationTime": "2026-11-28T00:00:00Z", "StackStatus": status}
    back = [_event(number, "DELETE_COMPLETE") for number in range(100)]
    reason = _event(100, "UPDATE_FAILED", ResourceStatusReason="There is no such thing.")
    with Stubber(client) as wire:
        wire.add_response("execute_change_set", {})
        wire.add_response("describe_stacks", {"Stacks": [found]})
        wire.add_response("describe_stack_events", {"StackEvents": back, "NextToken": "more"})
        wire.add_response("describe_stack_events", {"StackEvents": [reason]})
        with pytest.raises(CannotStart) as refused:
            _stack(client).execute("changes")
        wire.assert_no_pending_responses()
    assert left in str(refused.value)
    assert "Part100: There is no such thing." in str(refused.value)
    if status != "UPDATE_ROLLBACK_COMPLETE":
        assert "is back" not in str(refused.value)
