"""The platform's resources for a test, as small as a test needs them."""

import json
import os
from functools import lru_cache
from typing import Any

from botocore.session import get_session

from chalicelib.config import config

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


def _client(service: str) -> Any:
    """Return a client of a service at the endpoint that the environment names."""
    return _client_at(service, tuple(sorted(item for item in os.environ.items() if item[0].startswith("AWS_"))))


@lru_cache(maxsize=32)
def _client_at(service: str, _: tuple[tuple[str, str], ...]) -> Any:
    return get_session().create_client(service)


def create_table(client: Any, name: str | None = None) -> None:
    client.create_table(TableName=name or config().table_name, **TABLE)


def delete_table() -> None:
    _client("dynamodb").delete_table(TableName=config().table_name)


def create_all(master_secret: str) -> None:
    """Create the table, secret, bus, rule and queues at the endpoint that the environment names."""
    create_table(_client("dynamodb"))
    _client("secretsmanager").create_secret(Name=config().secret_id, SecretString=json.dumps({"master": master_secret}))
    _client("events").create_event_bus(Name=config().event_bus_name)
    sqs = _client("sqs")
    stage = config()
    queues = (stage.alerts_queue_name, stage.messages_queue_name, stage.payments_queue_name, stage.jobs_queue_name)
    for name in queues:
        sqs.create_queue(QueueName=name)
    _client("ses").verify_email_identity(EmailAddress=config().mail_from)
    kms = _client("kms")
    data_key = kms.create_key(Description="wraps customers' data keys")["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName=config().data_key_id, TargetKeyId=data_key)
    _client("s3").create_bucket(Bucket=config().files_bucket)
