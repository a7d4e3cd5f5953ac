"""What a stack's status and parameters mean for the commands that deploy it and delete it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session
from botocore.stub import Stubber

from infra.deploy import retained
from infra.deploy.account import Account
from infra.deploy.stack import Stack
from infra.local.console import CannotStart
from infra.local.invocation import ACCOUNT, REGION


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("UPDATE_ROLLBACK_FAILED", "aws cloudformation continue-update-rollback --stack-name gatehouse-prod"),
        ("DELETE_FAILED", "aws cloudformation delete-stack --stack-name gatehouse-prod"),
        ("CREATE_FAILED", "aws cloudformation delete-stack --stack-name gatehouse-prod"),
        ("UPDATE_IN_PROGRESS", "Wait for its end"),
        ("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "Wait for its end"),
    ],
)
def test_a_stack_that_takes_no_update_says_what_to_do(status: str, said: str) -> None:
    client = get_session().create_client("cloudformation", region_name=REGION)
    with Stubber(client) as wire:
        found = {"StackName": "gatehouse-prod", "CreationTime": "2026-11-28T00:00:00Z", "StackStatus": status}
        wire.add_response("describe_stacks", {"Stacks": [found]})
        stack = Stack(Account(lambda _: client, ACCOUNT, REGION), "gatehouse-prod")
        with pytest.raises(CannotStart, match=said):
            stack.prepare("https://example.com/template.json", {})


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
