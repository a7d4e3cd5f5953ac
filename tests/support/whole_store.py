"""Everything that is stored: the table, the bucket and the queues, as texts to search a person in."""

import base64
import json
import re
from collections.abc import Iterator

from chalicelib import folding
from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.table import operations

# Shorter spellings stand in random bytes by chance: letters in base64, digits in hex.
_SHORT, _FEW_DIGITS = 8, 10


def dump() -> list[str]:
    """Return every item with its keys, every file with its key, and every message of every queue."""
    return [*_items(), *_files(), *_messages()]


def _items() -> Iterator[str]:
    pages = operations.client().get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    for raw in (raw for page in pages for raw in page["Items"]):
        yield json.dumps(raw, ensure_ascii=False, default=_shown)


def _shown(value: bytes) -> str:
    return base64.b64encode(value).decode() + " " + value.decode("utf-8", "ignore")


def _files() -> Iterator[str]:
    """Yield every version of every file, also of the bucket of the stream's dead letters."""
    s3 = aws.client("s3")
    for bucket in (found["Name"] for found in s3.list_buckets()["Buckets"]):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            for version in page.get("Versions", ()):
                file = s3.get_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
                yield f"{version['Key']} {_shown(file['Body'].read())}"


def _messages() -> Iterator[str]:
    """Yield every message of every queue, also of dead letters; they are visible again afterwards."""
    sqs = aws.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", ()):
        held = []
        while found := sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60, MessageAttributeNames=["All"]
        ).get("Messages"):
            held += found
        for message in held:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
            yield f"{message['Body']} {json.dumps(message.get('MessageAttributes', {}), default=_shown)}"


def spellings(text: str) -> set[str]:
    """Return how a text may be stored: as it is, folded, its digits only, or in base64 at any offset."""
    raw = text.encode()
    made = {text, text.casefold(), folding.typed(text), " ".join(folding.words(text))}
    made |= {base64.b64encode(b" " * offset + raw).decode()[4 : -8 or None] for offset in (3, 4, 5)}
    made |= {raw.hex(), raw.hex().upper()}
    digits = "".join(character for character in text if character.isdigit())
    if len(digits) >= 7:  # fewer are in every id
        made.add(digits)
    return {each for each in made if len(each) >= 6}


def holding(text: str, found: list[str]) -> list[str]:
    """Return what holds a text in any spelling."""
    pattern = re.compile("|".join(map(_as_a_whole, spellings(text))))
    return [each[:300] for each in found if pattern.search(each) or pattern.search(each.casefold())]


def _as_a_whole(spelled: str) -> str:
    """Return the pattern of a spelling, of a short one without letters or digits beside it."""
    if spelled.isdigit() and len(spelled) < _FEW_DIGITS:
        return rf"(?<![0-9A-Fa-f]){spelled}(?![0-9A-Fa-f])"
    return rf"(?<![\w+/]){re.escape(spelled)}(?![\w+])" if len(spelled) < _SHORT else re.escape(spelled)
