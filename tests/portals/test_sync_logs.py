"""Records that were decided without the network: taken once each, in any order, and merged with all others."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import chalicelib
from chalicelib import clock
from chalicelib.domain.access import devices
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.gate import checkin_buckets, sequences
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Card, Ticket
from chalicelib.table.ranges import Between
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import card_states, marked
from tests.support.client import Answer, call
from tests.support.factories import (
    at,
    make_card,
    make_customer,
    make_event,
    make_reader,
    make_ticket,
    make_usher,
    scan_id,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
Record = dict[str, Any]
_PACKAGE = Path(chalicelib.__file__).parent


def record(ticket: Ticket, *, at: datetime, **more: Any) -> Record:
    """Return a record of somebody whom the gate admitted."""
    return {
        "scan_id": scan_id(),
        "ticket_id": ticket.ticket_id,
        "scanned_at": clock.to_text(at),
        "offline": {"result": "valid"},
        **more,
    }


def send(token: str, *records: Record, **clocks: Any) -> Answer:
    body = {"logs": list(records), "device_time": clock.to_text(clock.now()), **clocks}
    return call("POST", "/api/usher/sync/logs/", body, token=token)


def log_of(token: str) -> dict[str, Record]:
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=token).json["results"]
    return {entry["scan_id"]: entry for entry in page}


@pytest.mark.parametrize("re_entry", [False, True])
def test_the_earlier_of_two_records_admits_though_it_arrives_later(re_entry: bool) -> None:
    event, stream = make_event(re_entry_allowed=re_entry), StreamReader()
    ticket, now = make_ticket(event), clock.now()
    later = record(ticket, at=now - timedelta(minutes=5), gate="Gate 2")
    earlier = record(ticket, at=now - timedelta(minutes=9), gate="Gate 1")
    first = send(usher_token(event), later).json
    assert [(one["status"], one["result"], one["conflict"]) for one in first["results"]] == [
        ("accepted", "valid", None)
    ]
    token = usher_token(event, make_usher(event, username="second"))
    second = send(token, earlier).json
    assert (second["accepted"], second["conflicts"]) == (1, 0)
    stream.drain()
    log = log_of(token)
    assert log[earlier["scan_id"]]["conflict"] is None
    assert log[later["scan_id"]]["conflict"] == "double_admission"
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.admitted, counters.inside) == (2, 1, 1)


def logged(stream: StreamReader, token: str) -> dict[str, Record]:
    stream.drain()
    return log_of(token)


def verdict(token: str, *records: Record, **clocks: Any) -> Record:
    """Send records, and return the verdict on the last."""
    return dict(send(token, *records, **clocks).json["results"][-1])


def test_a_double_admission_names_the_admission_and_its_repeat_says_the_same() -> None:
    event = make_event()
    ticket, now, token = make_ticket(event), clock.now(), usher_token(event)
    first = record(ticket, at=now - timedelta(minutes=9), gate="Gate 1")
    second = record(ticket, at=now - timedelta(minutes=5), gate="Gate 2")
    answer = send(token, first, second).json
    assert (answer["accepted"], answer["conflicts"], answer["rejected"]) == (1, 1, 0)
    conflict = answer["results"][1]["conflict"]
    assert (conflict["kind"], conflict["with"]["scan_id"], conflict["with"]["gate"]) == (
        "double_admission",
        first["scan_id"],
        "Gate 1",
    )
    again = send(token, second, first).json
    assert (again["replayed"], again["results"][0]["conflict"]) == (2, conflict)


@pytest.mark.parametrize("re_entry", [False, True])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (2, 0, 1)])
def test_an_entry_after_an_exit_is_a_double_admission_where_nobody_may_return(
    order: tuple[int, ...], re_entry: bool
) -> None:
    event, stream = make_event(re_entry_allowed=re_entry), StreamReader()
    ticket, now, token = make_ticket(event), clock.now(), usher_token(event)
    moves: list[Record] = [{}, {"direction": "exit"}, {}]
    records = [record(ticket, at=now - timedelta(minutes=9 - place), **move) for place, move in enumerate(moves)]
    for place in order:
        answer = verdict(token, records[place])
    log = logged(stream, token)
    last = None if re_entry else "double_admission"
    assert [log[each["scan_id"]]["conflict"] for each in records] == [None, None, last]
    if order[-1] == 2:
        assert (answer["status"], (answer["conflict"] or {}).get("kind")) == (
            "accepted" if re_entry else "conflict",
            last,
        )
    again = send(token, *records).json
    assert [(one["status"], (one["conflict"] or {}).get("kind")) for one in again["results"]] == [
        ("replayed", None), ("replayed", None), ("replayed", last),
    ]  # fmt: skip
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.admitted, counters.inside) == (1, 1)  # the head count is of those who are there


def test_one_bad_record_does_not_refuse_the_others() -> None:
    event = make_event()
    ticket, now, token = make_ticket(event), clock.now(), usher_token(event)
    good = record(ticket, at=now)
    bad: list[Record] = [
        {**good, "scan_id": None},
        {**good, "scan_id": scan_id(), "qr": "GH1:X"},
        {**good, "scan_id": scan_id(), "kind": "jump"},
        {**good, "scan_id": scan_id(), "ticket_id": None, "card_id": "no card's name"},
        {**good, "scan_id": scan_id(), "seq": -1},
    ]
    answer = send(token, *bad, good).json
    assert [(one["index"], one["status"]) for one in answer["results"]] == [
        *((place, "rejected") for place in range(len(bad))),
        (len(bad), "accepted"),
    ]
    assert {one["error"]["code"] for one in answer["results"][:-1]} == {"VALIDATION_ERROR"}
    assert answer["rejected"] == len(bad)
    said = [one["error"]["message"] for one in answer["results"][:-1]]
    assert said[1] == "send exactly one of uid or card_id (or sun), qr and ticket_id"
    assert said[2].startswith("kind must be")


@pytest.mark.parametrize("shown", [None, {"result": "valid"}, {"result": "already_scanned"}], ids=str)
@pytest.mark.parametrize("direction", ["entry", "exit"])
def test_a_record_twice_in_one_batch_counts_once(shown: Record | None, direction: str) -> None:
    event = make_event()
    now, token = clock.now(), usher_token(event)
    one = {**record(make_ticket(event), at=now), "direction": direction}
    one.pop("offline", None)
    if shown is not None:
        one["offline"] = shown
    answer = send(token, one, one).json
    first, second = answer["results"]
    assert first["status"] != "replayed"
    assert second["status"] == "replayed"
    assert (first["result"], first["corrected_at"]) == (second["result"], second["corrected_at"])
    assert (answer["accepted"] + answer["conflicts"], answer["replayed"], answer["rejected"]) == (1, 1, 0)
    StreamReader().drain()
    assert len(call("GET", "/api/usher/scan/logs/", token=token).json["results"]) == 1


def test_too_many_records_and_too_long_a_body_are_refused_whole() -> None:
    event = make_event()
    ticket, token, stream = make_ticket(event), usher_token(event), StreamReader()
    stream.skip()
    many = send(token, *(record(ticket, at=clock.now()) for _ in range(501)))
    assert (many.status, many.code) == (400, "VALIDATION_ERROR")
    assert "500" in many.json["error"]["details"][0]["message"]
    long = send(token, {**record(ticket, at=clock.now()), "note": "x" * 1024 * 1024})
    assert long.status == 413
    assert stream.read() == []


@pytest.mark.parametrize("age", [timedelta(minutes=-3), timedelta(days=7, minutes=1)])
def test_a_record_of_the_future_or_of_long_ago_is_rejected_and_kept(age: timedelta) -> None:
    event, stream = make_event(), StreamReader()
    ticket, token = make_ticket(event), usher_token(event)
    sent = record(ticket, at=clock.now() - age)
    for _ in range(2):
        found = verdict(token, sent)
        assert (found["status"], found["error"]["code"]) == ("rejected", "CLOCK_IMPLAUSIBLE")
    log = logged(stream, token)
    assert (log[sent["scan_id"]]["result"], log[sent["scan_id"]]["error"]) == ("invalid", "CLOCK_IMPLAUSIBLE")
    assert verdict(token, record(ticket, at=clock.now()))["result"] == "valid"


def test_another_record_under_the_same_id_is_rejected_and_the_first_remains() -> None:
    event, stream = make_event(), StreamReader()
    ticket, other, token = make_ticket(event), make_ticket(event), usher_token(event)
    first = record(ticket, at=clock.now())
    verdict(token, first)
    for changed in ({"ticket_id": other.ticket_id}, {"scanned_at": clock.to_text(clock.now() - timedelta(hours=1))}):
        found = verdict(token, {**first, **changed})
        assert (found["status"], found["error"]["code"]) == ("rejected", "SCAN_ID_REUSED")
    stream.drain()
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=token).json["results"]
    errors = sorted(str(entry["error"]) for entry in page if entry["scan_id"] == first["scan_id"])
    assert errors == ["None", "SCAN_ID_REUSED", "SCAN_ID_REUSED"]
    assert tickets.get(other.ticket_id).admission is None


def test_a_record_that_a_later_boot_sends_again_with_another_time_is_the_same_record() -> None:
    event, stream = make_event(), StreamReader()
    ticket, token, now = make_ticket(event), usher_token(event), clock.now()
    first = record(ticket, at=now, boot_id="boot-1", mono_ms=60_000)
    before = verdict(token, first, boot_id="boot-1", mono_ms=61_000)
    again = {**first, "scanned_at": clock.to_text(now - timedelta(hours=1))}
    for clocks in ({"boot_id": "boot-2", "mono_ms": 5_000}, {}):
        found = verdict(token, again, **clocks)
        assert (found["status"], found["result"], found["corrected_at"]) == (
            "replayed",
            "valid",
            before["corrected_at"],
        )
    other = verdict(token, {**again, "mono_ms": 60_001}, boot_id="boot-2", mono_ms=5_000)
    assert other["error"]["code"] == "SCAN_ID_REUSED"
    stream.drain()
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=token).json["results"]
    assert sorted(str(entry["error"]) for entry in page) == ["None", "SCAN_ID_REUSED"]


def test_a_record_of_another_event_is_rejected_and_kept() -> None:
    event, other, stream = make_event(), make_event(), StreamReader()
    token = usher_token(event)
    by_name = record(make_ticket(event), at=clock.now(), event_id=other.event_id)
    by_ticket = record(make_ticket(other), at=clock.now())
    assert [one["error"]["code"] for one in send(token, by_name, by_ticket).json["results"]] == ["NOT_ASSIGNED"] * 2
    log = logged(stream, token)
    assert {log[sent["scan_id"]]["error"] for sent in (by_name, by_ticket)} == {"NOT_ASSIGNED"}


def test_within_one_boot_the_monotonic_clock_counts_and_not_the_wall_clock() -> None:
    event, stream = make_event(), StreamReader()
    token = usher_token(event)
    with clock.set_to(clock.now()):
        now = clock.now()
        wrong = datetime(1970, 1, 1, tzinfo=UTC)
        same_boot = record(make_ticket(event), at=wrong, boot_id="one", mono_ms=1_000, seq=7)
        other_boot = record(make_ticket(event), at=now - timedelta(minutes=8), boot_id="two", mono_ms=1_000)
        clocks = {"device_time": clock.to_text(now - timedelta(minutes=5)), "boot_id": "one", "mono_ms": 61_000}
        found = send(token, same_boot, other_boot, **clocks).json["results"]
    assert [one["corrected_at"] for one in found] == [
        clock.to_text(now - timedelta(minutes=1)),
        clock.to_text(now - timedelta(minutes=3)),
    ]
    log = logged(stream, token)
    shown = [log[sent["scan_id"]] for sent in (same_boot, other_boot)]
    assert [(one["correction"], one["seq"]) for one in shown] == [("monotonic", 7), ("offset", None)]


@pytest.mark.parametrize("minutes", [-1, 1])
@pytest.mark.parametrize("by_card", [False, True])
def test_a_record_is_judged_by_the_state_at_its_own_time(minutes: int, by_card: bool) -> None:
    """A ticket cancelled, or a card blocked, after the record was made does not make its admission wrong."""
    event, stream = make_event(), StreamReader()
    ticket, token = make_ticket(event), usher_token(event)
    card = make_card(ticket)
    revoked_at = clock.now() - timedelta(minutes=10)
    with clock.set_to(revoked_at):
        if by_card:
            card_states.put_into(card.uid, CardStatus.BLOCKED)
        else:
            tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    sent = record(ticket, at=revoked_at + timedelta(minutes=minutes))
    if by_card:
        sent = {**sent, "ticket_id": None, "card_id": card.card_id}
    found = verdict(token, sent)
    reason = "card_blocked" if by_card else "cancelled"
    if minutes < 0:
        assert (found["status"], found["result"], found["conflict"]) == ("accepted", "valid", None)
    else:
        assert (found["status"], found["result"], found["reason"]) == ("conflict", "invalid", reason)
        assert found["conflict"] == {"kind": "revoked_before", "with": None}
    assert logged(stream, token)[sent["scan_id"]]["conflict"] == (None if minutes < 0 else "revoked_before")
    assert (tickets.get(ticket.ticket_id).admission is not None) is (minutes < 0)


def test_a_code_is_judged_by_the_credential_at_its_own_time() -> None:
    event = make_event()
    ticket, token = make_ticket(event), usher_token(event)
    old, renewed_at = tickets.code(ticket), clock.now() - timedelta(minutes=10)
    with clock.set_to(renewed_at):
        marked.renew_credential(ticket.ticket_id)
    after = {**record(ticket, at=renewed_at + timedelta(minutes=1)), "ticket_id": None, "qr": old}
    before = {**record(ticket, at=renewed_at - timedelta(minutes=1)), "ticket_id": None, "qr": old}
    found = send(token, after, before).json["results"]
    assert [(one["status"], one["reason"]) for one in found] == [("conflict", "stale_credential"), ("accepted", None)]


def test_a_card_opens_for_a_late_record_what_it_opened_then() -> None:
    event = make_event()
    customer, token = make_customer(), usher_token(event)
    order = TicketToIssue(
        event_id=event.event_id, holder=Holder(name="A", customer_id=customer.account_id), number="A-1"
    )
    ticket = tickets.issue(order)
    registration = CardRegistration(
        uid="04A1B2C3D4E5F6",
        customer_id=customer.account_id,
        tickets={event.event_id: [ticket.ticket_id]},
    )
    card = cards.register(registration)
    released_at = clock.now() - timedelta(minutes=10)
    with clock.set_to(released_at):
        operations.commit(*bindings.releasing(tickets.get(ticket.ticket_id)))
    by_card = {"ticket_id": None, "card_id": card.card_id}
    late = verdict(token, {**record(ticket, at=released_at + timedelta(minutes=1)), **by_card})
    early = verdict(token, {**record(ticket, at=released_at - timedelta(minutes=1)), **by_card})
    assert (late["status"], late["conflict"]["kind"], early["status"]) == ("conflict", "revoked_before", "accepted")


def by_card(card: Card, *, at: datetime, **more: Any) -> Record:
    """Return a record of somebody whom the gate admitted with a card."""
    taken = {"scan_id": scan_id(), "card_id": card.card_id, "scanned_at": clock.to_text(at)}
    return {**taken, "offline": {"result": "valid"}, **more}


@pytest.mark.parametrize("order", [(0, 2, 1, 3), (3, 2, 1, 0), (2, 3, 0, 1)])
def test_the_earliest_claims_of_a_familys_card_admit_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    event, stream = make_event(), StreamReader()
    family, token = [make_ticket(event) for _ in range(2)], usher_token(event)
    card, now = make_card(*family), clock.now()
    taken = [by_card(card, at=now - timedelta(minutes=9 - place)) for place in range(4)]
    for place in order:
        assert send(token, taken[place]).json["rejected"] == 0
    log = logged(stream, token)
    conflicts = [log[each["scan_id"]]["conflict"] for each in taken]
    assert conflicts == [None, None, "double_admission", "double_admission"]
    admissions = [tickets.get(ticket.ticket_id).admission for ticket in family]
    assert {each.scan_id for each in admissions if each} == {each["scan_id"] for each in taken[:2]}
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.admitted, counters.inside) == (4, 2, 2)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_a_late_entry_of_a_familys_card_comes_before_a_later_return(order: tuple[int, ...]) -> None:
    """Two come in, one leaves at 8 minutes. Who enters next is that one again; the entry after that is one too many."""
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    family, token = [make_ticket(event) for _ in range(2)], usher_token(event)
    card, now = make_card(*family), clock.now()
    entries = [by_card(card, at=now - timedelta(minutes=10)), by_card(card, at=now - timedelta(minutes=9))]
    send(token, *entries, record(family[1], at=now - timedelta(minutes=8), kind="leave"))
    more = [by_card(card, at=now - timedelta(minutes=7 - place)) for place in range(3)]
    for place in order:
        send(token, more[place])
    log = logged(stream, token)
    assert [log[each["scan_id"]]["conflict"] for each in (*entries, *more)] == [None] * 3 + ["double_admission"] * 2


def test_a_late_record_of_a_familys_card_passes_over_a_ticket_that_was_void_then() -> None:
    event = make_event()
    family, token = [make_ticket(event) for _ in range(2)], usher_token(event)
    card, cancelled_at = make_card(*family), clock.now() - timedelta(minutes=10)
    with clock.set_to(cancelled_at):
        tickets.set_status(family[0].ticket_id, TicketStatus.CANCELLED)
    found = verdict(token, by_card(card, at=cancelled_at + timedelta(minutes=1)))
    assert (found["status"], found["result"], found["conflict"]) == ("accepted", "valid", None)
    assert [tickets.get(ticket.ticket_id).admission is not None for ticket in family] == [False, True]


@pytest.mark.parametrize(("sold", "conflict"), [(-1, "unknown_then"), (1, None)])
def test_somebody_refused_as_unknown_who_had_a_ticket_is_a_conflict(sold: int, conflict: str | None) -> None:
    event, stream = make_event(), StreamReader()
    token, at = usher_token(event), clock.now() - timedelta(minutes=10)
    with clock.set_to(at + timedelta(minutes=sold)):
        ticket = make_ticket(event)
    sent = record(ticket, at=at, offline={"result": "not_found"})
    found = verdict(token, sent)
    assert (found["result"], found["conflict"] and found["conflict"]["kind"]) == ("not_found", conflict)
    assert logged(stream, token)[sent["scan_id"]]["conflict"] == conflict
    assert tickets.get(ticket.ticket_id).admission is None


def test_an_admission_whose_online_refusal_did_not_reach_the_gate_is_a_claim_in_one_entry() -> None:
    event, stream = make_event(), StreamReader()
    ticket, token = make_ticket(event), usher_token(event)
    admitted = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
    call("POST", "/api/usher/scan/result/", admitted, token=token)
    lost = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id}
    refused = call("POST", "/api/usher/scan/result/", lost, token=token).json
    assert refused["result"] == "already_scanned"
    stream.drain()
    sent = {**record(ticket, at=clock.now()), **lost}
    found = verdict(token, sent)
    assert (found["status"], found["conflict"]["with"]["scan_id"]) == ("conflict", admitted["scan_id"])
    entry = logged(stream, token)[lost["scan_id"]]
    assert (entry["id"], entry["result"], entry["conflict"]) == (refused["log_id"], "valid", "double_admission")
    assert verdict(token, sent)["status"] == "replayed"
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.scans, counters.result_valid, counters.result_already_scanned, counters.inside) == (2, 2, 0, 1)


def test_an_online_leave_and_offline_entries_come_into_one_order() -> None:
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    ticket, token, now = make_ticket(event), usher_token(event), clock.now()

    def online(minutes: int, direction: str) -> str:
        body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "direction": direction}
        with clock.set_to(now + timedelta(minutes=minutes)):
            assert call("POST", "/api/usher/scan/result/", body, token=token).json["result"] == "valid"
        return body["scan_id"]

    entered, left = online(0, "entry"), online(4, "exit")
    inside_still = record(ticket, at=now + timedelta(minutes=2))
    came_back = record(ticket, at=now + timedelta(minutes=6))
    with clock.set_to(now + timedelta(minutes=8)):
        found = send(token, came_back, inside_still).json["results"]
    assert [one["status"] for one in found] == ["accepted", "conflict"]
    stored = tickets.get(ticket.ticket_id)
    assert (stored.presence, stored.admission.scan_id, stored.passage.scan_id) == (
        "inside",
        entered,
        came_back["scan_id"],
    )
    log = logged(stream, token)
    assert {each: log[each]["conflict"] for each in (entered, left, came_back["scan_id"])} == dict.fromkeys(
        (entered, left, came_back["scan_id"])
    )
    counters = operations.get(keys.gate.counters(event.event_id))
    assert counters is not None
    assert (counters.admitted, counters.inside, counters.on_leave) == (1, 1, 0)


def test_the_hour_of_an_admission_follows_the_claim_that_admits() -> None:
    event, stream = make_event(starts_at=at("2026-11-20T18:00:00Z"), ends_at=at("2026-11-20T23:00:00Z")), StreamReader()
    ticket = make_ticket(event)
    with clock.set_to(at("2026-11-20T21:00:00Z")):
        token = usher_token(event)
        send(token, record(ticket, at=at("2026-11-20T20:30:00Z"), gate="Gate 1"))
        stream.drain()
        send(token, record(ticket, at=at("2026-11-20T18:30:00Z"), gate="Gate 1"))
        stream.drain()
    place = keys.gate.counters(event.event_id)
    [raw] = operations.query(place.pk, Between(place.sk, place.sk))
    hours = [(entry.hour.hour, entry.count) for entry in checkin_buckets.by_hour([raw]) if entry.count]
    assert hours == [(18, 1)]
    assert checkin_buckets.by_gate(raw, ["Gate 1"])[0].admitted == 1


def test_one_record_is_taken_at_its_own_route_once() -> None:
    event = make_event()
    ticket, token = make_ticket(event), usher_token(event)
    sent = record(ticket, at=clock.now())
    first = call("POST", "/api/usher/scan/log/", sent, token=token).json
    assert (first["accepted"], first["results"][0]["result"]) == (1, "valid")
    assert call("POST", "/api/usher/scan/log/", sent, token=token).json["replayed"] == 1
    assert verdict(token, sent)["status"] == "replayed"
    assert call("POST", "/api/usher/scan/log/", {**sent, "scan_id": "x"}, token=token).status == 400


def test_a_revoked_device_sends_once_what_it_decided_before() -> None:
    event, stream = make_event(), StreamReader()
    reader, token = make_reader(event), usher_token(event)
    revoked_at = clock.now()
    with clock.set_to(revoked_at):
        devices.revoke(reader.device_id)
        devices.revoke(reader.device_id)
    with clock.set_to(revoked_at + timedelta(minutes=5)):
        refused = {"device_id": reader.device_id, "assertion": reader.assertion()}
        assert call("POST", "/api/device/token/", refused).status == 401
        late = call("POST", "/api/device/token/", {**refused, "late_upload": True}).json["access"]
        beat = {"queue_depth": 1, "app_version": "1.0"}
        assert call("POST", "/api/device/heartbeat/", beat, token=late).status == 401
        before = record(make_ticket(event), at=revoked_at - timedelta(minutes=1))
        after = record(make_ticket(event), at=revoked_at + timedelta(minutes=1))
        undecided = record(make_ticket(event), at=revoked_at - timedelta(minutes=1))
        del undecided["offline"]
        body = {"taps": [before, after, undecided], "device_time": clock.to_text(clock.now())}
        found = call("POST", "/api/device/taps/", body, token=late).json["results"]
        assert [one["status"] for one in found] == ["accepted", "rejected", "rejected"]
        assert found[0]["conflict"] == {"kind": "after_revocation", "with": None}
        assert {one["error"]["code"] for one in found[1:]} == {"FORBIDDEN"}
    with clock.set_to(revoked_at + timedelta(minutes=25)):
        again = {"device_id": reader.device_id, "assertion": reader.assertion(), "late_upload": True}
        assert call("POST", "/api/device/token/", again).status == 401
    log = logged(stream, token)
    assert log[before["scan_id"]]["conflict"] == "after_revocation"
    assert {log[sent["scan_id"]]["error"] for sent in (after, undecided)} == {"FORBIDDEN"}
    assert tickets.get(undecided["ticket_id"]).admission is None


def test_the_numbers_of_a_devices_records_are_noted_and_a_missing_one_is_seen() -> None:
    event, stream = make_event(), StreamReader()
    reader = make_reader(event)
    token = reader.token()

    def taps(*records: Record) -> None:
        body = {"taps": list(records), "device_time": clock.to_text(clock.now())}
        assert call("POST", "/api/device/taps/", body, token=token).status == 200

    made = [record(make_ticket(event), at=clock.now(), seq=number) for number in (1, 2, 4)]
    taps(*made)
    waiting = record(make_ticket(event), at=clock.now(), seq=5)
    del waiting["offline"]
    taps(waiting)
    stream.drain()
    arrived = sequences.received(reader.device_id)
    assert (arrived.highest, arrived.gaps) == (5, ((3, 3),))


def test_every_writer_of_a_tickets_status_or_credential_keeps_its_time() -> None:
    """All of them take their actions from one place, as the source shows."""
    states = "domain/tickets/states.py"
    writers = {
        str(path.relative_to(_PACKAGE))
        for path in _PACKAGE.rglob("*.py")
        if re.search(r"Ticket\.(status|credential)\.(set|add)\(", path.read_text(encoding="utf-8"))
    }
    assert writers == {states}
    card_writers = {
        str(path.relative_to(_PACKAGE))
        for path in _PACKAGE.rglob("*.py")
        if "Card.status.set(" in path.read_text(encoding="utf-8")
    }
    assert card_writers == {"domain/cards/cards.py"}


def test_a_search_by_attendee_finds_the_admission_and_what_it_displaced() -> None:
    event, stream = make_event(), StreamReader()
    ticket, token, now = make_ticket(event, name="Zainab Noor"), usher_token(event), clock.now()
    later, earlier = (record(ticket, at=now - timedelta(minutes=minutes)) for minutes in (5, 9))
    send(token, later)
    stream.drain()
    send(token, earlier)
    stream.drain()
    found = call("GET", "/api/usher/scan/logs/search/?attendee=zainab", token=token).json["results"]
    assert sorted(entry["scan_id"] for entry in found) == sorted([later["scan_id"], earlier["scan_id"]])
