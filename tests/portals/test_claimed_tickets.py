"""What a gate decided without the network, where the platform knows more of the card, the ticket or the scan."""

import uuid
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pytest

from chalicelib import clock
from chalicelib.domain.cards import bindings, cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.gate import conflict_counts, merging
from chalicelib.domain.tickets import states, tickets, transfers
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Counters, Event, Ticket
from chalicelib.vocabulary.cards import CardType
from chalicelib.vocabulary.tickets import TicketStatus
from tests.support import secure_cards
from tests.support.client import Answer, call
from tests.support.factories import (
    make_card,
    make_customer,
    make_event,
    make_reader,
    make_ticket,
    scan_id,
    usher_token,
)
from tests.support.streams import StreamReader

pytestmark = pytest.mark.usefixtures("moto_cloud")
Record = dict[str, Any]


def record(shown: Ticket | Card, *, minutes: int = 0, **more: Any) -> Record:
    """Return the record of somebody whom the gate admitted so many minutes ago."""
    what = {"ticket_id": shown.ticket_id} if isinstance(shown, Ticket) else {"uid": shown.uid}
    scanned_at = clock.to_text(clock.now() - timedelta(minutes=minutes))
    return {"scan_id": scan_id(), **what, "scanned_at": scanned_at, "offline": {"result": "valid"}, **more}


def tap(token: str, *taps: Record) -> Answer:
    return call("POST", "/api/device/taps/", {"taps": taps, "device_time": clock.to_text(clock.now())}, token=token)


def tapped(token: str, *taps: Record) -> list[Record]:
    answer = tap(token, *taps)
    assert answer.status == 200, answer.text
    return list(answer.json["results"])


def scan(token: str, **shown: Any) -> Record:
    return dict(call("POST", "/api/usher/scan/result/", {"scan_id": scan_id(), **shown}, token=token).json)


def log_of(event: Event) -> dict[str, Record]:
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=usher_token(event)).json["results"]
    return {entry["scan_id"]: entry for entry in page}


def counters(event: Event) -> Counters:
    found = operations.get(keys.gate.counters(event.event_id))
    assert found is not None
    return found


def admitted(*family: Ticket) -> list[bool]:
    return [tickets.get(ticket.ticket_id).admission is not None for ticket in family]


@pytest.mark.parametrize("re_entry", [False, True])
def test_an_entry_by_a_familys_card_is_the_next_ones_where_the_first_is_out_for_good(re_entry: bool) -> None:
    """As online: without re-entry the one who went out has used the ticket up, with it that one is back."""
    event, stream = make_event(re_entry_allowed=re_entry), StreamReader()
    family, token = [make_ticket(event) for _ in range(2)], make_reader(event).token()
    card = make_card(*family)
    found = tapped(token, record(card, minutes=9), record(card, minutes=8, direction="exit"), record(card, minutes=7))
    assert [(one["status"], one["conflict"]) for one in found] == [("accepted", None)] * 3
    assert admitted(*family) == [True, not re_entry]
    if not re_entry:
        # Nobody of the family is left who could come in.
        assert scan(usher_token(event), card_id=card.uid)["result"] == "already_scanned"
        one_too_many = tapped(token, record(card, minutes=6))[0]
        assert (one_too_many["status"], one_too_many["conflict"]["kind"]) == ("conflict", "double_admission")
    stream.drain()
    assert (counters(event).admitted, counters(event).inside) == ((1, 1) if re_entry else (2, 2))


def test_a_return_by_a_familys_card_is_of_one_who_left_and_locks_nobody_out() -> None:
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    family, token = [make_ticket(event) for _ in range(2)], make_reader(event).token()
    card = make_card(*family)
    moves = [
        record(family[1], minutes=9),
        record(card, minutes=8, kind="leave"),
        record(card, minutes=7, kind="return"),
    ]
    assert [one["status"] for one in tapped(token, *moves)] == ["accepted"] * 3
    assert admitted(*family) == [False, True]
    stream.drain()
    assert (counters(event).admitted, counters(event).inside, counters(event).on_leave) == (1, 1, 0)
    assert scan(usher_token(event), ticket_id=family[0].ticket_id)["result"] == "valid"


