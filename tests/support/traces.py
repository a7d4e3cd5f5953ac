"""Everything that a cloud of moto holds, as text, and the search for a value in it in every usual encoding.

Each text is read as it is, and again as the JSON, base64, hex, percent-encoding and zlib content in it, some levels
deep.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from chalicelib.clients import aws
from chalicelib.config import config
from chalicelib.table import operations
from tests.support.log_lines import LogLines, collected
from tests.support.meanwhile import asked

_LEVELS = 4
# Base64 and hex that is worth decoding, alone or within a text.
_WORD = re.compile(r"[A-Za-z0-9+/_=-]{8,}|^[A-Za-z0-9+/_=-]{4,7}$")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){3,}")
# Shorter values are compared as a whole, since a few letters occur in any long text.
_SHORT = 8


@dataclass
class Traces:
    """What was stored, sent and logged: texts and bytes, each with the name of its place."""

    found: list[tuple[str, str | bytes]] = field(default_factory=list)

    def add(self, place: str, value: Any) -> None:
        """Add every text and every run of bytes in a value."""
        if isinstance(value, str | bytes | bytearray):
            self.found.append((place, bytes(value) if isinstance(value, bytearray) else value))
        elif isinstance(value, dict):
            for name, part in value.items():
                self.add(place, name)
                self.add(f"{place}.{name}", part)
        elif isinstance(value, list | tuple | set):
            for part in value:
                self.add(place, part)
        elif value is not None and not isinstance(value, bool):
            self.add(place, str(value))

    def places_of(self, values: set[str | bytes]) -> dict[str, set[str]]:
        """Return the places of each value that was found, in any encoding."""
        short = {value for value in values if isinstance(value, str) and len(value) < _SHORT}
        needles = {form: str(value) for value in values - short for form in forms(value)}
        hits: dict[str, set[str]] = {}
        # One pattern for all values: hundreds of values in thousands of texts.
        pattern = re.compile("|".join(map(re.escape, sorted(needles, key=len, reverse=True))) or r"(?!)")
        bounded = re.compile(rf"(?<![\w+-])(?:{'|'.join(map(re.escape, sorted(short)))})(?![\w+-])") if short else None
        # Most texts are in many places, as the names of attributes are.
        places: dict[str | bytes, set[str]] = {}
        for place, value in self.found:
            places.setdefault(value, set()).add(place)
        for value, where in places.items():
            for text in readings(value):
                for hit in pattern.findall(text):
                    hits.setdefault(needles[hit], set()).update(where)
                for hit in bounded.findall(text) if bounded else ():
                    hits.setdefault(hit, set()).update(where)
        return hits


def forms(value: str | bytes) -> set[str]:
    """Return how a value may be written within a text: raw, escaped, percent, hex, and base64 at each alignment."""
    raw = value.encode() if isinstance(value, str) else value
    found = {raw.hex(), raw.hex().upper(), quote(raw), quote(raw, safe="")}
    for encoded in (base64.b64encode, base64.urlsafe_b64encode):
        for shift in range(3):
            # Without the characters that the neighbours share.
            text = encoded(bytes(shift) + raw).decode().rstrip("=")
            found.add(text[-(-shift * 8 // 6) : len(text) - 1])
    if isinstance(value, str):
        found |= {value, json.dumps(value)[1:-1], repr(value)[1:-1]}
    return {form for form in found if len(form) >= _SHORT}


def readings(value: str | bytes, level: int = _LEVELS) -> Iterator[str]:
    """Yield a value as text, and the texts that are encoded in it."""
    if isinstance(value, bytes):
        yield value.hex()
        if value[:1] == b"\x78":
            yield from _unpacked(value, level)
        try:
            value = value.decode()
        except UnicodeDecodeError:
            return
    yield value
    if level == 0:
        return
    for decoded in _decoded(value):
        yield from readings(decoded, level - 1)


def _unpacked(value: bytes, level: int) -> Iterator[str]:
    try:
        yield from readings(zlib.decompress(value), level - 1)
    except zlib.error:
        return


def _decoded(text: str) -> Iterator[str | bytes]:
    if text[:1] in ("{", "[", '"'):
        try:
            parts = Traces()
            parts.add("", json.loads(text))
        except ValueError:
            pass
        else:
            yield from (part for _, part in parts.found)
    if "%" in text:
        yield unquote(text)
    for word in _WORD.findall(text):
        try:
            decoded = base64.urlsafe_b64decode(word.replace("+", "-").replace("/", "_").rstrip("=") + "===")
        except (binascii.Error, ValueError):
            continue
        if decoded.isascii() or decoded[:1] == b"\x78":
            yield decoded
    for word in _HEX.findall(text):
        decoded = bytes.fromhex(word)
        if decoded.isascii():
            yield decoded


@dataclass
class Watch:
    """What was sent and logged inside a block."""

    lines: LogLines
    sent: list[list[dict[str, Any]]]

    def traces(self) -> Traces:
        """Return everything: sent messages and facts, the log, and what table, stream and bucket hold now."""
        traces = Traces()
        for number, line in enumerate(self.lines.text.splitlines()):
            traces.add(f"log line {number}", line)
        for requests in self.sent:
            traces.add("sent", requests)
        traces.add("table", _items())
        traces.add("bucket", _objects())
        return traces


@contextmanager
def watched() -> Iterator[Watch]:
    """Note every message, fact and log line inside the block."""
    ways = (("SendMessage", "sqs"), ("SendMessageBatch", "sqs"), ("PutEvents", "events"))
    with ExitStack() as stack:
        sent = [stack.enter_context(asked(operation, service=service)) for operation, service in ways]
        yield Watch(stack.enter_context(collected()), sent)


def _items() -> list[dict[str, Any]]:
    """Return the raw items of the table, and the images in its stream."""
    client: Any = operations.client()
    pages = client.get_paginator("scan").paginate(TableName=config().table_name, ConsistentRead=True)
    items = [item for page in pages for item in page["Items"]]
    streams = aws.client("dynamodbstreams")
    arn = client.describe_table(TableName=config().table_name)["Table"]["LatestStreamArn"]
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**place)["ShardIterator"]
        while iterator:
            answer = streams.get_records(ShardIterator=iterator)
            items += [record["dynamodb"] for record in answer["Records"]]
            iterator = answer.get("NextShardIterator") if answer["Records"] else None
    return items


def _objects() -> dict[str, bytes]:
    s3 = aws.client("s3")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=config().files_bucket)
    names = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return {name: s3.get_object(Bucket=config().files_bucket, Key=name)["Body"].read() for name in names}
