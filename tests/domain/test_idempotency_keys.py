"""An Idempotency-Key admits one request of one caller, also after an attempt that died."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.idempotency import IdempotencyClaim, StoredAnswer
from chalicelib.errors import IdempotencyInProgress, IdempotencyMismatch
from chalicelib.vocabulary import Portal

pytestmark = pytest.mark.usefixtures("moto_cloud")
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def later(**so_much: int) -> AbstractContextManager[None]:
    return clock.set_to(START + timedelta(**so_much))


def claim(body: bytes = b"{}", *, caller_id: str = "cus_1", route: str = "POST /a") -> IdempotencyClaim:
    claimed = idempotency.claim(portal=Portal.WEBAPP, caller_id=caller_id, route=route, key="k", body=body)
    assert isinstance(claimed, IdempotencyClaim)
    return claimed


def test_the_key_of_a_try_that_died_goes_on_with_the_same_body_only() -> None:
    with later():
        first = claim()
    with later(seconds=34), pytest.raises(IdempotencyInProgress):
        claim()
    with later(seconds=36):
        with pytest.raises(IdempotencyMismatch):
            claim(b'{"another": "body"}')
        assert claim().operation_id == first.operation_id
        with pytest.raises(IdempotencyInProgress):
            claim()


def test_the_same_key_of_two_callers_or_routes_names_two_operations() -> None:
    named = [claim(), claim(caller_id="cus_2"), claim(route="POST /b")]
    assert len({one.operation_id for one in named}) == 3
    assert len({one.record for one in named}) == 3


def test_an_answer_is_kept_for_72_hours_and_then_the_key_is_free() -> None:
    answer = StoredAnswer(201, '{"id": "ord_1"}', {"x-a": "b"})
    with later():
        claimed = claim()
        idempotency.keep(claimed, answer)
    with later(hours=71, minutes=59):
        assert (
            idempotency.claim(portal=Portal.WEBAPP, caller_id="cus_1", route="POST /a", key="k", body=b"{}") == answer
        )
    with later(hours=72):
        assert claim(b'{"another": "body"}').operation_id == claimed.operation_id
