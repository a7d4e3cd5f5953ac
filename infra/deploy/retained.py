"""What a stack keeps when it is deleted, and the deletion of that too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.local.console import step
from infra.package import adoption

# A run that was killed has deleted some of it; a key that waits for its deletion is in an invalid state for another.
_GONE = frozenset({"ResourceNotFoundException", "NoSuchBucket", "NotFoundException", "KMSInvalidStateException"})
_ADOPTED = {"TableName": "AWS::DynamoDB::Table", "KeyArn": "AWS::KMS::Key", "DataKeyArn": "AWS::KMS::Key"}
# What every gateway of the account uses: it has no data, and another stack makes its own.
OF_ACCOUNT = frozenset({"AWS::IAM::Role", "AWS::ApiGateway::Account"})
# The stack makes its own.
_OWN = ("", adoption.OWN)
# AWS KMS: the shortest waiting time of a deletion, in days.
_KEY_DAYS = 7


def of(template: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return type and physical id of the stack's resources that outlive it, apart from the account's.

    A stack whose creation failed lists what it deleted again, also of what it would keep later.
    """
    kept = {name for name, part in template["Resources"].items() if part.get("DeletionPolicy", "").startswith("Retain")}
    return [
        (found["ResourceType"], found["PhysicalResourceId"])
        for found in resources
        if found["LogicalResourceId"] in kept
        and found["ResourceType"] not in OF_ACCOUNT
        and found.get("PhysicalResourceId")
        and found.get("ResourceStatus") != "DELETE_COMPLETE"
    ]


def adopted(parameters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return type and id of what a stack uses by its parameters: a restored table, the keys of an earlier stack."""
    return [(kind, given) for name, kind in _ADOPTED.items() if (given := parameters.get(name, "")) not in _OWN]


def remove(account: Account, kept: Sequence[tuple[str, str]]) -> list[str]:
    """Delete what a stack kept, with all data; return what could not be deleted, with its reason."""
    failed = []
    for kind, name in kept:
        end = _ENDS.get(kind)
        if end is None:
            failed.append(f"{name} ({kind}): delete it by hand")
            continue
        try:
            end(account, name)
            step(f"  deleted {name} ({kind})")
        except ClientError as error:
            if error.response["Error"]["Code"] in _GONE:
                step(f"  gone already: {name} ({kind})")
                continue
            failed.append(f"{name} ({kind}): {error}")
    return failed


def _end_table(account: Account, name: str) -> None:
    account.client("dynamodb").delete_table(TableName=name)


def _end_bucket(account: Account, name: str) -> None:
    client = account.client("s3")
    for page in client.get_paginator("list_object_versions").paginate(Bucket=name):
        found = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        objects = [{"Key": version["Key"], "VersionId": version["VersionId"]} for version in found]
        if objects:
            client.delete_objects(Bucket=name, Delete={"Objects": objects, "Quiet": True})
    client.delete_bucket(Bucket=name)


def _end_secret(account: Account, name: str) -> None:
    account.client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def _end_key(account: Account, name: str) -> None:
    account.client("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=_KEY_DAYS)


def _end_log(account: Account, name: str) -> None:
    account.client("logs").delete_log_group(logGroupName=name)


_ENDS: dict[str, Callable[[Account, str], None]] = {
    "AWS::DynamoDB::Table": _end_table,
    "AWS::S3::Bucket": _end_bucket,
    "AWS::SecretsManager::Secret": _end_secret,
    "AWS::KMS::Key": _end_key,
    "AWS::Logs::LogGroup": _end_log,
}
