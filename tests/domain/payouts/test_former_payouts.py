"""Payouts of a release that did not send them: scheduled, and in no index of what is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.table import keys, operations
from chalicelib.table.items import Payout, SweepMark
from chalicelib.vocabulary.payouts import PayoutStatus
from chalicelib.workers import schedules
from infra.rebuild.upgrade import Upgrade
from tests.support import paid_out, settled
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def closed() -> Payout:
    event, standard, _ = settled.make_evening(paid_out.make_payee())
    settled.buy(standard, 2)
    StreamReader().drain()
    assert paid_out.close_after(event).status == 201
    return paid_out.of_event(event.event_id)


def make_former(payout: Payout) -> None:
    """Give a payout the shape that it had before the sweep sent payouts."""
    gone = ("gsi2pk", "gsi2sk", "shape", "asked_by", "revision", "needs_second")
    client: Any = operations.client()
    client.update_item(
        TableName="gatehouse",
        Key={"pk": {"S": payout.pk}, "sk": {"S": payout.sk}},
        UpdateExpression="REMOVE " + ", ".join(f"#{name}" for name in gone),
        ExpressionAttributeNames={f"#{name}": name for name in gone},
    )


def upgrade() -> Upgrade:
    job = Upgrade(operations.client(), "gatehouse")
    client: Any = operations.client()
    job.take(client.scan(TableName="gatehouse")["Items"])
    return job


@pytest.mark.parametrize("days_late", [0, 30])
def test_a_scheduled_payout_of_a_former_release_is_sent_once_it_is_upgraded(days_late: int) -> None:
    payout = closed()
    make_former(payout)
    day = datetime.fromisoformat(payout.scheduled_for).replace(tzinfo=UTC)
    minute = day + timedelta(days=days_late)
    operations.record(operations.put(SweepMark(*keys.jobs.sweep_mark("due"), minute=keys.jobs.minute(minute))))
    with clock.set_to(minute + timedelta(minutes=1)):
        schedules.sweep()
    assert paid_out.stored(payout.payout_id).status == PayoutStatus.SCHEDULED
    with clock.set_to(day + timedelta(days=days_late) if days_late else payout.created_at):
        assert upgrade().written == 1
        assert upgrade().former == 0
        paid_out.sweep(payout.payout_id)
    assert paid_out.stored(payout.payout_id).status == PayoutStatus.PROCESSING


@pytest.mark.parametrize("status", [PayoutStatus.ON_HOLD, PayoutStatus.PAID])
def test_one_that_is_held_or_paid_becomes_due_by_no_upgrade(status: PayoutStatus) -> None:
    payout = closed()
    make_former(payout)
    operations.record(operations.change(keys.money.payout(payout.payout_id), [Payout.status.set(status)]))
    upgrade()
    after = paid_out.stored(payout.payout_id)
    assert (after.status, after.is_due, after.shape) == (status, False, 2)
