"""The channels of live updates: the messages of each, as the HTTP routes show them, and its allowed listeners."""

import base64
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import devices, sessions
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardType
from tests.support import event_states, purchases, wallets
from tests.support.client import call
from tests.support.factories import (
    admin_token,
    customer_token,
    make_card,
    make_customer,
    make_event,
    make_merchant,
    make_organization,
    make_organizer,
    make_ticket,
    token_of,
    usher_token,
)
from tests.support.live import Gateway, Stream, gateway, scan

pytestmark = pytest.mark.usefixtures("moto_cloud")


@pytest.fixture
def live(moto_cloud: None) -> Iterator[Gateway]:  # noqa: ARG001  # the table first
    with gateway() as made:
        yield made


def test_an_event_tells_scans_as_the_log_shows_them_and_its_status_as_the_gate_does(live: Gateway) -> None:
    event, stream = make_event(), Stream()
    ticket, token = make_ticket(event), usher_token(event)
    channel = f"event-{event.event_id}"
    socket = live.connect(token).subscribe(channel)
    assert [(m["type"], m["channel"], m["id"]) for m in socket.messages] == [("subscribed", channel, 0)]
    log_ids = [scan(token, ticket.ticket_id) for _ in range(2)]
    stream.drain()
    told = socket.of_type("check-in")
    assert [message["data"]["id"] for message in told] == log_ids
    for message in told:
        assert message["data"] == call("GET", f"/api/usher/scan/logs/{message['data']['id']}/", token=token).json
        assert message["at"] == message["data"]["received_at"]
    assert socket.of_type("counters")[-1]["data"]["admitted"] == 1
    event_states.store(event.event_id, scanning_enabled=False)
    event_states.change(event.event_id, title="Only another title")
    stream.drain()
    (status,) = socket.of_type("status")
    shown = call("GET", f"/api/usher/events/{event.event_id}/status/", token=token).json
    # The bound on who is inside follows from the devices' heartbeats, which no change of the event brings along.
    asked_for = ("server_time", "as_of", "unsynced_devices", "inside_at_most")
    assert {name: value for name, value in status["data"].items() if name not in asked_for} == {
        name: value for name, value in shown.items() if name not in asked_for
    }
    assert status["data"]["scanning_enabled"] is False
    assert [message["id"] for message in socket.messages[1:]] == list(range(1, len(socket.messages)))


def test_a_customer_hears_of_their_tickets_cards_and_payments_and_of_nobody_elses(live: Gateway) -> None:
    customer, friend, stream = make_customer(), make_customer(name="Bilal Ahmed"), Stream()
    token, other_token = customer_token(customer), customer_token(friend)
    socket = live.connect(token).subscribe(f"customer-{customer.account_id}")
    other = live.connect(other_token).subscribe(f"customer-{friend.account_id}")
    card = wallets.make_card(customer, holds=500_000)
    order = purchases.book(customer, purchases.make_show()[1])
    payment = purchases.pay(order)
    stream.drain()
    ticket_id = order.tickets[0]["ticket_id"]
    shown = call("GET", f"/api/v1/users/tickets/{ticket_id}/", token=token).json
    assert socket.of_type("ticket")[-1]["data"] == shown
    assert socket.of_type("card-balance")[-1]["data"] == {
        "card_id": card.card_id,
        "uid": card.uid,
        "balance": {"amount": "5000.00", "currency": "PKR"},
    }
    paid = socket.of_type("payment")[-1]["data"]
    assert (paid["id"], paid["status"], paid["amount"]["amount"]) == (payment.payment_id, "succeeded", "1500.00")
    assert other.types == ["subscribed"]
    heard = len(socket.messages)
    path = f"/api/v1/users/tickets/{ticket_id}/transfer/"
    assert call("POST", path, {"mobile_number": friend.mobile_number}, token=token).status == 200
    stream.drain()
    (gone,) = socket.messages[heard:]
    assert (gone["data"]["id"], gone["data"]["status"]) == (ticket_id, "transferred")
    assert gone["data"]["holder"]["name"] == shown["holder"]["name"]
    (got,) = other.of_type("ticket")
    assert got["data"] == call("GET", f"/api/v1/users/tickets/{ticket_id}/", token=other_token).json
    assert got["data"]["holder"]["name"] == "Bilal Ahmed"


