"""`make relist`: rows from before a list was declared get their entries, also where the command was killed."""

from pathlib import Path
from typing import Any

import pytest

from chalicelib.domain.events import venues
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.venues import VENUES
from chalicelib.table import keys, operations
from chalicelib.table.items import Order
from chalicelib.vocabulary.campus import CampusRole, EvidenceFlag
from infra import relist
from tests.support import commands
from tests.support.attended import attend
from tests.support.campus import make_campus, make_campus_event, make_campus_user, token_of
from tests.support.client import call
from tests.support.factories import make_customer
from tests.support.meanwhile import failing
from tests.support.purchases import book, make_show
from tests.support.settled import buy
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")


def test_rows_without_entries_are_listed_and_a_killed_command_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"Hall {n}" for n in range(5)]
    for name in names:
        venues.add(name=name)
    arguments = ["--table", "gatehouse", "--mark", str(tmp_path / "mark.json"), "--limit", "2", "--units", "100000"]
    seen = 0

    def killed() -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), failing("Scan", act=killed):
        commands.run(relist.main, arguments)
    assert (tmp_path / "mark.json").exists()
    assert commands.run(relist.main, arguments) == 0
    assert [each.name for each in pages.page(VENUES, Asked(caller_id="adm_1")).results] == names
    assert not (tmp_path / "mark.json").exists()
    assert capsys.readouterr().out.endswith("done\n")


def test_a_damaged_row_is_named_and_the_others_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["Hall 1", "Hall 2"]
    for name in names:
        venues.add(name=name)
    client: Any = operations.client()
    odd = {"pk": {"S": "VENUE#ven_odd"}, "sk": {"S": "VENUE"}, "kind": {"S": "venue"}, "name": {"N": "1"}}
    client.put_item(TableName="gatehouse", Item=odd)
    arguments = ["--table", "gatehouse", "--mark", str(tmp_path / "mark.json"), "--units", "100000"]
    assert commands.run(relist.main, arguments) == 1
    shown = capsys.readouterr()
    assert shown.out.endswith("done\n")
    assert "1 item was left out: venue VENUE#ven_odd VENUE." in shown.err
    assert [each.name for each in pages.page(VENUES, Asked(caller_id="adm_1")).results] == names


def test_orders_from_before_their_indexes_are_found_by_customer_and_event(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, category = make_show()
    paid, reserved = buy(category), book(make_customer(), category)
    lacking = {paid.order_id: [*Order.in_gsi1(None), *Order.in_gsi2(None)], reserved.order_id: Order.in_gsi1(None)}
    due = stored(reserved).gsi2pk
    for order_id, actions in lacking.items():
        operations.record(operations.change(keys.sale.order(order_id), actions))
    arguments = ["--table", "gatehouse", "--mark", str(tmp_path / "mark.json"), "--units", "100000"]
    assert commands.run(relist.main, arguments) == 0
    assert "2 missing keys and copies" in capsys.readouterr().out
    for order in (paid, reserved):
        partition = keys.sale.customer_orders(order.customer_id).pk
        assert [raw["gsi1sk"]["S"] for raw in operations.query(partition, index="gsi1")] == [order.order_id]
    # What a cancellation of the event pays back.
    partitions = keys.sale.event_order_partitions(paid.event_id)
    assert [raw["gsi2sk"]["S"] for each in partitions for raw in operations.query(each, index="gsi2")] == [
        paid.order_id
    ]
    assert stored(reserved).gsi2pk == due
    assert commands.run(relist.main, arguments) == 0
    assert "0 missing keys and copies" in capsys.readouterr().out


def stored(order: Order) -> Order:
    found = operations.get(keys.sale.order(order.order_id))
    assert found is not None
    return found


def test_flagged_records_from_before_their_campus_had_copies_are_among_its_anomalies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campus, stream = make_campus(), StreamReader()
    organizer, admin = (make_campus_user(campus, role=role) for role in (CampusRole.ORGANIZER, CampusRole.ADMIN))
    record = attend(make_campus_event(campus, organizer), "usr_t", flags={EvidenceFlag.IMPOSSIBLE_TRAVEL: {}})
    stream.drain()
    scope, day = keys.campus_analytics.of_campus(campus.campus_id), record.submitted_at.date().isoformat()
    copy = keys.campus_analytics.flagged(scope, day, record.attendance_id)
    operations.record(operations.remove(copy))
    path = f"/api/campus/analytics/anomaly-detection/?campus_id={campus.campus_id}"
    assert call("GET", path, token=token_of(admin)).json["flagged_examined"] == 0
    arguments = ["--table", "gatehouse", "--mark", str(tmp_path / "mark.json"), "--units", "100000"]
    for missing, found in ((1, 1), (0, 1)):
        assert commands.run(relist.main, arguments) == 0
        assert f"{missing} missing keys and copies" in capsys.readouterr().out
        assert call("GET", path, token=token_of(admin)).json["flagged_examined"] == found
