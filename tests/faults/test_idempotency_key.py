"""One key, sent by 32 callers at once, or again after a fault: one effect, one answer."""

import uuid
from datetime import timedelta

import pytest

from chalicelib import clock
from chalicelib.domain.customers import dependents
from tests.faults.test_claims import at_once
from tests.support.client import Answer, call
from tests.support.factories import customer_token, make_customer
from tests.support.wire import Fault, befallings, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_idempotency_key")]

PATH = "/api/v1/users/dependents/"
BODY = {"name": "Sara Khan", "relation": "daughter"}
# A request of this kind sends four: the list of lock-outs, the claim, the effect, the answer.
REQUESTS = 4
BEFALLING = (Fault.DROPPED, Fault.ANSWER_LOST, Fault.THROTTLED, Fault.BROKEN)


def _add(token: str, key: str) -> Answer:
    return call("POST", PATH, BODY, token=token, headers={"idempotency-key": key})


def test_of_32_at_once_one_has_the_effect_and_the_others_its_answer_or_are_told_to_wait() -> None:
    customer = make_customer()
    token, key = customer_token(customer), uuid.uuid4().hex
    answers: list[Answer] = at_once(lambda _: _add(token, key))
    done = [answer for answer in answers if answer.status == 201]
    waiting = [answer for answer in answers if answer.status != 201]
    assert {answer.code for answer in waiting} <= {"IDEMPOTENCY_IN_PROGRESS"}
    assert all(answer.status == 409 and answer.headers["retry-after"] for answer in waiting)
    assert len({answer.text for answer in done}) == 1
    assert len(dependents.of(customer.account_id)) == 1
    again = _add(token, key)
    assert (again.status, again.text) == (201, done[0].text)
    assert len(dependents.of(customer.account_id)) == 1


@pytest.mark.parametrize(("place", "fault"), befallings(REQUESTS, BEFALLING))
def test_after_any_fault_the_same_key_brings_it_to_its_end_once(place: int, fault: Fault) -> None:
    customer = make_customer()
    token, key = customer_token(customer), uuid.uuid4().hex
    with wire(retries=False) as wired:
        wired.faults[place] = fault
        _add(token, key)
        # Were this place never reached, the case would show nothing.
        assert len(wired.sent) > place
    # Longer than a function lives: the first try is dead by then.
    with clock.set_to(clock.now() + timedelta(seconds=40)):
        again = _add(token, key)
        assert again.status == 201, again.text
        assert _add(token, key).text == again.text
    (only,) = dependents.of(customer.account_id)
    assert only.id == again.json["id"]


def test_the_sdks_own_retry_of_the_claim_is_the_same_try() -> None:
    token, keys = customer_token(make_customer()), [uuid.uuid4().hex for _ in range(3)]
    # The first request of a customer also makes their data key.
    _add(token, keys[0])
    with wire(retries=False) as wired:
        _add(token, keys[1])
    claim = wired.sent.index("PutItem")
    with wire(retries=True) as wired:
        wired.faults[claim] = Fault.ANSWER_LOST
        answer = _add(token, keys[2])
    assert wired.sent[claim : claim + 2] == ["PutItem", "PutItem"]
    assert answer.status == 201, answer.text
    assert _add(token, keys[2]).text == answer.text