def test_a_late_entry_by_a_familys_card_is_not_that_of_one_who_went_out_later() -> None:
    """At two gates: one who is out now was still inside when the second one came in by the same card."""
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    family, card, (gate, other) = *family_with_card(event), [make_reader(event).token() for _ in range(2)]
    tapped(gate, record(card, minutes=30), record(card, minutes=10, kind="leave"))
    (late,) = tapped(other, record(card, minutes=20))
    assert (late["status"], late["conflict"]) == ("accepted", None)
    assert admitted(*family) == [True, True]
    # The card's bearers are all known: one more is one too many, until somebody has left.
    (double,) = tapped(other, record(card, minutes=15))
    assert (double["status"], double["conflict"]["kind"]) == ("conflict", "double_admission")
    assert tapped(other, record(card, minutes=5))[0]["conflict"] is None
    stream.drain()
    assert (counters(event).admitted, counters(event).inside, counters(event).on_leave) == (2, 2, 0)


def test_a_late_leave_by_a_familys_card_is_that_of_one_who_was_inside_then() -> None:
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    family, card, (gate, other) = *family_with_card(event), [make_reader(event).token() for _ in range(2)]
    first, _ = family
    tapped(gate, record(card, minutes=30), record(card, minutes=25))
    tapped(gate, record(first, minutes=20, kind="leave"), record(first, minutes=5, kind="return"))
    (late,) = tapped(other, record(card, minutes=10, kind="leave"))
    assert (late["status"], late["result"]) == ("accepted", "valid")
    stream.drain()
    assert [tickets.get(ticket.ticket_id).presence for ticket in family] == ["inside", "outside"]
    assert (counters(event).admitted, counters(event).inside, counters(event).on_leave) == (2, 1, 1)


# Each passage by a family's card: `e` and `x` an entry and an exit by scan, `l` a leave, `r` a return.
@pytest.mark.parametrize("story", ["eell", "elr", "elre", "eellr", "elrel", "eexx", "exex"])
def test_passages_by_a_familys_card_move_as_many_as_passed_at_whichever_gate_they_arrive_first(story: str) -> None:
    """One gate lets people in, another out and back: either may be the first that the network reaches again."""
    inside = sum(1 if each in "er" else -1 for each in story)
    expected = (story.count("e"), inside, story.count("e") - inside)
    made: dict[str, Record] = {"e": {}, "x": {"direction": "exit"}, "l": {"kind": "leave"}, "r": {"kind": "return"}}
    for order in ("gate first", "desk first", "in turns, the desk first"):
        event, stream = make_event(re_entry_allowed="x" not in story), StreamReader()
        family, card = family_with_card(event)
        minutes = range(50, 0, -5)
        records = [(each, record(card, minutes=at, **made[each])) for each, at in zip(story, minutes, strict=False)]
        gate, desk = ([one for each, one in records if (each == "e") is is_gate] for is_gate in (True, False))
        turns = [one for pair in zip_longest(desk, gate) for one in pair if one is not None]
        sent = {"gate first": [*gate, *desk], "desk first": [*desk, *gate]}.get(order, turns)
        tokens = [make_reader(event).token() for _ in range(2)]
        for one in sent:
            assert tapped(tokens[one in desk], one)[0]["status"] in ("accepted", "conflict")
        stream.drain()
        found = counters(event)
        assert (found.admitted, found.inside, found.on_leave) == expected, order
        assert sum(admitted(*family)) == expected[0], order
        assert not any(entry["conflict"] for entry in log_of(event).values()), order


def family_with_card(event: Event) -> tuple[list[Ticket], Card]:
    """Return two tickets of an hour ago, and the card that opens them."""
    with clock.set_to(clock.now() - timedelta(minutes=60)):
        family = [make_ticket(event) for _ in range(2)]
        return family, make_card(*family)


def test_a_right_refusal_that_did_not_reach_the_gate_is_a_conflict_and_holds_up_nothing() -> None:
    event, stream = make_event(), StreamReader()
    ticket, token = make_ticket(event), make_reader(event).token()
    tickets.set_status(ticket.ticket_id, TicketStatus.CANCELLED)
    waiting = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "scanned_at": clock.to_text(clock.now())}
    refused = tapped(token, waiting)[0]
    assert (refused["result"], refused["reason"]) == ("invalid", "cancelled")
    stream.drain()
    admission = {**record(ticket), "scan_id": waiting["scan_id"]}
    for status in ("conflict", "replayed"):
        found, other = tapped(token, admission, record(make_ticket(event)))
        assert (found["status"], found["result"], found["reason"]) == (status, "invalid", "cancelled")
        assert (found["conflict"], found["log_id"]) == ({"kind": "revoked_before", "with": None}, refused["log_id"])
        assert other["status"] == "accepted"
    stream.drain()
    entry = log_of(event)[waiting["scan_id"]]
    assert (entry["result"], entry["conflict"]) == ("invalid", "revoked_before")
    assert conflict_counts.pending(event.event_id) == 1
    assert (counters(event).scans, counters(event).result_invalid, counters(event).inside) == (3, 1, 2)


