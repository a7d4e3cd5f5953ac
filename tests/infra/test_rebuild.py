"""`make rebuild`: what is made again of a table with something of everything equals what the stream had made."""

import copy as copies
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import app
from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.campus.analytics import figures_of_all
from chalicelib.domain.campus.analytics.counted_as import RecordStanding
from chalicelib.table import items, keys, operations
from chalicelib.table.families import FAMILIES, Family, kind_of
from chalicelib.table.items import CampusProfile, Counters, Item, Scan, Ticket
from chalicelib.vocabulary.campus import CampusRole
from chalicelib.vocabulary.events import EventStatus
from chalicelib.workers import stream as worker
from infra.local.console import CannotStart
from infra.rebuild import __main__ as command
from infra.rebuild import comparing, followers
from infra.rebuild.marks import Sums
from infra.rebuild.resetting import Reset
from infra.rebuild.walk import Walk
from tests.support import cloud, event_states, everything, ground
from tests.support.attended import attend
from tests.support.campus import make_campus, make_campus_event, make_campus_user
from tests.support.client import call
from tests.support.factories import make_event, make_organizer, make_ticket, scan_id, usher_token
from tests.support.meanwhile import failing
from tests.support.purchases import make_show
from tests.support.settled import buy, give_back, make_evening
from tests.support.streams import StreamReader

ORIGINAL = "gatehouse-original"


def walk(table: str = "gatehouse") -> Walk:
    return Walk(operations.client(), table, segments=1, threads=1, units=10**9)


