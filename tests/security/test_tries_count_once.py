"""A write whose answer is lost is sent again by the SDK: no try counts twice for that, under any limit."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.clients.messages import Channel, Message
from chalicelib.domain.access import limits, sms, throttle
from chalicelib.domain.access.limits import Budget
from chalicelib.domain.access.throttle import Streak
from chalicelib.errors import RateLimited
from chalicelib.identifiers import new_id
from chalicelib.table import operations
from chalicelib.table.items import Throttle
from chalicelib.vocabulary.access import OtpPurpose
from tests.portals.organizer.test_drafts import create
from tests.security.test_limits_never_lock_the_owner import NUMBER, OWNER, START, USERS, begun_log_in, show, wrong
from tests.support.client import call
from tests.support.codes import code_for
from tests.support.factories import make_organizer, token_of, unused_number
from tests.support.meanwhile import failing
from tests.support.settings import configured

pytestmark = pytest.mark.usefixtures("moto_cloud")
_WRITES = ("PutItem", "UpdateItem", "DeleteItem")


@contextmanager
def each_write_sent_twice() -> Iterator[list[str]]:
    """Have the SDK repeat each single write that has succeeded, as it does where the answer is lost."""
    repeated: list[str] = []

    def repeat(response: Any, operation: Any, attempts: int, **_: Any) -> Any:
        if operation.name not in _WRITES or attempts > 1 or response is None or response[0].status_code != 200:
            return None
        repeated.append(operation.name)
        return 0.0

    events: Any = operations.client().meta.events
    events.register_first("needs-retry.dynamodb", repeat)
    try:
        yield repeated
    finally:
        events.unregister("needs-retry.dynamodb", repeat)


def _tried(budget: Budget, whom: str) -> int:
    counter = operations.get(throttle.window_place(budget.name, whom, budget.window)[0])
    return counter.tries if counter else 0


@pytest.mark.parametrize("budget", limits.BUDGETS, ids=lambda budget: budget.name)
def test_the_last_try_of_each_limit_counts_once(budget: Budget) -> None:
    whom = new_id("who")
    with clock.set_to(START), each_write_sent_twice() as repeated:
        if budget.allowed > 1:
            throttle.tally(budget.name, whom, budget.window, by=budget.allowed - 1)
        budget.take(whom)
        assert _tried(budget, whom) == budget.allowed
        with pytest.raises(RateLimited):
            budget.take(whom)
        sliding = budget.of(whom)
        for _ in range(min(3, sliding.limit)):
            throttle.slide(sliding)
        kept = operations.get(sliding.place)
        assert kept is not None
        assert len(kept.moments or []) == min(3, sliding.limit)
    assert "UpdateItem" in repeated
    assert "PutItem" in repeated


def test_wrong_codes_in_a_row_count_once_also_the_first_of_the_next_row() -> None:
    row = Streak("test", new_id("who"), 2, limits.WRONG_CODES_IN_A_ROW.window, "wrong codes")
    with each_write_sent_twice():
        for _ in range(2):
            row.take()
        with pytest.raises(RateLimited):
            row.take()
        with clock.set_to(clock.now() + row.cool_down):
            for _ in range(2):
                row.take()
            with pytest.raises(RateLimited):
                row.take()


@pytest.mark.usefixtures("one_window")
def test_an_sms_counts_once_for_its_hour() -> None:
    number = unused_number()
    with configured(SMS_IN_ALL=5, SMS_PER_COUNTRY=5), each_write_sent_twice():
        # Two of five are for the codes that anybody can ask for.
        for _ in range(2):
            sms.take_code(OtpPurpose.RESET, "PK")
        with pytest.raises(RateLimited):
            sms.take_code(OtpPurpose.RESET, "PK")
        kept = sms.admit(Message("msg_1", Channel.SMS, number, "hello", is_code=True))
    assert kept is not None


@pytest.mark.parametrize("by_number", [False, True])
def test_the_fifth_try_at_a_code_is_the_owners(by_number: bool) -> None:
    with clock.set_to(START):
        challenge, code = begun_log_in()
        named = {"mobile_number": NUMBER} if by_number else {"challenge_id": challenge}
        with each_write_sent_twice() as repeated:
            assert [show(wrong(code), OWNER, **named).code for _ in range(4)] == ["OTP_INVALID"] * 4
            right = show(code, OWNER, **named)
        assert right.status == 200, right.text
    assert repeated


@contextmanager
def late_copies() -> Iterator[list[dict[str, Any]]]:
    """Collect each single update as it was sent, to arrive a second time once everything is answered."""
    sent: list[dict[str, Any]] = []

    def collect(params: dict[str, Any], **_: Any) -> None:
        sent.append(copy.deepcopy(params))

    events: Any = operations.client().meta.events
    events.register_first("before-parameter-build.dynamodb.UpdateItem", collect)
    try:
        yield sent
    finally:
        events.unregister("before-parameter-build.dynamodb.UpdateItem", collect)


@pytest.mark.parametrize("by_number", [False, True])
@pytest.mark.parametrize("is_sent_again", [False, True], ids=["one code", "sent again"])
def test_a_try_that_arrives_late_a_second_time_counts_once(*, by_number: bool, is_sent_again: bool) -> None:
    with clock.set_to(START):
        challenge, code = begun_log_in()
        named = {"mobile_number": NUMBER} if by_number else {"challenge_id": challenge}
        with late_copies() as sent:
            assert [show(wrong(code), OWNER, **named).code for _ in range(4)] == ["OTP_INVALID"] * 4
        if is_sent_again:
            assert call("POST", f"{USERS}/resend-otp/", {"challenge_id": challenge}, address=OWNER).status == 202
            code = code_for(NUMBER)
            assert [show(wrong(code), OWNER, **named).code for _ in range(4)] == ["OTP_INVALID"] * 4
        client: Any = operations.client()
        for update in sent:
            with suppress(client.exceptions.ConditionalCheckFailedException):
                client.update_item(**update)
        right = show(code, OWNER, **named)
    assert sent
    assert right.status == 200, right.text


@pytest.mark.usefixtures("one_window")
def test_a_draft_counts_once_for_its_day_and_none_that_was_not_stored() -> None:
    token = token_of(make_organizer())
    with configured(LIMIT_DRAFTS_A_DAY=2):
        with failing("TransactWriteItems"):
            assert create(token).status == 503
        with each_write_sent_twice():
            assert [create(token).status for _ in range(3)] == [201, 201, 429]


def test_a_counter_keeps_only_the_newest_marks() -> None:
    whom, window = new_id("who"), limits.CODES_FROM_ADDRESS.window
    with clock.set_to(START):
        place, _ = throttle.window_place("test", whom, window)
        old = {f"{n:020}" for n in range(31)}
        operations.record(operations.change(place, [Throttle.counted_by.set(old), Throttle.kind.set(Throttle)]))
        assert [throttle.tally("test", whom, window) for _ in range(2)] == [1, 2]
    counter = operations.get(place)
    assert counter is not None
    kept = set(counter.counted_by or ())
    assert len(kept) == 17
    assert len(kept - old) == 2