@pytest.mark.parametrize("by_code", [False, True])
def test_a_refused_record_of_another_events_ticket_names_nobody(by_code: bool) -> None:
    event, stream = make_event(), StreamReader()
    stranger, token = make_ticket(make_event(), name="Stranger Secret"), make_reader(event).token()
    sent = record(stranger, offline={"result": "invalid", "reason": "wrong_event"})
    if by_code:
        sent = {**sent, "ticket_id": None, "qr": tickets.code(stranger)}
    for _ in range(2):
        answer = tap(token, sent)
        assert answer.json["results"][0]["reason"] == "wrong_event"
        assert "Secret" not in answer.text
        assert stranger.number not in answer.text
    stream.drain()
    entry = log_of(event)[sent["scan_id"]]
    assert (entry["attendee_name"], entry["ticket_id"], entry["reason"]) == (None, None, "wrong_event")


def test_an_undecided_record_under_the_id_of_another_kind_is_rejected_alone() -> None:
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    ticket, token = make_ticket(event), make_reader(event).token()
    first = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "scanned_at": clock.to_text(clock.now())}
    assert tapped(token, first)[0]["result"] == "valid"
    reused, other = tapped(token, {**first, "kind": "leave"}, record(make_ticket(event)))
    assert (reused["status"], reused["error"]["code"], other["status"]) == ("rejected", "SCAN_ID_REUSED", "accepted")
    assert tickets.get(ticket.ticket_id).presence == "inside"
    stream.drain()
    page = call("GET", "/api/usher/scan/logs/?page_size=100", token=usher_token(event)).json["results"]
    assert sorted(str(each["error"]) for each in page if each["scan_id"] == first["scan_id"]) == [
        "None",
        "SCAN_ID_REUSED",
    ]


@pytest.mark.parametrize("proof", ["genuine", "forged", "of another card", "none"])
def test_a_secure_card_that_a_gate_admitted_unchecked_is_checked_by_the_platform(proof: str) -> None:
    event, stream = make_event(), StreamReader()
    ticket, token = make_ticket(event), make_reader(event).token()
    card = make_card(ticket, card_type=CardType.SECURE)
    of_card = secure_cards.message(make_card().uid if proof == "of another card" else card.uid, 7)
    cmac = "0011223344556677" if proof == "forged" else of_card.cmac
    sun: Record = {} if proof == "none" else {"sun": {"picc_data": of_card.picc_data, "cmac": cmac}}
    is_genuine = proof == "genuine"
    sent = record(card, **sun)
    for status in ("accepted", "replayed") if is_genuine else ("rejected", "rejected"):
        found = tapped(token, sent)[0]
        assert (found["status"], found["result"], found["reason"]) == (
            (status, "valid", None) if is_genuine else (status, "invalid", "clone_suspected")
        )
    assert admitted(ticket) == [is_genuine]
    stream.drain()
    assert log_of(event)[sent["scan_id"]]["error"] == (None if is_genuine else "NOT_FOUND")


def test_one_message_of_a_secure_card_admits_one_person_at_gates_without_the_network_and_with_it() -> None:
    event, stream = make_event(), StreamReader()
    family, usher = [make_ticket(event) for _ in range(3)], usher_token(event)
    card = make_card(*family, card_type=CardType.SECURE)
    gates = [make_reader(event).token() for _ in range(2)]

    def message(counter: int) -> Record:
        made = secure_cards.message(card.uid, counter)
        return {"sun": {"picc_data": made.picc_data, "cmac": made.cmac}}

    # The second tap arrives first.
    second, first = record(card, minutes=4, **message(8)), record(card, minutes=5, **message(7))
    replayed = record(card, minutes=3, **message(8))
    found = [tapped(gates[place], sent)[0] for place, sent in ((0, second), (1, first), (1, replayed), (0, second))]
    assert [(one["status"], one["reason"]) for one in found] == [
        ("accepted", None),
        ("accepted", None),
        ("rejected", "clone_suspected"),
        ("replayed", None),
    ]
    assert scan(usher, card_id=card.uid, **message(8))["reason"] == "clone_suspected"
    assert admitted(*family) == [True, True, False]
    assert scan(usher, card_id=card.uid, **message(9))["result"] == "valid"
    stream.drain()
    assert counters(event).admitted == len(family)