def whole(table: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    walk(table).run("read", found.extend)
    return found


def copy(source: str, target: str) -> None:
    client: Any = operations.client()
    cloud.create_table(client, target)
    for raw in whole(source):
        client.put_item(TableName=target, Item=raw)


def differing() -> list[comparing.Difference]:
    return list(comparing.differences(comparing.read(walk(ORIGINAL)), comparing.read(walk())))


def in_a_later_release(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last record of each kind with attributes that this release does not know, and one of another kind."""
    by_kind = {record["dynamodb"].get("NewImage", {}).get("kind", {}).get("S"): record for record in records}
    found = [by_kind[kind] for kind in by_kind if kind is not None]
    assert len(found) > 40
    later = {"of_tomorrow": {"M": {"deep": {"L": [{"S": "?"}]}}}, "shape": {"N": "99"}}
    for record in found:
        for image in ("NewImage", "OldImage"):
            if image in record["dynamodb"]:
                record["dynamodb"][image] |= later
    unknown = copies.deepcopy(found[0])
    unknown["dynamodb"]["NewImage"] |= {"kind": {"S": "of_tomorrow"}}
    unknown["dynamodb"].pop("OldImage", None)
    return [*found, unknown]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Any]:
    """Run the command on the table of the tests, whose environment it sets."""

    def main(*arguments: str) -> int:
        fixed = ["--stage", "test", "--table", "gatehouse", "--threads", "1", "--units", "1000000000"]
        return command.main([*fixed, "--segments", "3", "--mark", str(tmp_path / "mark.json"), *arguments])

    with ground.environment():
        yield main
    config.cache_clear()


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.by_day
def test_a_rebuilt_copy_equals_its_original(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stream = StreamReader()
    again = stream.fork()
    everything.fill(stream)
    # One scan on a page differs from what its ticket says, as after a merge: it stays, and its page is made again.
    paged = [raw for raw in whole("gatehouse") if raw["kind"]["S"] == "scan" and "gsi1pk" not in raw]
    moved = Scan(paged[-1]["pk"]["S"], paged[-1]["sk"]["S"]).place
    operations.record(operations.change(moved, [Scan.principal_name.set("Another")]))
    copy("gatehouse", ORIGINAL)
    of_tomorrow = in_a_later_release(again.read())
    assert app.stream({"Records": of_tomorrow}, None) == {"batchItemFailures": []}
    assert app.live({"Records": of_tomorrow}, None) == {"batchItemFailures": []}
    assert differing() == []
    kinds = {raw["kind"]["S"] for raw in whole(ORIGINAL)}
    made = {kind_of(cls) for cls, row in FAMILIES.items() if row.family is Family.PROJECTION}
    # What the demo and the doors above have none of.
    assert made - kinds == {"open_conflicts", "recent_act"}

    client: Any = operations.client()
    client.delete_item(TableName="gatehouse", Key={"pk": paged[0]["pk"], "sk": paged[0]["sk"]})
    event_id = paged[0]["event_id"]["S"]
    operations.record(operations.change(keys.gate.counters(event_id), [Counters.admitted.set(99)]))
    damaged = [(each.kind, each.what) for each in differing()]
    assert sorted(damaged) == [("counters", "other"), ("scan", "missing")]

    assert run() == 1  # it has a stream
    # A reader that counts beside the reset leaves totals wrong for good, so the way out begins with the readers.
    refused = capsys.readouterr().err
    assert refused.index("--no-enabled") < refused.index("--in-place") < refused.index("on again")
    assert run("--dry-run") == 0
    assert len(differing()) == len(damaged)
    seen = 0

    def killed() -> None:
        nonlocal seen
        seen += 1
        if seen == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), failing("Scan", act=killed):
        run("--in-place")
    assert differing() != []
    assert run("--in-place", "--compare", ORIGINAL) == 0
    assert capsys.readouterr().out.endswith(f"0 differences from {ORIGINAL}\n")


@pytest.mark.usefixtures("moto_cloud")
def test_a_customer_whose_tickets_are_gone_is_no_difference(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stream = StreamReader()
    _, standard, _ = make_evening(make_organizer())
    order, kept = buy(standard), buy(standard)
    stream.drain()
    give_back(order)
    while stream.drain():
        pass
    copy("gatehouse", ORIGINAL)
    assert run("--in-place", "--compare", ORIGINAL) == 0, capsys.readouterr().out
    # A visit that says something is missed.
    operations.remove_many([keys.customers.visit(kept.customer_id, kept.event_id)])
    assert [(each.kind, each.what) for each in differing()] == [("visit", "missing")]


def _open_gate() -> tuple[Any, str]:
    event = make_event(gates=["North", "South"])
    return event, usher_token(event)


def _scan(event: Any, token: str, *, name: str = "Guest Khan") -> str:
    ticket = make_ticket(event, name=name)
    for _ in range(2):  # the second is refused
        shown = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "gate": "North"}
        assert call("POST", "/api/usher/scan/result/", shown, token=token).status == 200
    return ticket.ticket_id


def _lose(kinds: set[str]) -> int:
    """Delete every second row of these kinds; return how many."""
    lost = [operations.key_of(raw) for raw in whole("gatehouse") if raw["kind"]["S"] in kinds][::2]
    return operations.remove_many(lost)


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.by_day
def test_a_table_in_use_catches_up_with_what_its_stream_never_read(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = StreamReader()
    event, token = _open_gate()
    known = _scan(event, token)
    organizer = make_organizer()
    first, standard, _ = make_evening(organizer)
    buy(standard)
    returned = buy(standard)
    stream.drain()
    # An hour whose records the stream's function never sees, and rows that are gone.
    _scan(event, token, name="Ayesha Lost Malik")
    _, more, _ = make_evening(organizer)
    buy(more, 2)
    give_back(buy(standard))
    give_back(returned)
    event_states.put_into(first.event_id, EventStatus.ENDED)
    stream.skip()
    assert _lose({"list_entry", "list_word", "attendee_word"}) > 3

    walked = 0

    def meanwhile() -> None:
        """Go on with the evening: what is sold and scanned now is read by the stream and by the command."""
        nonlocal walked
        walked += 1
        if walked == 4:
            _scan(event, token, name="Bilal Now Khan")
            buy(more)
            stream.drain()

    with failing("Scan", act=meanwhile):
        assert run("--way", "catch-up", "--page", "9") == 0
    assert walked > 5
    said = capsys.readouterr().out
    assert "removed" not in said
    assert "reset" not in said
    # The stream reads the records of what the command wrote, and delivers an hour twice.
    again = stream.fork()
    stream.drain()
    StreamReader.drain(again)
    assert operations.get(keys.tickets.ticket(known)) is not None

    counted = operations.get(keys.gate.counters(event.event_id))
    assert counted is not None
    assert (counted.admitted, counted.scans) == (3, 6)
    # The whole way is the measure: from the base items alone it makes the same.
    copy("gatehouse", ORIGINAL)
    assert run("--in-place", "--compare", ORIGINAL) == 0, capsys.readouterr().out


DAMAGED = (
    {"pk": {"S": "TICKET#tkt_odd"}, "sk": {"S": "TICKET"}, "kind": {"S": "ticket"}},
    {"pk": {"S": "SCAN#odd"}, "sk": {"S": "SCAN#tkt_odd"}, "kind": {"S": "scan"}, "scan_id": {"S": "scn_odd"}},
    {"pk": {"S": "MARK#odd"}, "sk": {"S": "MARK"}, "kind": {"S": "counted_attendance"}},
)


@pytest.mark.usefixtures("moto_cloud")
@pytest.mark.parametrize("way", [("--in-place",), ("--way", "catch-up")])
def test_a_damaged_item_is_named_and_keeps_no_other_from_being_rebuilt(
    way: tuple[str, ...], run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stream = StreamReader()
    event, token = _open_gate()
    _scan(event, token, name="Ayesha Lost Malik")
    _, standard, _ = make_evening(make_organizer())
    buy(standard, 2)
    while stream.drain():
        pass
    copy("gatehouse", ORIGINAL)
    assert _lose({"list_entry", "list_word", "attendee_word"}) > 1
    client: Any = operations.client()
    for raw in DAMAGED:
        client.put_item(TableName="gatehouse", Item=raw)
    # In small pages, in whole ones, and after a kill.
    with pytest.raises(KeyboardInterrupt), failing("Scan", act=_stopped_after(30)):
        run(*way, "--page", "2")
    capsys.readouterr()
    assert run(*way) == 1
    shown = capsys.readouterr().err
    named = shown.splitlines()[-1]
    assert named.startswith(f"{2 if 'catch-up' in way else 3} items were left out: ")
    assert all(odd in named for odd in ("ticket TICKET#tkt_odd TICKET", "scan SCAN#odd SCAN#tkt_odd"))
    for raw in DAMAGED:
        client.delete_item(TableName="gatehouse", Key={name: raw[name] for name in ("pk", "sk")})
    assert differing() == []
    assert run(*way, "--compare", ORIGINAL) == 0, capsys.readouterr()


@pytest.mark.usefixtures("moto_cloud")
def test_many_items_that_cannot_be_taken_are_a_fault_of_the_code(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    client: Any = operations.client()
    for number in range(102):
        odd = {"pk": {"S": f"TICKET#tkt_{number}"}, "sk": {"S": "TICKET"}, "kind": {"S": "ticket"}}
        client.put_item(TableName="gatehouse", Item=odd)
    with pytest.raises(CannotStart, match="Over 100 items"):
        run("--in-place")
    assert "left out ticket TICKET#tkt_7 TICKET: " in capsys.readouterr().err


def _stopped_after(reads: int) -> Callable[[], None]:
    left = iter(range(reads))

    def act() -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return act


@pytest.mark.usefixtures("moto_cloud")
def test_a_name_that_a_ticket_lost_unread_leaves_the_table(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    stream, event = StreamReader(), make_event()
    renamed, kept = make_ticket(event, name="Ayesha Lost Malik"), make_ticket(event, name="Omar Kept Malik")
    stream.drain()
    at_gate = keys.gate.attendee(event.event_id, "Bilal Lost Aziz", renamed.ticket_id)
    actions = [Ticket.holder_name.set("Bilal Lost Aziz"), *Ticket.in_gsi1(at_gate)]
    operations.record(operations.change(keys.tickets.ticket(renamed.ticket_id), actions))
    stream.skip()
    assert run("--way", "catch-up") == 0
    words = sorted(raw["sk"]["S"] for raw in whole("gatehouse") if raw["kind"]["S"] == "attendee_word")
    assert [word.rpartition("#")[2] for word in words].count(kept.ticket_id) == 2
    assert not [raw for raw in whole("gatehouse") if "malik" in raw["sk"]["S"] and renamed.ticket_id in raw["sk"]["S"]]
    copy("gatehouse", ORIGINAL)
    assert run("--in-place", "--compare", ORIGINAL) == 0, capsys.readouterr().out


@pytest.mark.usefixtures("moto_cloud")
def test_who_and_how_many_were_expected_by_a_rule_stays_as_counted(
    run: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    stream, rule = StreamReader(), {"department": "Botany"}
    campus = make_campus()
    organizer = make_campus_user(campus, role=CampusRole.ORGANIZER)
    students = [make_campus_user(campus, department="Botany") for _ in range(3)]
    stream.drain()
    begins = clock.now()
    # One is over and one to come when the rule names others; one is counted after that.
    for hours in (-5, 5):
        starts_at = begins + timedelta(hours=hours)
        with clock.set_to(min(starts_at, begins)):
            changes: dict[str, Any] = {"starts_at": starts_at, "ends_at": starts_at + timedelta(hours=1)}
            event = make_campus_event(campus, organizer, expected=rule, **changes)
            attend(event, students[0], department="Botany")
            stream.drain()
    for student, department in zip([*students[:2], organizer], ("Physics", "", "Botany"), strict=True):
        profile = keys.campus_people.profile(student.account_id)
        operations.record(operations.change(profile, [CampusProfile.department.set(department)]))
    for _ in range(3):
        make_campus_user(campus, department="Botany")
    stream.drain()
    make_campus_event(campus, organizer, expected=rule)
    while stream.drain():
        pass
    figures_of_all.make()
    copy("gatehouse", ORIGINAL)
    for way in (["--way", "catch-up"], ["--in-place"]):
        assert run(*way, "--compare", ORIGINAL) == 0, capsys.readouterr().out


def test_every_class_of_items_is_declared_and_a_projection_says_of_what() -> None:
    stored = {cls for cls in vars(items).values() if isinstance(cls, type) and issubclass(cls, Item) and kind_of(cls)}
    stored -= {items.Item, items.SweptItem, items.Job}
    assert stored - FAMILIES.keys() == set()
    unsaid = [cls.__name__ for cls, row in FAMILIES.items() if row.family is Family.PROJECTION and not row.of]
    assert unsaid == []
    unwhy = [cls.__name__ for cls, row in FAMILIES.items() if row.family is Family.KEPT and not (row.of and row.why)]
    assert unwhy == []


def test_every_declared_attribute_of_the_stream_is_one_of_its_class() -> None:
    # Those with other names are numbers of an hour or a gate, which gate/checkin_buckets.py names.
    wrong = [
        f"{cls.__name__}.{name}"
        for cls, row in FAMILIES.items()
        for name in (*row.projected, *row.volatile)
        if not hasattr(cls, name) and cls is not Counters
    ]
    assert wrong == []


def test_every_follower_of_the_stream_is_replayed_or_left_out_with_a_reason() -> None:
    assert set(worker.FOLLOWERS) == followers.OF_THE_STREAM
    assert all(followers.LEFT_OUT.values())


def test_pages_of_several_threads_lose_no_number() -> None:
    standing = RecordStanding(
        attendance_id="att_1",
        event_id="evt_1",
        user_id="usr_1",
        organizer_id="usr_2",
        campus_id="cmp_1",
        department="Physics",
        timezone="UTC",
        day="2026-11-28",
        hour=9,
        event_day="2026-11-28",
        minute="09:05",
        status="present",
        verification="verified",
        flags=[],
        seconds=12.0,
        is_expected=True,
        is_department_expected=True,
        is_contested=False,
    )
    key = {"pk": {"S": "P#1"}, "sk": {"S": "S#1"}}
    record = {**key, "kind": {"S": "counted_attendance"}, "counted_as": {"S": standing.text}}
    sale = {**key, "kind": {"S": kind_of(items.PlatformSales)}, "currency": {"S": "PKR"}, "sold": {"N": "1"}}
    page: list[dict[str, Any]] = [*[record] * 50, *[sale] * 50]
    sums, contents, reset = Sums(), comparing.Contents(), Reset(is_dry=True)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as readers:
            for take in (sums.take, contents.take, reset.take):
                list(readers.map(take, [page] * 30))
    finally:
        sys.setswitchinterval(interval)
    assert {move.numbers["n"] for move in sums.moves.values() if move.numbers["n"]} == {1500}
    assert [dict(each) for each in contents.sums.values()] == [{"sold": 1500}]
    assert reset.removed == {kind_of(items.PlatformSales): 30}


@pytest.mark.usefixtures("moto_cloud")
def test_an_item_that_is_deleted_while_a_used_table_is_reset_ends_no_pass() -> None:
    order = buy(make_show()[1])
    (raw,) = [each for each in whole("gatehouse") if each["kind"]["S"] == kind_of(items.Order)]
    operations.remove_many([order.place])
    Reset(is_used=True).take([{**raw, "counted": {"BOOL": True}}])
    assert operations.get(order.place) is None
