"""An audit log of any length that is nowhere stored: its pages are made when they are asked for.

It answers the requests of a verification at botocore's boundary, in place of an engine, so that what a verification
itself takes can be measured for a log that no engine here holds. It has no seals, which are one in hundreds of entries.
"""

import io
import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders

from chalicelib.domain.audit import chains
from chalicelib.table import keys, operations
from chalicelib.table.items import AuditHead
from chalicelib.table.keys.audit import AUDIT_SHARDS

_JSON = "application/x-amz-json-1.0"


class Pages:
    """The log. `cpu_seconds` is what making its pages took, which is no part of a verification."""

    def __init__(self, entries: int) -> None:
        """Make all entries once, in order, for the heads of the shards."""
        self._counts = [len(range(shard, entries, AUDIT_SHARDS)) for shard in range(AUDIT_SHARDS)]
        self.cpu_seconds = 0.0
        self._ends = [chains.GENESIS for _ in range(AUDIT_SHARDS)]
        self._heads = []
        for shard, count in enumerate(self._counts):
            digest = chains.GENESIS
            for number in range(1, count + 1):
                digest = chains.digest_of(_body(shard, number, digest))
            self._heads.append(AuditHead(*keys.audit.audit_head(shard), shard=shard, number=count, digest=digest))

    def attach(self) -> None:
        """Answer all requests of this process to DynamoDB from now on."""
        client: Any = operations.client()
        client.meta.events.register("before-send.dynamodb", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        began = time.thread_time()
        asked = json.loads(request.body)
        match request.headers["X-Amz-Target"].decode().partition(".")[2]:
            case "BatchGetItem":
                (table,) = asked["RequestItems"]
                answer = {"Responses": {table: [head.to_dynamodb_dict() for head in self._heads]}}
            case "Query":
                answer = self._page(asked)
            case _:
                answer = {}
        content = json.dumps(answer).encode()
        self.cpu_seconds += time.thread_time() - began
        headers = HTTPHeaders.from_dict({"content-type": _JSON})
        return AWSResponse(request.url, 200, headers, _Raw(content))

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        named = asked["ExpressionAttributeValues"]
        partition = named[":p"]["S"]
        shards = [shard for shard in range(AUDIT_SHARDS) if keys.audit.audit_entry(shard, 1).pk == partition]
        if not shards:
            return {"Items": []}
        (shard,) = shards
        after = asked.get("ExclusiveStartKey")
        begins = int(after["sk"]["S"]) + 1 if after else int(named[":s"]["S"])
        ends = min(begins + asked["Limit"], self._counts[shard] + 1)
        items = list(self._items(shard, begins, ends))
        more = {"LastEvaluatedKey": _key(shard, ends - 1)} if ends <= self._counts[shard] else {}
        return {"Items": items, **more}

    def _items(self, shard: int, begins: int, ends: int) -> Iterator[dict[str, Any]]:
        # Pages are asked for in order, so a page begins with the digest that the one before ended with.
        for number in range(begins, ends):
            body = _body(shard, number, self._ends[shard])
            self._ends[shard] = chains.digest_of(body)
            yield {"body": {"S": body}, "digest": {"S": self._ends[shard]}}


class _Raw(io.BytesIO):
    """The body of an answer, as botocore reads it."""

    def stream(self) -> Iterator[bytes]:
        """Yield all of it."""
        yield self.read()


def _key(shard: int, number: int) -> dict[str, Any]:
    place = keys.audit.audit_entry(shard, number)
    return {"pk": {"S": place.pk}, "sk": {"S": place.sk}}


def _body(shard: int, number: int, previous: str) -> str:
    return chains.canonical(
        {
            "entry_id": f"aud_01JZ{shard:02}{number:020}",
            "at": "2026-11-28T10:00:00.000Z",
            "actor_id": "adm_01JZ0000000000000000000000",
            "actor_type": "admin",
            "role": "admin",
            "action": "ticket.change",
            "entity_type": "ticket",
            "entity_id": "tkt_01JZ0000000000000000000000",
            "result": "done",
            "address": "192.0.2.77",
            "request_id": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "before": '{"status":"valid"}',
            "after": '{"status":"cancelled"}',
            "number": number,
            "previous": previous,
            "shard": shard,
        }
    )