def test_an_organization_hears_of_its_tickets_and_of_no_others(live: Gateway) -> None:
    admin, stranger, stream = make_organization(), make_organization(name="Another"), Stream()
    token, other_token = token_of(admin), token_of(stranger)
    socket = live.connect(token).subscribe(f"org-{admin.organization_id}")
    other = live.connect(other_token).subscribe(f"org-{stranger.organization_id}")
    body = {"count": 3, "prefix": "VIP"}
    made = call("POST", "/api/tix/tickets/generate", body, token=token).json
    assert call("PUT", f"/api/tix/tickets/{made[1]['id']}/scan", token=token).status == 200
    assert call("PUT", f"/api/tix/tickets/{made[1]['id']}/scan", token=token).status == 400
    stream.drain()
    (generated,) = socket.of_type("tickets-generated")
    told = generated["data"]
    assert (told["prefix"], told["from"], told["to"], told["count"]) == ("VIP", 1, 3, 3)
    assert [(ticket["id"], ticket["number"]) for ticket in told["tickets"]] == [
        (ticket["id"], ticket["number"]) for ticket in made
    ]
    (scanned,) = socket.of_type("ticket-scanned")
    assert scanned["data"] == call("GET", f"/api/tix/tickets/{made[1]['id']}", token=token).json
    assert other.types == ["subscribed"]
    assert call("POST", "/api/tix/tickets/generate", {"count": 51, "prefix": "VIP"}, token=token).status == 200
    stream.drain()
    many = socket.of_type("tickets-generated")[-1]["data"]
    assert (many["from"], many["to"], many["count"], many["tickets"]) == (4, 54, 51, None)


def test_staff_hear_of_what_happens_and_of_what_contradicts_itself(live: Gateway) -> None:
    event, stream = make_event(), Stream()
    ticket = make_ticket(event)
    card = make_card(ticket, card_type=CardType.SECURE)
    socket = live.connect(admin_token(AdminRole.FINANCE)).subscribe("admin")
    provision = devices.provision(event_id=event.event_id, gate_name="Gate 1", name="R", by="adm_test")
    key = base64.urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode().rstrip("=")
    devices.enroll(code=provision.enrollment_code, public_key=key, address="192.0.2.1")
    purchases.pay(purchases.book(make_customer(), purchases.make_show()[1]))
    token = usher_token(event)
    # It does not prove itself.
    answer = call("POST", "/api/usher/scan/result/", {"scan_id": "scn_a_clone", "card_id": card.uid}, token=token).json
    assert answer["reason"] == "clone_suspected"
    stream.drain()
    done = [message["data"]["action"] for message in socket.of_type("activity")]
    assert {"device.enrolled", "order.paid", "event.published"} <= set(done)
    (conflict,) = socket.of_type("conflict")
    assert conflict["data"]["kind"] == "clone_suspected"
    shown = call("GET", f"/api/usher/scan/logs/{answer['log_id']}/", token=token).json
    assert conflict["data"]["entry"] == {**shown, "card_id": f"…{card.uid[-4:]}"}


@pytest.mark.parametrize("order", [(9, 5), (5, 9)])
def test_staff_hear_once_of_a_ticket_that_two_gates_admitted(live: Gateway, order: tuple[int, int]) -> None:
    event, stream = make_event(), Stream()
    ticket, token = make_ticket(event), usher_token(event)
    socket = live.connect(admin_token()).subscribe("admin")
    now = clock.now()
    for minutes in order:
        scanned_at = clock.to_text(now - timedelta(minutes=minutes))
        body = {"scan_id": f"scn_at_{minutes}_minutes", "ticket_id": ticket.ticket_id, "scanned_at": scanned_at}
        sent = {**body, "offline": {"result": "valid"}}
        for _ in range(2):
            assert call("POST", "/api/usher/scan/log/", sent, token=token).status == 200
            stream.drain()
    (conflict,) = socket.of_type("conflict")
    entry = conflict["data"]["entry"]
    assert (conflict["data"]["kind"], entry["conflict"]) == ("double_admission", "double_admission")
    assert (entry["scan_id"], entry["attendee_name"]) == ("scn_at_5_minutes", ticket.holder_name)


