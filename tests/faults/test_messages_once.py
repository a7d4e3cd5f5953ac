"""A message is sent once: when it comes twice, when many workers have it, and when a worker dies on the way."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

import app
from chalicelib import clock
from chalicelib.clients import aws
from chalicelib.clients.bus import Published
from chalicelib.clients.messages import Channel
from chalicelib.domain.access import deliveries
from chalicelib.domain.customer_notices import runs
from chalicelib.domain.customer_notices.wording import Kind
from chalicelib.domain.events import events
from chalicelib.identifiers import new_id
from chalicelib.table import keys
from chalicelib.table.items import Account, Category
from chalicelib.vocabulary.events import EventStatus
from chalicelib.vocabulary.messages import Fact
from infra.local.outbox import Outbox
from tests.support import deaths, event_states, notices, purchases
from tests.support.deaths import LIFE
from tests.support.factories import make_customer
from tests.support.notices import chooses
from tests.support.settings import configured
from tests.support.streams import StreamReader
from tests.support.wire import Fault, wire

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("test_messages_once"), pytest.mark.timeout(900)]
WORKERS = 32
ADDRESSES = {Channel.EMAIL: "a@example.com", Channel.SMS: "+923001234567"}


@pytest.fixture
def outbox() -> Iterator[Outbox]:
    aws.client.cache_clear()
    kept = Outbox().attach()
    yield kept
    kept.detach()
    aws.client.cache_clear()


def message(channel: Channel, *, is_code: bool = False) -> dict[str, Any]:
    made = {"message_id": new_id("msg"), "channel": channel, "to": ADDRESSES[channel], "body": new_id("text")}
    return {**made, "subject": "s" if channel is Channel.EMAIL else None, "decoy": is_code}


def take(*bodies: dict[str, Any]) -> int:
    """Give the worker a batch of these; return how many come again."""
    records = [{"messageId": f"m{n}", "body": json.dumps(body)} for n, body in enumerate(bodies)]
    return len(app.messages({"Records": records}, None)["batchItemFailures"])


def sent(outbox: Outbox, body: dict[str, Any]) -> int:
    return len([one for one in outbox.messages(body["to"]) if one["body"] == body["body"]])


@pytest.mark.parametrize("channel", Channel)
def test_a_message_that_comes_twice_is_sent_once(outbox: Outbox, channel: Channel) -> None:
    body = message(channel)
    assert take(body, body) == 0
    with clock.set_to(clock.now() + timedelta(days=13)):
        assert take(body) == 0
    assert sent(outbox, body) == 1


def test_a_message_whose_claim_the_sdk_repeats_is_sent_at_once(outbox: Outbox) -> None:
    body = message(Channel.EMAIL)
    with wire(retries=True) as wired:
        wired.faults[0] = Fault.ANSWER_LOST
        assert take(body) == 0
    assert wired.sent[:2] == ["UpdateItem", "UpdateItem"]
    assert sent(outbox, body) == 1


@pytest.mark.parametrize("channel", Channel)
def test_of_many_workers_with_one_message_one_sends_it(outbox: Outbox, channel: Channel) -> None:
    body = message(channel)
    with ThreadPoolExecutor(WORKERS) as workers:
        left = list(workers.map(lambda _: take(body), range(WORKERS)))
    assert sent(outbox, body) == 1
    # A worker that met the claim of another is given its copy again, and drops it then.
    assert sum(left) < WORKERS
    assert take(body) == 0
    assert sent(outbox, body) == 1


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_dies_anywhere_loses_no_message(outbox: Outbox, channel: Channel, after: bool) -> None:
    with deaths.mortal():
        requests = deaths.requests_of(lambda: take(message(channel)))
        for place in deaths.deaths(requests, after=after):
            body = message(channel)
            deaths.dying(partial(take, body), place=place, after=after)
            at_death = sent(outbox, body)
            # Another worker gets it soon: it may not send what the dead one may be sending.
            take(body)
            assert sent(outbox, body) <= 1, place
            LIFE.offset = deliveries.CLAIMED_FOR + timedelta(seconds=1)
            try:
                assert take(body, body) == 0
                assert take(body) == 0
            finally:
                LIFE.offset = timedelta(0)
            # Only one that died after the service had the message, and before that was stored, repeats it.
            assert sent(outbox, body) in ((1, 2) if at_death else (1,)), place


@pytest.mark.parametrize("channel", Channel)
def test_a_message_that_the_service_refuses_is_sent_when_it_comes_again(outbox: Outbox, channel: Channel) -> None:
    body = message(channel)
    client = aws.client("sns" if channel is Channel.SMS else "ses")
    event = f"before-send.{'sns.Publish' if channel is Channel.SMS else 'ses.SendEmail'}"

    def fail(**_: Any) -> None:
        raise ReadTimeoutError(endpoint_url="")

    client.meta.events.register_first(event, fail)
    assert take(body) == 1
    client.meta.events.unregister(event, fail)
    assert sent(outbox, body) == 0
    assert take(body) == 0
    assert sent(outbox, body) == 1


class TestNotices:
    """Notices to customers, whose workers die at each of their requests."""

    def buyer(self) -> tuple[Account, str]:
        address = f"{new_id('mail').lower()}@example.com"
        return chooses(make_customer(), email=address), address

    def buy(self, customer: Account, category: Category) -> dict[str, Any]:
        """Buy a ticket; return the fact of it, as its queue has it."""
        order = purchases.book(customer, category)
        purchases.pay(order)
        ids = {"order_id": order.order_id}
        return notices.envelopes([Published(Fact.ORDER_PAID, order.order_id, clock.now(), ids)])

    @pytest.mark.parametrize("after", [False, True])
    def test_a_purchase_is_mailed_once(self, outbox: Outbox, after: bool) -> None:
        category = purchases.make_show()[1]
        with deaths.mortal():
            fact = self.buy(self.buyer()[0], category)
            requests = deaths.requests_of(lambda: app.alerts(fact, None))
            for place in deaths.deaths(requests, after=after):
                customer, address = self.buyer()
                fact = self.buy(customer, category)
                deaths.dying(partial(app.alerts, fact, None), place=place, after=after)
                at_death = len(outbox.messages(address))
                LIFE.offset = deliveries.CLAIMED_FOR + timedelta(seconds=1)
                try:
                    for _ in range(3):
                        assert app.alerts(fact, None) == {"batchItemFailures": []}
                finally:
                    LIFE.offset = timedelta(0)
                assert len(outbox.messages(address)) in ((1, 2) if at_death else (1,)), place

    def test_a_run_whose_workers_die_reaches_each_customer_once(self, outbox: Outbox) -> None:
        event, category = purchases.make_show()
        addresses = set()
        stream = StreamReader()
        for _ in range(5):
            customer, address = self.buyer()
            self.buy(customer, category)
            addresses.add(address)
        stream.drain()
        kept = keys.customers.notice_run(new_id("job"))
        event_states.put_into(event.event_id, EventStatus.CANCELLED)
        cancelled = events.get(event.event_id)
        runs.begin(cancelled, Kind.CANCELLED, fact_id=kept.pk)
        runs.begin(cancelled, Kind.CANCELLED, fact_id=kept.pk)
        (job_id,) = notices.due_runs(event.event_id)
        step = {"Records": [{"messageId": "j", "body": json.dumps({"job_id": job_id})}]}
        with configured(LIMIT_NOTICES_AT_ONCE=2), deaths.mortal():
            for place in range(9):
                deaths.dying(partial(app.jobs, step, None), place=place, after=bool(place % 2))
            notices.run(job_id)
        notices.send_waiting(times=2)
        told = [one["to"] for one in outbox.messages() if one["to"] in addresses]
        assert sorted(told) == sorted(addresses)


def test_a_decoy_claims_nothing_and_is_never_sent(outbox: Outbox) -> None:
    body = message(Channel.SMS, is_code=True)
    with deaths.mortal():
        assert deaths.requests_of(lambda: take(body)) == 0
    assert sent(outbox, body) == 0