@pytest.mark.parametrize(("uid", "is_kept"), [("08A1B2C3", False), ("04A1B2C3", True)])
def test_an_unknown_uid_is_remembered_unless_it_is_another_at_each_tap(uid: str, is_kept: bool) -> None:
    token = usher_token(make_event())
    sent = {"scan_id": scan_id(), "card_id": uid}
    answers = [call("POST", "/api/usher/scan/result/", sent, token=token).json for _ in range(2)]
    assert answers[0]["result"] == "not_found"
    assert answers[0] == answers[1]
    assert (operations.get(keys.cards.unknown_card(uid)) is not None) is is_kept


def test_a_bearer_who_moves_more_often_than_a_ticket_keeps_is_where_they_went_last() -> None:
    event, stream = make_event(re_entry_allowed=True), StreamReader()
    ticket, token, usher = make_ticket(event), make_reader(event).token(), usher_token(event)
    kinds = ["scan", *["leave", "return"] * 19, "leave"]
    moves = [record(ticket, minutes=200 - number, kind=kind) for number, kind in enumerate(kinds)]
    assert {one["status"] for one in tapped(token, *moves)} == {"accepted"}
    assert len(tickets.get(ticket.ticket_id).history or []) == merging.MOST_PASSAGES == len(moves)

    def move(action: str) -> str:
        body = {"scan_id": scan_id(), "ticket_id": ticket.ticket_id, "action": action}
        return str(call("POST", "/api/usher/scan/part-time-leave/", body, token=usher).json["result"])

    def are_out() -> int:
        stream.drain()
        query = "/api/usher/scan/part-time-leave/?status=open"
        return len(call("GET", query, token=usher).json["results"])

    assert (move("return"), are_out()) == ("valid", 0)
    assert (move("leave"), are_out()) == ("valid", 1)
    tapped(token, record(ticket, minutes=190))
    assert (tickets.get(ticket.ticket_id).presence, are_out()) == ("outside", 1)
    assert (move("return"), are_out()) == ("valid", 0)


def card_of(customer: Account, *opens: Ticket) -> Card:
    """Return a new card of a customer that opens these tickets."""
    bound = {ticket.event_id: [ticket.ticket_id] for ticket in opens}
    uid = f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, customer_id=customer.account_id, tickets=bound))


def family_of_two(event: Event, *, handed_over: bool) -> tuple[Card, Ticket, Ticket]:
    """Return a customer's card with a ticket of an hour ago, and one that came to them ten minutes ago."""
    customer, now = make_customer(), clock.now()

    def issue(owner: Account, *, minutes: int) -> Ticket:
        holder = Holder(name="A", customer_id=owner.account_id)
        with clock.set_to(now - timedelta(minutes=minutes)):
            return tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number=f"A-{minutes}"))

    first = issue(customer, minutes=60)
    card = card_of(customer, first)
    second = issue(make_customer() if handed_over else customer, minutes=50 if handed_over else 10)
    with clock.set_to(now - timedelta(minutes=10)):
        if handed_over:
            operations.commit(*transfers.handing_over(second, to=customer))
        else:
            operations.commit(*bindings.adding(cards.find(card.uid), event.event_id, [second.ticket_id]))
    return card, first, tickets.get(second.ticket_id)


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_late_record_takes_no_ticket_that_came_on_the_card_after_it(handed_over: bool) -> None:
    """Two gates admit the holder; the friend whose ticket came later is not refused for the second one."""
    event, stream = make_event(), StreamReader()
    card, first, friends = family_of_two(event, handed_over=handed_over)
    gate, other = make_reader(event).token(), make_reader(event).token()
    assert tapped(gate, record(card, minutes=30))[0]["status"] == "accepted"
    (double,) = tapped(other, record(card, minutes=20))
    assert (double["status"], double["conflict"]["kind"]) == ("conflict", "double_admission")
    assert admitted(first, friends) == [True, False]
    assert scan(usher_token(event), card_id=card.uid)["ticket"]["id"] == friends.ticket_id
    stream.drain()
    assert (counters(event).admitted, counters(event).inside) == (2, 2)


