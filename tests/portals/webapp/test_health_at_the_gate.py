"""What an usher is shown of a customer's health, and the trace that it leaves."""

from typing import Any

import pytest

from chalicelib.domain.access import limits, numbers
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.customers import registration
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, Ticket
from tests.support.client import call
from tests.support.codes import code_for
from tests.support.factories import (
    PASSWORD,
    admin_token,
    customer_token,
    make_card,
    make_customer,
    make_event,
    make_usher,
    scan_id,
    usher_token,
)
from tests.support.log_lines import collected

pytestmark = pytest.mark.usefixtures("moto_cloud")
NUMBER = "+923001234567"
CONTACT = {"name": "Bilal Khan", "mobile_number": "+923007654321"}
HEALTH = {"emergency_contact": CONTACT, "blood_type": "AB-"}


@pytest.fixture
def event(moto_cloud: None) -> Event:  # noqa: ARG001  # the ground under it
    return make_event()


@pytest.fixture
def customer(moto_cloud: None) -> Account:  # noqa: ARG001  # the ground under it
    made = make_customer(mobile_number=NUMBER)
    assert call("PUT", "/api/v1/users/profile/", HEALTH, token=customer_token(made)).status == 200
    return made


def card_of(event: Event, customer: Account, **changes: Any) -> Card:
    """Return a card of the customer's with a ticket of theirs."""
    holder = Holder(name=customer.name, customer_id=customer.account_id)
    ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=holder, number="A-1"))
    if changes:
        actions = [getattr(Ticket, name).set(value) for name, value in changes.items()]
        operations.record(operations.change(keys.tickets.ticket(ticket.ticket_id), actions))
    opens = {event.event_id: [ticket.ticket_id]}
    return cards.register(CardRegistration(uid="04A1A2A3A4A5A6", customer_id=customer.account_id, tickets=opens))


def present(card: Card, token: str) -> None:
    body = {"scan_id": scan_id(), "card_id": card.uid}
    assert call("POST", "/api/usher/scan/result/", body, token=token).status == 200


def shown(card: Card, token: str) -> dict[str, Any]:
    """Look an attendee up after a scan of their card."""
    present(card, token)
    answer = call("GET", f"/api/usher/scan/attendee/{card.uid}/", token=token)
    assert answer.status == 200
    body: dict[str, Any] = answer.json
    return body


def test_an_usher_is_shown_them_and_that_is_logged_by_ids_alone(event: Event, customer: Account) -> None:
    usher = make_usher(event)
    card, token = card_of(event, customer), usher_token(event, usher)
    with collected() as lines:
        attendee = shown(card, token)
    assert (attendee["emergency_contact"], attendee["blood_type"]) == (CONTACT, "AB-")
    (line,) = [each for each in lines.all() if each["message"] == "health data shown"]
    assert (line["customer_id"], line["caller_id"], line["event_id"]) == (
        customer.account_id,
        usher.account_id,
        event.event_id,
    )
    for secret in (*CONTACT.values(), "AB-", NUMBER, customer.name):
        assert secret not in lines.text


def test_a_page_that_shows_each_photo_asks_without_them_and_takes_none_of_the_ushers_look_ups(
    event: Event, customer: Account
) -> None:
    usher = make_usher(event)
    card, token = card_of(event, customer), usher_token(event, usher)
    present(card, token)
    own = f"/api/usher/scan/attendee/{card.uid}/"
    with collected() as lines:
        for path in (own, f"{own}event/{event.event_id}/"):
            attendee = call("GET", f"{path}?health=false", token=token).json
            assert attendee["name"] == customer.name
            assert (attendee["emergency_contact"], attendee["blood_type"]) == (None, None)
    assert "health data shown" not in lines.text
    for _ in range(limits.HEALTH_BY_USHER.allowed):
        limits.HEALTH_BY_USHER.take(usher.account_id)
    assert [call("GET", path, token=token).status for path in (own, f"{own}?health=false")] == [429, 200]


