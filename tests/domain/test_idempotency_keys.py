"""An Idempotency-Key admits one request of one caller, also after an attempt that died."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib import clock
from chalicelib.domain import idempotency
from chalicelib.domain.idempotency import IdempotencyClaim, StoredAnswer
from chalicelib.errors import IdempotencyInProgress, IdempotencyMismatch
from chalicelib.vocabulary.access import Portal

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


SAME = [
    (b'{"a": 1, "b": "x"}', b'{ "b":"x",\n"a":1 }'),
    (b'{"a": "\xc3\xa9/"}', b'{"a": "\\u00e9\\/"}'),
    (b'{"a": 1}', b'{"a": 1.0}'),
    (b'{"a": 100}', b'{"a": 1e2}'),
    (b'{"a": -0.0}', b'{"a": 0}'),
    (b'{"a": 0.10}', b'{"a": 1E-1}'),
    (b'{"a": 2, "a": 1}', b'{"a": 1}'),
    (b"", b"{}"),
    (b'{"a": [1, {"c": 2, "b": null}]}', b'{"a":[1,{"b":null,"c":2}]}'),
]
DIFFERENT = [
    (b'{"a": 1}', b'{"a": "1"}'),
    (b'{"a": 1}', b'{"a": true}'),
    (b'{"a": 1}', b'{"a": 10}'),
    (b'{"a": 0}', b'{"a": null}'),
    (b'{"a": 9007199254740993}', b'{"a": 9007199254740992}'),
    (b'{"a": [1, 2]}', b'{"a": [2, 1]}'),
    (b'{"a": null}', b"{}"),
    (b'{"a": "\xc3\xa9"}', b'{"a": "e\xcc\x81"}'),
    (b'{"a": 1e999999999}', b'{"a": 1e999999998}'),
    (b"\xff", b"\xfe"),
    (b'{"a": NaN}', b'{"a": null}'),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_json_in_another_spelling_is_the_same_body(first: bytes, second: bytes) -> None:
    assert idempotency.canonical(first) == idempotency.canonical(second)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_other_json_is_another_body(first: bytes, second: bytes) -> None:
    assert idempotency.canonical(first) != idempotency.canonical(second)


@pytest.mark.parametrize("body", [b"[" * 30_000, b'{"a": ' * 9_000, b"9" * 60_000, b'{"a": 1e' + b"9" * 400 + b"}"])
def test_a_hostile_body_has_a_bounded_form(body: bytes) -> None:
    assert len(idempotency.canonical(body)) <= len(body) + 20


def test_an_answer_in_between_is_computed_again_by_the_same_body_only_until_it_is_final() -> None:
    def again(body: bytes = b'{"a": 1}') -> IdempotencyClaim | StoredAnswer:
        return idempotency.claim(portal=Portal.WEBAPP, caller_id="cus_1", route="POST /a", key="k", body=body)

    with later():
        idempotency.keep_open(claim(b'{"a": 1}'), "waits")
        for _ in range(2):
            open_one = again(b'{"a":1.0}')
            assert isinstance(open_one, IdempotencyClaim)
            assert (open_one.is_first_answer("waits"), open_one.is_first_answer("paid")) == (True, False)
            idempotency.release(open_one)  # an attempt that failed
        with pytest.raises(IdempotencyMismatch):
            again(b'{"a": 2}')
        final = StoredAnswer(200, "paid", {})
        assert isinstance(open_one, IdempotencyClaim)
        idempotency.keep(open_one, final)
        assert again() == final
    with later(hours=73):
        assert isinstance(again(b'{"a": 2}'), IdempotencyClaim)
