"""What typed attributes read, write and refuse; the stored format is that of all earlier runs."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pynamodb.expressions.condition import Condition

from chalicelib.table import keys, operations
from chalicelib.table.items import CardBalance, Order, Scan, Ticket
from chalicelib.vocabulary.gate import Direction, Reason
from chalicelib.vocabulary.payments import OrderStatus

MOMENT = datetime(2026, 11, 21, 8, 30, 0, 250_000, UTC)


def order(**attributes: Any) -> Order:
    return Order(
        *keys.sale.order("ord_1"),
        order_id="ord_1",
        customer_id="cus_1",
        event_id="evt_1",
        status="reserved",
        items=[],
        tickets=[],
        total=300,
        currency="PKR",
        created_at=MOMENT,
        expires_at=MOMENT,
        **attributes,
    )


def values_of(condition: Condition) -> list[Any]:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    condition.serialize(names, values)
    return list(values.values())


def test_numbers_words_and_moments_keep_the_stored_format() -> None:
    raw = operations.put(order(closed_at=MOMENT)).arguments["Item"]
    assert raw["total"] == {"N": "300"}
    assert raw["status"] == {"S": "reserved"}
    assert raw["closed_at"] == {"S": "2026-11-21T08:30:00.250Z"}


def test_what_is_read_has_the_type_that_the_domain_works_with() -> None:
    read = Order.from_raw_data(operations.put(order(closed_at=MOMENT)).arguments["Item"])
    assert (read.total, type(read.total)) == (300, int)
    assert read.status is OrderStatus.RESERVED
    assert read.closed_at == MOMENT


def test_an_attribute_that_may_be_absent_reads_none_and_is_not_stored() -> None:
    balance = CardBalance(*keys.money.card_balance("04A1"), uid="04A1", currency="PKR")
    raw = operations.put(balance).arguments["Item"]
    assert {"auto_threshold", "auto_amount"} & set(raw) == set()
    read = CardBalance.from_raw_data(raw)
    assert (read.auto_threshold, read.amount) == (None, 0)
    assert Scan(reason=None).reason is None


def test_a_word_given_as_text_is_kept_as_the_word() -> None:
    assert order().status is OrderStatus.RESERVED
    written = order()
    written.status = "paid"
    assert written.status is OrderStatus.PAID


@pytest.mark.parametrize("unknown", ["Paid", "", "gone"])
def test_a_word_that_the_vocabulary_lacks_is_neither_written_nor_read(unknown: str) -> None:
    with pytest.raises(ValueError, match="OrderStatus"):
        order().status = unknown
    with pytest.raises(ValueError, match="OrderStatus"):
        values_of(Order.status == unknown)
    raw = operations.put(order()).arguments["Item"] | {"status": {"S": unknown}}
    with pytest.raises(ValueError, match="OrderStatus"):
        Order.from_raw_data(raw)


def test_a_number_that_is_not_whole_is_not_written() -> None:
    with pytest.raises(ValueError, match="'d'"):
        operations.put(order(fee=0.5))


def test_conditions_and_actions_take_the_typed_values() -> None:
    assert values_of(Order.status == OrderStatus.PAID) == [{"S": "paid"}]
    assert values_of(Order.status.is_in(OrderStatus.PAID, OrderStatus.EXPIRED)) == [{"S": "paid"}, {"S": "expired"}]
    assert values_of(Scan.reason == Reason.CLOSED) == [{"S": "closed"}]
    assert values_of(Order.total >= 3) == [{"N": "3"}]
    actions = [Order.status.set(OrderStatus.PAID), Order.total.add(-2), Order.fee.set(Order.fee + 1)]
    sent = operations.change(keys.sale.order("ord_1"), actions).arguments
    assert sorted(map(str, sent["ExpressionAttributeValues"].values())) == [
        "{'N': '-2'}",
        "{'N': '1'}",
        "{'S': 'paid'}",
    ]


def test_setting_none_removes_what_may_be_absent() -> None:
    sent = operations.change(keys.money.card_balance("04A1"), [CardBalance.auto_amount.set(None)]).arguments
    assert sent["UpdateExpression"].startswith("REMOVE")


@pytest.mark.usefixtures("moto_cloud")
def test_a_table_returns_what_was_written() -> None:
    ticket = Ticket(
        *keys.tickets.ticket("tkt_1"),
        ticket_id="tkt_1",
        event_id="evt_1",
        number="1",
        holder_name="Ayesha",
        status="valid",
        issued_at=MOMENT,
        admission={"scan_id": "s", "caller_id": "c", "log_id": "l", "decided_at": MOMENT, "direction": Direction.EXIT},
    )
    operations.record(operations.put(ticket))
    more = [Ticket.credential.add(2), Ticket.price.set(150)]
    operations.record(operations.change(ticket.place, more, Ticket.credential == 1))
    read = operations.get(ticket.place)
    assert read is not None
    assert (read.credential, read.price) == (3, 150)
    assert read.admission.direction is Direction.EXIT
    assert read.admission.remaining is None