class People:
    """One of each who may call, and the channels of each, twice: two events, two organizations, two customers."""

    def __init__(self) -> None:
        self.organizers = [make_organizer() for _ in range(2)]
        self.events = [make_event(organizer_id=organizer.account_id) for organizer in self.organizers]
        self.customers = [make_customer() for _ in range(2)]
        self.organizations = [make_organization(name=f"Organization {n}") for n in range(2)]
        self.tokens: dict[str, str] = {}
        for n in range(2):
            self.tokens[f"usher {n}"] = usher_token(self.events[n])
            self.tokens[f"organizer {n}"] = token_of(self.organizers[n])
            self.tokens[f"customer {n}"] = customer_token(self.customers[n])
            self.tokens[f"tix {n}"] = token_of(self.organizations[n])
        self.tokens["merchant"] = token_of(make_merchant())
        self.tokens |= {role.value: admin_token(role) for role in AdminRole}
        staff = {role.value for role in AdminRole}
        self.open_to = {
            **{f"event-{self.events[n].event_id}": {f"usher {n}", f"organizer {n}"} | staff for n in range(2)},
            **{f"customer-{self.customers[n].account_id}": {f"customer {n}"} for n in range(2)},
            **{f"org-{self.organizations[n].organization_id}": {f"tix {n}"} for n in range(2)},
            "admin": {"super_admin", "admin", "finance"},
            f"attendance-{self.events[0].event_id}": set(),
            **{channel: set() for channel in ("event-evt_none", "event-", "event", "admin-x", "org-", "nothing")},
        }


@pytest.mark.by_day
def test_a_channel_opens_to_exactly_those_whom_its_routes_are_open_to(live: Gateway) -> None:
    people = People()
    heard: dict[str, set[str]] = {channel: set() for channel in people.open_to}
    for who, token in people.tokens.items():
        socket = live.connect(token)
        for channel in people.open_to:
            answer = socket.subscribe(channel).messages[-1]
            assert answer["channel"] == channel
            if answer["type"] == "subscribed":
                heard[channel].add(who)
            else:
                assert (answer["type"], answer["data"]["code"]) == ("error", "NOT_FOUND")
            # A ticket for the channel is granted by the same rule.
            status = call("POST", "/api/realtime/ticket/", {"channels": [channel]}, token=token).status
            assert status == (200 if answer["type"] == "subscribed" else 404)
    assert heard == people.open_to


@pytest.mark.by_day
def test_nobody_hears_what_is_told_on_anothers_channel(live: Gateway) -> None:
    people, stream = People(), Stream()
    stream.drain()
    sockets = {
        (who, channel): live.connect(people.tokens[who]).subscribe(channel)
        for channel, whose in people.open_to.items()
        for who in whose
    }
    scan(people.tokens["usher 0"], make_ticket(people.events[0]).ticket_id)
    call("POST", "/api/tix/tickets/generate", {"count": 1, "prefix": "A"}, token=people.tokens["tix 0"])
    wallets.make_card(people.customers[0], holds=1_000)
    stream.drain()
    told = {channel for (_, channel), socket in sockets.items() if len(socket.messages) > 1}
    first = (f"event-{people.events[0].event_id}", f"customer-{people.customers[0].account_id}")
    assert told == {*first, f"org-{people.organizations[0].organization_id}"}
    for (_, channel), socket in sockets.items():
        assert {message["channel"] for message in socket.messages} == {channel}
    staff = {role.value for role in AdminRole}
    by_shape: dict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
    for (who, channel), socket in sockets.items():
        by_shape[channel, "staff" if who in staff else who.partition(" ")[0]].add(tuple(socket.frames[1:]))
    # All listeners of one channel receive the same messages, in the shape of their portal.
    assert {shape: len(frames) for shape, frames in by_shape.items()} == dict.fromkeys(by_shape, 1)


def test_a_ticket_that_names_channels_opens_no_others(live: Gateway) -> None:
    event = make_event()
    token = admin_token()
    socket = live.connect(token, f"event-{event.event_id}").subscribe("admin").subscribe(f"event-{event.event_id}")
    assert socket.types == ["error", "subscribed"]


def test_a_ticket_opens_one_socket_within_half_a_minute_and_nothing_to_who_was_locked_out(live: Gateway) -> None:
    event = make_event()
    token = usher_token(event)
    ticket = live.ticket(token)
    assert live.open(ticket)[0] == 200
    assert [live.open(each)[0] for each in (ticket, "", "x" * 3000, "unknown")] == [401] * 4
    late = live.ticket(token)
    with clock.set_to(clock.now() + timedelta(seconds=30)):
        assert live.open(late)[0] == 401
    waiting = live.ticket(token)
    session_id = call("POST", "/api/usher/logout/", token=token)
    assert session_id.status == 200
    assert live.open(waiting)[0] == 401
    stays = sessions.start(make_customer()).access
    assert live.open(live.ticket(stays))[0] == 200