@pytest.mark.parametrize("handed_over", [False, True])
def test_a_kept_tap_takes_no_ticket_that_came_on_the_card_after_it(handed_over: bool) -> None:
    event = make_event()
    card, first, friends = family_of_two(event, handed_over=handed_over)
    kept = record(card, minutes=20)
    del kept["offline"]
    assert scan(usher_token(event), ticket_id=first.ticket_id)["result"] == "valid"
    (found,) = tapped(make_reader(event).token(), kept)
    assert (found["result"], found["ticket"]["id"]) == ("already_scanned", first.ticket_id)
    assert scan(usher_token(event), card_id=card.uid)["ticket"]["id"] == friends.ticket_id


def test_a_card_that_had_no_ticket_yet_was_rightly_refused() -> None:
    event = make_event()
    with clock.set_to(clock.now() - timedelta(minutes=50)):
        ticket, customer = make_ticket(event), make_customer()
        card = card_of(customer)
    with clock.set_to(clock.now() - timedelta(minutes=10)):
        operations.commit(*transfers.handing_over(ticket, to=customer))
    token = make_reader(event).token()
    refused = {"offline": {"result": "not_found"}}
    (before,) = tapped(token, record(card, minutes=30, **refused))
    (after,) = tapped(token, record(card, minutes=5, **refused))
    assert (before["status"], before["conflict"]) == ("accepted", None)
    assert after["conflict"]["kind"] == "unknown_then"
    # Nobody was admitted by a tap that was only kept, so the ticket is still its bearer's.
    kept = record(card, minutes=30)
    del kept["offline"]
    assert tapped(token, kept)[0]["result"] == "not_found"
    assert scan(usher_token(event), card_id=card.uid)["result"] == "valid"


@pytest.mark.parametrize("reason", ["transferred", "refunded", "cancelled"])
def test_an_entry_by_the_card_of_a_ticket_that_was_given_up_before_is_a_conflict(reason: str) -> None:
    """A gate without the network goes on admitting by the card; staff see that, as they do where a code was shown."""
    event, stream, customer, now = make_event(), StreamReader(), make_customer(), clock.now()
    with clock.set_to(now - timedelta(minutes=60)):
        holder = Holder(name="A", customer_id=customer.account_id)
        ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number="A-1"))
        card = card_of(customer, ticket)
    with clock.set_to(now - timedelta(minutes=30)):
        if reason == "transferred":
            operations.commit(*transfers.handing_over(ticket, to=make_customer()))
        else:
            void = operations.change(ticket.place, states.becoming(TicketStatus(reason)))
            operations.commit(void, *bindings.releasing(ticket))
    late, twin = record(card, minutes=20), {"scan_id": scan_id()}
    gate = make_reader(event).token()
    for attempt in ("conflict", "replayed"):
        (found,) = tapped(gate, late)
        assert (found["status"], found["result"], found["reason"]) == (attempt, "invalid", reason)
        assert found["conflict"] == {"kind": "revoked_before", "with": None}
    # The gate did not get the platform's answer to the next one, and admitted its bearer by itself.
    assert scan(usher_token(event), card_id=card.uid)["result"] == "not_found"
    (online,) = tapped(gate, {key: value for key, value in record(card).items() if key != "offline"} | twin)
    assert online["result"] == "not_found"
    (after,) = tapped(gate, record(card) | twin)
    assert (after["status"], after["conflict"]["kind"]) == ("conflict", "revoked_before")
    stream.drain()
    assert admitted(ticket) == [False]
    assert (counters(event).admitted, counters(event).inside, conflict_counts.pending(event.event_id)) == (0, 0, 2)
    entry = log_of(event)[late["scan_id"]]
    assert (entry["ticket_id"], entry["conflict"], entry["error"]) == (ticket.ticket_id, "revoked_before", None)
    # Of before, it is the right admission of the card.
    (right,) = tapped(gate, record(card, minutes=40))
    assert (right["status"], right["result"], admitted(ticket)) == ("accepted", "valid", [True])
