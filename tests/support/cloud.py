"""The platform's resources for a test, as small as a test needs them."""

import copy
import json
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from botocore.session import get_session
from moto.backends import get_backend
from moto.core.models import DEFAULT_ACCOUNT_ID

from chalicelib.config import config
from chalicelib.vocabulary.access import SecretLife

MASTER_SECRET = "test-master-secret-of-the-platform-000000000000"

TABLE: dict[str, Any] = {
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [
        {"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk")
    ],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "gsi1",
            "KeySchema": [
                {"AttributeName": "gsi1pk", "KeyType": "HASH"},
                {"AttributeName": "gsi1sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["kind", "result", "principal_id"]},
        },
        {
            "IndexName": "gsi2",
            "KeySchema": [
                {"AttributeName": "gsi2pk", "KeyType": "HASH"},
                {"AttributeName": "gsi2sk", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "KEYS_ONLY"},
        },
    ],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


def client(service: str) -> Any:
    """Return a client of a service at the endpoint that the environment names; it is made once."""
    return _client_at(service, tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))))


@lru_cache(maxsize=32)
def _client_at(service: str, _: tuple[tuple[str, str], ...]) -> Any:
    return get_session().create_client(service)


def create_table(dynamodb: Any, name: str | None = None) -> None:
    dynamodb.create_table(TableName=name or config().table_name, **TABLE)


def delete_table() -> None:
    client("dynamodb").delete_table(TableName=config().table_name)


def create_all(master_secret: str) -> None:
    """Create the table, secrets, bus, rule and queues at the endpoint that the environment names."""
    create_table(client("dynamodb"))
    create_queues()
    create_rest(master_secret)


def create_queues() -> None:
    sqs = client("sqs")
    for name in _queues():
        sqs.create_queue(QueueName=name)


def _queues() -> Sequence[str]:
    stage = config()
    return stage.alerts_queue_name, stage.messages_queue_name, stage.payments_queue_name, stage.jobs_queue_name


def create_rest(master_secret: str) -> None:
    """Create what is neither a table nor a queue."""
    for life in SecretLife:
        content = json.dumps({"key_1": f"{life}-{master_secret}"})
        client("secretsmanager").create_secret(Name=config().secret_name.format(life=life), SecretString=content)
    client("events").create_event_bus(Name=config().event_bus_name)
    client("ses").verify_email_identity(EmailAddress=config().mail_from)
    kms = client("kms")
    data_key = kms.create_key(Description="wraps customers' data keys")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=config().data_key_id, TargetKeyId=data_key)
    client("s3").create_bucket(Bucket=config().files_bucket)


def create_on_moto(master_secret: str) -> None:
    """Create the same on moto, which must be empty; what is neither a table nor a queue is made once and copied."""
    _create_table_on_moto()
    for name in _queues():
        _backend("sqs").create_queue(name)
    made_for = (config(), master_secret)
    if made_for not in _made:
        create_rest(master_secret)
        # A queue and a table cannot be copied: they have locks.
        _made[made_for] = [(service, _copy(_backend(service))) for service in _COPIED]
        return
    for service, kept in _made[made_for]:
        backend = _backend(service)
        vars(backend).update(copy.deepcopy(kept, {id(_ITSELF): backend}))


def _create_table_on_moto() -> None:
    """Create the table as moto's handler does, without a request: two thirds of the cost were its written answer."""
    _backend("dynamodb").create_table(
        config().table_name,
        schema=TABLE["KeySchema"],
        throughput=None,
        attr=TABLE["AttributeDefinitions"],
        global_indexes=TABLE["GlobalSecondaryIndexes"],
        indexes=[],
        streams=TABLE["StreamSpecification"],
        billing_mode=TABLE["BillingMode"],
        sse_specification=None,
        tags=[],
        deletion_protection_enabled=False,
        warm_throughput=None,
    )


_COPIED = ("secretsmanager", "events", "ses", "kms", "s3")
_made: dict[Any, list[tuple[str, dict[str, Any]]]] = {}


class _Itself:
    """Takes the place of the backend in a copy of its attributes."""


_ITSELF = _Itself()


def _copy(backend: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = copy.deepcopy(vars(backend), {id(backend): _ITSELF})
    return attributes


def _backend(service: str) -> Any:
    region = "aws" if service == "s3" else "us-east-1"
    return get_backend(service)[DEFAULT_ACCOUNT_ID][region]  # type: ignore[call-overload]
