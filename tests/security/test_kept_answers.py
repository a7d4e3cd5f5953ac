"""Answers to an Idempotency-Key are kept sealed: a customer's under the customer's data key (D-SEC-71)."""

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.config import config
from chalicelib.domain import idempotency
from chalicelib.domain.idempotency import StoredAnswer
from chalicelib.errors import Unavailable
from chalicelib.table import keys, operations
from chalicelib.table.items import IdempotencyRecord
from chalicelib.vocabulary.access import Portal
from tests.support import meanwhile
from tests.support.traces import watched

pytestmark = pytest.mark.usefixtures("moto_cloud")

NAME, BODY = "Zubaidé Markér 0002", b'{"a": "AB-"}'
ANSWER = StoredAnswer(201, json.dumps({"blood_type": "AB-", "name": NAME}), {"X-A": "b"})


def claim(portal: Portal, caller_id: str = "xyz_1") -> Any:
    return idempotency.claim(portal=portal, caller_id=caller_id, route="POST /a", key="k", body=BODY)


def keep(portal: Portal, answer: StoredAnswer = ANSWER) -> None:
    claimed = claim(portal)
    assert isinstance(claimed, idempotency.IdempotencyClaim)
    idempotency.keep(claimed, answer)


def places_of(*values: str) -> dict[str, set[str]]:
    with watched() as watch:
        traces = watch.traces()
    assert traces.found
    return traces.places_of(set(values))


@pytest.mark.parametrize("portal", Portal)
def test_an_answer_is_sealed_for_every_portal_and_shown_again(portal: Portal) -> None:
    keep(portal)
    assert places_of("AB-", NAME, BODY.decode()) == {}
    assert claim(portal) == ANSWER


@pytest.mark.parametrize("portal", [Portal.WEBAPP, Portal.ORGANIZER])
def test_a_long_answer_is_sealed_as_well(portal: Portal) -> None:
    long = replace(ANSWER, body=json.dumps([{"blood_type": "AB-", "name": NAME}] * 1000))
    keep(portal, long)
    assert places_of("AB-", NAME) == {}
    assert claim(portal) == long


def test_without_the_persons_data_key_an_answer_is_lost_and_computed_again() -> None:
    keep(Portal.WEBAPP)
    operations.record(operations.remove(keys.access.data_key("xyz_1")))
    again = claim(Portal.WEBAPP)
    assert isinstance(again, idempotency.IdempotencyClaim)
    idempotency.keep(again, replace(ANSWER, body="computed again"))
    assert claim(Portal.WEBAPP).body == "computed again"


def test_a_sealed_answer_opens_in_no_other_record() -> None:
    keep(Portal.ORGANIZER)
    other = idempotency.claim(portal=Portal.ORGANIZER, caller_id="xyz_1", route="POST /b", key="k", body=BODY)
    assert isinstance(other, idempotency.IdempotencyClaim)
    assert other.record is not None
    first = kept_record()
    operations.record(operations.change(other.record, [IdempotencyRecord.answer.set(first.answer)]))
    moved = idempotency.claim(portal=Portal.ORGANIZER, caller_id="xyz_1", route="POST /b", key="k", body=BODY)
    assert isinstance(moved, idempotency.IdempotencyClaim)


def kept_record() -> IdempotencyRecord:
    """Return the one record that has an answer."""
    client: Any = operations.client()
    (found,) = [
        IdempotencyRecord.from_raw_data(raw)
        for raw in client.scan(TableName=config().table_name)["Items"]
        if raw["kind"]["S"] == "idempotency" and "answer" in raw
    ]
    return found


def test_a_body_cannot_be_guessed_by_its_fingerprint() -> None:
    keep(Portal.WEBAPP)
    for said in (BODY, idempotency.canonical(BODY)):
        assert places_of(hashlib.sha256(said).hexdigest()) == {}


@pytest.mark.parametrize("operation", ["GenerateDataKey", "Decrypt"])
def test_where_an_answer_could_not_be_sealed_the_request_has_no_effect(operation: str) -> None:
    if operation == "Decrypt":
        idempotency.claim(portal=Portal.WEBAPP, caller_id="xyz_1", route="POST /before", key="k", body=b"")
    with meanwhile.failing(operation, service="kms"), pytest.raises(Unavailable):
        claim(Portal.WEBAPP)
    assert isinstance(claim(Portal.WEBAPP), idempotency.IdempotencyClaim)
