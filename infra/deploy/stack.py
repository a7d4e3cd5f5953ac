"""The stage's stack: its change set, shown before it is executed; its events; its end."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.local.console import CannotStart, step

_POLL_SECONDS = 3.0
_LONGEST_SECONDS = 3600.0
_MOST_LINES = 60
# Losing one of these loses data or what decrypts it.
_KEEPS_DATA = (
    "AWS::DynamoDB::Table",
    "AWS::KMS::Key",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
)
# A stack that was asked for by a change set, which was not executed: it has no resources and no template.
REVIEW = "REVIEW_IN_PROGRESS"
# CloudFormation takes no update of a stack in these (AWS, "Stack status codes").
_HALF_MADE = "ROLLBACK_FAILED"
_NEVER_MADE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", _HALF_MADE)
_HALF_DELETED = "DELETE_FAILED"
_STUCK = ("UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")
_STILL_DELETED = "DELETE_IN_PROGRESS"
_GOES_ON = "Stopped. CloudFormation goes on with {name}; run it again once that has ended."
_ALIAS = "AWS::Lambda::Alias"
_STOPPED = "The new version was refused, or an alarm stopped it. Callers have the earlier one: docs/runbooks/canary.md"
_SIGNS = {"Add": "+", "Modify": "~", "Remove": "-", "Import": ">", "Dynamic": "?"}


@dataclass(frozen=True, slots=True)
class StackChange:
    """One change of a resource; `replaces` means that it is made again."""

    action: str
    name: str
    kind: str
    replaces: bool

    @property
    def loses_data(self) -> bool:
        """Whether a resource that keeps data is replaced or removed from the stack."""
        return self.kind in _KEEPS_DATA and (self.replaces or self.action == "Remove")

    def __str__(self) -> str:
        return f"{_SIGNS.get(self.action, '?')} {self.name} ({self.kind})" + (", replaced" if self.replaces else "")


class Stack:
    """One stack of CloudFormation, by its name."""

    def __init__(self, account: Account, name: str, *, poll_seconds: float = _POLL_SECONDS) -> None:
        """`poll_seconds` is the pause between two questions to CloudFormation."""
        self._account = account
        self._client = account.client("cloudformation")
        self._poll_seconds = poll_seconds
        self.name = name

    def describe(self) -> dict[str, Any] | None:
        """Return what CloudFormation says of the stack, or None where it does not exist."""
        found = self._found()
        return None if found is None or found["StackStatus"] == "DELETE_COMPLETE" else found

    def _found(self) -> dict[str, Any] | None:
        """Return the stack, also one that was deleted and is named by its id."""
        try:
            found: dict[str, Any] = self._client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return found

    def deleted(self) -> "Iterator[Stack]":
        """Yield the deleted stacks of this name by their ids, the last one first; AWS knows them for 90 days."""
        pages = self._client.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
        ended = [found for page in pages for found in page["StackSummaries"] if found["StackName"] == self.name]
        for found in sorted(ended, key=lambda found: found.get("DeletionTime", found["CreationTime"]), reverse=True):
            yield Stack(self._account, found["StackId"], poll_seconds=self._poll_seconds)

    def status(self) -> str | None:
        """Return the stack's status; None where there is none."""
        found = self.describe()
        return str(found["StackStatus"]) if found else None

    def require_updatable(self) -> str | None:
        """Return the status of a stack that takes a change set; None where it is still to be made. Raises CannotStart.

        It says what to do, by the stack's state.
        """
        status = self.status()
        if status is None or status == REVIEW:
            return None
        self._require_still(status)
        if status in (*_NEVER_MADE, _HALF_DELETED, *_STUCK):
            raise CannotStart(f"{self.name} is in {status}{self._left_by(status)}")
        return status

    def require_made(self) -> None:
        """Raise CannotStart where there is no stack, or none that takes a change set."""
        if self.require_updatable() is None:
            raise CannotStart(f"There is no stack {self.name}, so nothing runs. Deploy first: make deploy")

    def require_deletable(self) -> str | None:
        """Return the status of a stack that can be deleted; None where there is none. Raises CannotStart."""
        status = self.status()
        if status is not None and status not in (REVIEW, _STILL_DELETED):
            self._require_still(status)
        return status

    def _require_still(self, status: str) -> None:
        if status.endswith("_IN_PROGRESS"):
            raise CannotStart(f"{self.name} is in {status}. Wait for its end and run again.")

    def parameters(self) -> dict[str, str]:
        """Return the parameters that the stack has."""
        return {
            parameter["ParameterKey"]: parameter["ParameterValue"]
            for parameter in ((self._found() if self.name.startswith("arn:") else self.describe()) or {}).get(
                "Parameters", []
            )
        }

    def outputs(self) -> dict[str, str]:
        """Return the stack's outputs."""
        return {output["OutputKey"]: output["OutputValue"] for output in (self.describe() or {}).get("Outputs", [])}

    def resources(self) -> list[dict[str, Any]]:
        """Return the summaries of the stack's resources."""
        pages = self._client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        return [found for page in pages for found in page["StackResourceSummaries"]]

    def template(self) -> dict[str, Any]:
        """Return the template that the stack was last made from; one without resources where it never was."""
        try:
            found = self._client.get_template(StackName=self.name, TemplateStage="Processed")["TemplateBody"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return {"Resources": {}}
        body: dict[str, Any] = json.loads(found) if isinstance(found, str) else found
        return body

    def prepare(self, url: str, parameters: Mapping[str, str], *, imports: bool = False) -> "ChangeSet | None":
        """Create a change set from a template's URL; return None where nothing changes.

        `imports` takes over resources that an earlier stack kept. Raises CannotStart.
        """
        status = self.require_updatable()
        name = f"gatehouse-{time.time_ns()}"
        try:
            self._client.create_change_set(
                StackName=self.name,
                ChangeSetName=name,
                ChangeSetType="CREATE" if status is None else "UPDATE",
                TemplateURL=url,
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())
                ],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
                **({"ImportExistingResources": True} if imports else {}),
            )
        except ClientError as error:
            raise CannotStart(f"CloudFormation refused the template or its parameters: {error}") from error
        try:
            made = self._settled(name)
            if made["Status"] != "FAILED":
                return ChangeSet(self, name, self._changes(name))
        except BaseException:
            # Also where somebody stops the command: nobody would look for it later.
            with suppress(ClientError):
                self.discard(name)
            raise
        reason = made.get("StatusReason", "")
        self.discard(name)
        if "didn't contain changes" in reason or "No updates are to be performed" in reason:
            return None
        raise CannotStart(f"CloudFormation refused the change set: {reason}")

    def _left_by(self, status: str) -> str:
        """Return what a status without success leaves behind, and what to do."""
        if status == _HALF_MADE:
            return (
                ": nothing of it runs, and some of it could not be removed again, such as a protected table, which is "
                "empty. Remove it (docs/runbooks/first-deployment.md), then: "
                f"aws cloudformation delete-stack --stack-name {self.name}"
            )
        if status in _NEVER_MADE:
            return (
                ": nothing of it runs. Remove it, look at what it kept, and run again: "
                f"aws cloudformation delete-stack --stack-name {self.name}"
            )
        if status == _HALF_DELETED:
            return (
                ": some of it is deleted. Mend what its events name, finish the deletion, and run again: "
                f"aws cloudformation delete-stack --stack-name {self.name}"
            )
        if status in _STUCK:
            return (
                ": what ran before is not whole. Mend what its events name, then: "
                f"aws cloudformation continue-update-rollback --stack-name {self.name}"
            )
        return "; what ran before is back."

    def _settled(self, name: str) -> dict[str, Any]:
        deadline = time.monotonic() + _LONGEST_SECONDS
        while True:
            made: dict[str, Any] = self._client.describe_change_set(StackName=self.name, ChangeSetName=name)
            if made["Status"] in ("CREATE_COMPLETE", "FAILED"):
                return made
            if time.monotonic() > deadline:
                raise CannotStart(f"The change set {name} was not ready within an hour.")
            time.sleep(self._poll_seconds)

    def _changes(self, name: str) -> list[StackChange]:
        found: list[StackChange] = []
        more: dict[str, str] = {}
        while True:
            page = self._client.describe_change_set(StackName=self.name, ChangeSetName=name, **more)
            for change in page.get("Changes", []):
                part = change["ResourceChange"]
                replaces = part.get("Replacement") in ("True", "Conditional")
                found.append(
                    StackChange(part["Action"], part["LogicalResourceId"], part["ResourceType"], replaces=replaces)
                )
            if not page.get("NextToken"):
                return found
            more = {"NextToken": page["NextToken"]}

    def execute(self, change_set: str) -> None:
        """Execute a change set and wait. Raises CannotStart with CloudFormation's reasons if it was rolled back."""
        begin = time.time()
        self._client.execute_change_set(StackName=self.name, ChangeSetName=change_set)
        try:
            status = self._wait()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_GOES_ON.format(name=self.name)) from None
        if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            reasons = "\n  ".join(self._failures(since=begin)) or "CloudFormation gives no reason."
            raise CannotStart(f"{self.name} is in {status}{self._left_by(status)}\n  {reasons}")

    def discard(self, change_set: str) -> None:
        """Remove a change set that is not executed."""
        self._client.delete_change_set(StackName=self.name, ChangeSetName=change_set)

    def delete(self) -> None:
        """Delete the stack and wait; one whose deletion goes on is waited for. Raises CannotStart with the reasons."""
        begin = time.time()
        self._client.delete_stack(StackName=self.name)
        try:
            status = self._wait()
        except KeyboardInterrupt:
            raise KeyboardInterrupt(_GOES_ON.format(name=self.name)) from None
        if status != "DELETE_COMPLETE":
            reasons = "\n  ".join(self._failures(since=begin)) or "CloudFormation gives no reason."
            raise CannotStart(
                f"{self.name} is in {status}. Mend what follows, and run again. To leave a resource behind: "
                f"aws cloudformation delete-stack --stack-name {self.name} --retain-resources NAME\n  {reasons}"
            )

    def _wait(self) -> str:
        deadline = time.monotonic() + _LONGEST_SECONDS
        shown = ""
        while True:
            found = self.describe()
            status: str = found["StackStatus"] if found else "DELETE_COMPLETE"
            if status != shown:
                step(f"  {self.name}: {status}")
                shown = status
            if not status.endswith("_IN_PROGRESS"):
                return status
            if time.monotonic() > deadline:
                raise CannotStart(f"{self.name} was still in {status} after an hour. Look at its events.")
            time.sleep(self._poll_seconds)

    def _failures(self, *, since: float) -> list[str]:
        events: list[dict[str, Any]] = []
        try:
            # The newest come first, and what failed is below the many events of the way back.
            for page in self._client.get_paginator("describe_stack_events").paginate(StackName=self.name):
                events += page["StackEvents"]
                if events and events[-1]["Timestamp"].timestamp() < since - 1:
                    break
        except ClientError:
            return []
        failed = [event for event in events if event["ResourceStatus"].endswith("FAILED")]
        recent = [event for event in reversed(failed) if event["Timestamp"].timestamp() >= since - 1]
        reasons = [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason given')}" for event in recent
        ]
        if any(event["ResourceType"] == _ALIAS for event in recent):
            reasons.append(_STOPPED)
        return reasons


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that is ready to be executed."""

    stack: Stack
    name: str
    changes: Sequence[StackChange]

    def show(self) -> None:
        """Print the changes, those that lose data first."""
        ordered = sorted(self.changes, key=lambda change: (not change.loses_data, change.action, change.name))
        for change in ordered[:_MOST_LINES]:
            step(f"  {'LOSES DATA ' if change.loses_data else ''}{change}")
        if len(ordered) > _MOST_LINES:
            step(f"  and {len(ordered) - _MOST_LINES} more")

    @property
    def loses_data(self) -> bool:
        """Whether one of the changes replaces or removes what keeps data."""
        return any(change.loses_data for change in self.changes)

    def execute(self) -> None:
        """Execute it and wait. Raises CannotStart."""
        self.stack.execute(self.name)

    def discard(self) -> None:
        """Remove it; the stack stays as it is."""
        self.stack.discard(self.name)