def test_who_gave_none_has_none_and_nothing_is_logged(event: Event) -> None:
    card = card_of(event, make_customer())
    with collected() as lines:
        attendee = shown(card, usher_token(event))
    assert (attendee["emergency_contact"], attendee["blood_type"]) == (None, None)
    assert "health" not in lines.text


def test_a_dependents_ticket_does_not_show_the_customers(event: Event, customer: Account) -> None:
    attendee = shown(card_of(event, customer, dependent_id="dpd_1"), usher_token(event))
    assert (attendee["emergency_contact"], attendee["blood_type"]) == (None, None)


def test_a_card_of_somebody_else_does_not_show_the_ticket_owners(event: Event, customer: Account) -> None:
    card = card_of(event, customer)
    operations.record(operations.change(keys.cards.card(card.uid), [Card.customer_id.set("cus_other")]))
    assert shown(card, usher_token(event))["blood_type"] is None


def test_a_ticket_without_a_customer_shows_nobodys(event: Event) -> None:
    ticket = tickets.issue(TicketToIssue(event_id=event.event_id, holder=Holder(name="Guest"), number="A-2"))
    attendee = shown(make_card(ticket), usher_token(event))
    assert (attendee["name"], attendee["blood_type"], attendee["photo_url"]) == ("Guest", None, None)


def test_no_line_of_a_registration_a_log_in_or_a_reset_names_anyone_or_tells_a_code(moto_cloud: None) -> None:  # noqa: ARG001
    secrets = [NUMBER, NUMBER.removeprefix("+"), PASSWORD, "Zubaida Unmistakable", "a@example.com"]
    with collected() as lines:
        sent = registration.register(
            mobile_number=NUMBER,
            password=PASSWORD,
            name="Zubaida Unmistakable",
            email="a@example.com",
            date_of_birth=None,
            address="192.0.2.1",
        )
        codes = [code_for(NUMBER)]
        body = {"challenge_id": sent.challenge_id, "otp": codes[0]}
        assert (
            call("POST", "/api/v1/users/verify-otp/", {**body, "otp": f"{(int(codes[0]) + 1) % 10**6:06}"}).status
            == 400
        )
        pair = call("POST", "/api/v1/users/verify-otp/", body).json
        begun = call("POST", "/api/v1/users/login/", {"mobile_number": NUMBER, "password": PASSWORD}).json
        codes.append(code_for(NUMBER))
        log_in = {"challenge_id": begun["challenge_id"], "otp": codes[1]}
        assert call("POST", "/api/v1/users/verify-login-otp/", log_in).status == 200
        call("POST", "/api/v1/users/forgot-password/request-otp/", {"mobile_number": NUMBER})
        codes.append(code_for(NUMBER))
        again = {"mobile_number": NUMBER, "otp": codes[2], "new_password": "another long password"}
        assert call("POST", "/api/v1/users/reset-password/", again).status == 200
        call("POST", "/api/v1/users/forgot-password/request-otp/", {"mobile_number": NUMBER})
        assert numbers.find_by_number(NUMBER) is not None
    text = lines.text
    assert "code sent" in text
    assert [each for each in (*secrets, pair["access"], pair["refresh"], "another long password") if each in text] == []
    # Times and ids may contain the same six digits by chance, so a code is searched as a whole word.
    words = {str(value) for line in lines.all() for value in line.values()}
    assert words.isdisjoint(codes)


@pytest.mark.parametrize("dependent_id", [None, "dpd_child"])
def test_an_usher_is_shown_the_labels_of_the_customer_in_person_and_of_the_ticket(
    event: Event, customer: Account, dependent_id: str | None
) -> None:
    path, labels = f"/api/customers/{customer.account_id}/", ["vip", "hard of hearing"]
    version = call("GET", path, token=admin_token()).json["version"]
    assert call("PUT", path, {"labels": labels, "version": version}, token=admin_token()).status == 200
    of_ticket = {"labels": ["front row", "vip"], **({"dependent_id": dependent_id} if dependent_id else {})}
    attendee = shown(card_of(event, customer, **of_ticket), usher_token(event))
    assert attendee["labels"] == (["front row", "vip"] if dependent_id else [*labels, "front row"])
