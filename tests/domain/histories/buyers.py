"""Deeds of customers: tickets, cards, their money, and who they are."""

from datetime import timedelta
from random import Random
from typing import Any

from chalicelib.domain.access import accounts
from chalicelib.table.items import Assignment, Card, Gift, Order, Payment, Ticket
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import GiftStatus, TicketStatus
from tests.domain.histories.world import Person, World, one_of, require
from tests.support.codes import code_in, has_code
from tests.support.factories import PASSWORD

_API = "/api/v1"


def _whose(world: World, customer_id: str) -> Person | None:
    return next((one for one in world.customers if one.id == customer_id), None)


def _buyer(world: World, draw: Random) -> Person:
    return draw.choice(world.customers)


def _own_cards(world: World, who: Person) -> list[Card]:
    return [card for card in world.store.all(Card) if card.customer_id == who.id]


def _a_payment(world: World, draw: Random, *statuses: PaymentStatus) -> Payment | None:
    found = [one for one in world.store.all(Payment) if not statuses or one.status in statuses]
    return one_of(draw, sorted(found, key=lambda one: one.payment_id)[-8:])


def a_ticket(world: World, draw: Random, *statuses: TicketStatus) -> Ticket | None:
    """Return a ticket in one of these states, or in any."""
    found = [one for one in world.store.all(Ticket) if not statuses or one.status in statuses]
    return one_of(draw, sorted(found, key=lambda one: one.ticket_id))


def book(world: World, draw: Random) -> None:
    """Reserve tickets of one or two categories, some of them for dependents."""
    who, event_id = _buyer(world, draw), draw.choice(world.event_ids)
    shown = world.send("GET", f"{_API}/public/events/{event_id}/", token=None)
    if shown.status != 200:
        return
    offered = shown.json["ticket_categories"]
    chosen = draw.sample(offered, min(len(offered), draw.choice((1, 1, 2))))
    body: dict[str, Any] = {
        "event_id": event_id,
        "items": [{"category_id": one["id"], "quantity": draw.choice((1, 1, 2, 2, 3))} for one in chosen],
    }
    answer = world.send("GET", f"{_API}/users/dependents/", token=world.token(who))
    family = answer.json["results"] if answer.status == 200 else []
    if family and draw.random() < 0.6:
        child = draw.choice(family)
        body["items"][0]["holders"] = [{"name": child["name"], "dependent_id": child["id"]}]
    cards = _own_cards(world, who)
    if cards and draw.random() < 0.3:
        body["card_id"] = draw.choice(cards).card_id
    world.ask(draw, "POST", f"{_API}/tickets/book/", body, token=world.token(who))


def buy(world: World, draw: Random) -> None:
    """Reserve, pay and confirm at once."""
    book(world, draw)
    pay(world, draw)
    confirm(world, draw)


def pay(world: World, draw: Random) -> None:
    """Begin a payment of an order."""
    found = sorted(world.store.all(Order), key=lambda one: one.order_id)
    reserved = [one for one in found if one.status is OrderStatus.RESERVED]
    order = one_of(draw, reserved[-3:] or found[-3:])
    who = order and _whose(world, order.customer_id)
    if not order or not who:
        return
    body = {"booking_id": order.order_id, "method": draw.choice(("card", "card", "card", "wallet"))}
    if body["method"] == "card":
        body["payment_token"] = draw.choice(("tok_ok", "tok_ok", "tok_ok", "tok_declined", "tok_timeout", "tok_3ds"))
    elif cards := _own_cards(world, who):
        body["card_id"] = draw.choice(cards).card_id
    world.ask(draw, "POST", f"{_API}/payments/process/", body, token=world.token(who))


def confirm(world: World, draw: Random) -> None:
    """Confirm a payment; where the provider does not answer, as often as a customer would."""
    payment = _a_payment(world, draw, PaymentStatus.REQUIRES_CONFIRMATION) or _a_payment(world, draw)
    who = payment and _whose(world, payment.customer_id)
    if not payment or not who:
        return
    for _ in range(3):
        body = {"payment_id": payment.payment_id}
        answer = world.send("POST", f"{_API}/payments/confirm/", body, token=world.token(who), may_fail=True)
        if answer.status != 503:
            return


def drop(world: World, draw: Random) -> None:
    """Give a reservation back."""
    order = one_of(draw, sorted(world.store.all(Order), key=lambda one: one.order_id)[-4:])
    if order and (who := _whose(world, order.customer_id)):
        world.ask(draw, "DELETE", f"{_API}/users/bookings/{order.order_id}/", token=world.token(who))


def hand_on(world: World, draw: Random) -> None:
    """Transfer a ticket to another customer."""
    ticket = a_ticket(world, draw, TicketStatus.VALID)
    who = ticket and _whose(world, str(ticket.customer_id))
    if ticket and who:
        body = {"mobile_number": _buyer(world, draw).number, "message": "For you"}
        world.ask(draw, "POST", f"{_API}/users/tickets/{ticket.ticket_id}/transfer/", body, token=world.token(who))


def gift(world: World, draw: Random) -> None:
    """Gift a ticket to a new number, to a customer's, or take it back."""
    ticket = a_ticket(world, draw, TicketStatus.VALID)
    who = ticket and _whose(world, str(ticket.customer_id))
    if ticket and who:
        number = draw.choice((world.phone("5"), who.number, _buyer(world, draw).number))
        world.told.add(str(number))
        body = {"mobile_number": number, "name": "Somebody"}
        world.ask(draw, "POST", f"{_API}/users/tickets/{ticket.ticket_id}/gift/", body, token=world.token(who))


def register(world: World, draw: Random) -> None:
    """Register the number that a gift waits for, or another one."""
    waiting = [one for one in world.store.all(Gift) if one.status is GiftStatus.PENDING]
    number = draw.choice(sorted(world.told)) if waiting and world.told else world.phone("6")
    if len(world.customers) >= 8 or any(one.number == number for one in world.customers):
        return
    body = {"mobile_number": number, "password": PASSWORD, "name": "Esha Malik"}
    begun = world.send("POST", f"{_API}/users/register/", body, token=None)
    if begun.status != 202:
        return
    world.work()
    sent = [message for message in world.codes if message.to == number and has_code({"body": message.body})]
    if not sent:
        return
    proof = {"challenge_id": begun.json["challenge_id"], "otp": code_in({"body": sent[-1].body})}
    answer = world.ask(draw, "POST", f"{_API}/users/verify-otp/", proof, token=None)
    if answer.status == 201:
        world.customers.append(Person(accounts.get(answer.json["customer"]["id"]), number))


def return_ticket(world: World, draw: Random) -> None:
    """Request a refund."""
    ticket = a_ticket(world, draw, TicketStatus.VALID)
    who = ticket and _whose(world, str(ticket.customer_id))
    if ticket and who:
        path = f"{_API}/users/tickets/{ticket.ticket_id}/refund-request/"
        world.ask(draw, "POST", path, {"reason": "I fell ill."}, token=world.token(who))


def add_child(world: World, draw: Random) -> None:
    """Add a dependent, perhaps with a card, or remove one."""
    who = _buyer(world, draw)
    answer = world.send("GET", f"{_API}/users/dependents/", token=world.token(who))
    if answer.status != 200:
        return
    family = answer.json["results"]
    if family and draw.random() < 0.3:
        path = f"{_API}/users/dependents/{draw.choice(family)['id']}/"
        world.ask(draw, "DELETE", path, token=world.token(who))
        return
    body = {"name": "Sara Khan", "relation": "daughter"}
    if (cards := _own_cards(world, who)) and draw.random() < 0.5:
        body["card_id"] = draw.choice(cards).card_id
    world.ask(draw, "POST", f"{_API}/users/dependents/", body, token=world.token(who))


def get_card(world: World, draw: Random) -> None:
    """Collect a card at a shop, by a code; some give up halfway."""
    who, shop = _buyer(world, draw), draw.choice(world.merchants)
    stock = [one for one in world.store.all(Card) if one.merchant_id == shop.id and one.status is CardStatus.STOCK]
    card = one_of(draw, stock)
    if not card:
        return
    body = {"customer_id": who.id, "card_uid": card.uid, "fee_collected": True}
    held = world.ask(draw, "POST", "/api/merchant/assign-card/", body, token=world.token(shop))
    if held.status != 201 or draw.random() < 0.2:
        return
    world.work()
    sent = [message for message in world.codes if message.to == who.number and has_code({"body": message.body})]
    if not sent:
        return
    proof = {"assignment_id": held.json["assignment_id"], "otp": code_in({"body": sent[-1].body})}
    world.ask(draw, "POST", "/api/merchant/verify-customer-otp/", proof, token=world.token(shop))


def prove_late(world: World, draw: Random) -> None:
    """Give a shop a code again, also one that was used or has expired."""
    assignment = one_of(draw, world.store.all(Assignment))
    shop = assignment and next((one for one in world.merchants if one.id == assignment.merchant_id), None)
    sent = [message for message in world.codes if has_code({"body": message.body})]
    if assignment and shop and sent:
        proof = {"assignment_id": assignment.assignment_id, "otp": code_in({"body": sent[-1].body})}
        world.ask(draw, "POST", "/api/merchant/verify-customer-otp/", proof, token=world.token(shop))


def reload_card(world: World, draw: Random) -> None:
    """Begin a reload of a card, and perhaps confirm it."""
    who = _buyer(world, draw)
    card = one_of(draw, _own_cards(world, who))
    if not card:
        return
    body = {
        "amount": draw.choice(("2500.00", "5000.00", "99.99")),
        "payment_token": draw.choice(("tok_ok", "tok_timeout")),
    }
    path = f"{_API}/users/nfc-cards/{card.card_id}/reload/"
    world.ask(draw, "POST", path, body, token=world.token(who))
    if draw.random() < 0.7:
        confirm(world, draw)


def fill_by_itself(world: World, draw: Random) -> None:
    """Set the automatic reload of a card, or switch it off."""
    who = _buyer(world, draw)
    card = one_of(draw, _own_cards(world, who))
    if card:
        means = draw.choice(("tok_ok", "tok_ok", "tok_declined", "tok_3ds"))
        body = {"enabled": draw.random() < 0.8, "threshold": "2000.00", "amount": "3000.00", "payment_token": means}
        path = f"{_API}/users/nfc-cards/{card.card_id}/auto-reload-settings/"
        world.ask(draw, "POST", path, body, token=world.token(who))


def lose_card(world: World, draw: Random) -> None:
    """Report a card lost."""
    who = _buyer(world, draw)
    if card := one_of(draw, _own_cards(world, who)):
        path = f"{_API}/users/nfc-cards/{card.card_id}/block/"
        world.ask(draw, "POST", path, {"reason": "lost"}, token=world.token(who))


def request_card(world: World, draw: Random) -> None:
    """Request a card by post."""
    body = {"delivery": "post", "address": {"line1": "12 Mall Road", "city": "Lahore"}}
    world.ask(draw, "POST", f"{_API}/users/nfc-cards/request/", body, token=world.token(_buyer(world, draw)))


def wait_a_little(world: World, draw: Random) -> None:
    """Let seconds or minutes pass without a sweep."""
    world.time.move_to(world.time.moment + timedelta(seconds=draw.choice((1, 3, 30, 200, 660))))


def wait(world: World, draw: Random) -> None:
    """Let minutes, hours or days pass, and what falls due in them."""
    hours = draw.choice((0.05, 0.2, 0.3, 1, 3, 12, 30, 24 * 8))
    world.pass_time(timedelta(hours=hours), draw)


def require_shut_out(world: World, who: Person) -> None:
    """Require that somebody who is shut out has no access: neither by their token nor by their session."""
    answer = world.send("GET", f"{_API}/users/me/", token=who.old_token)
    require(answer.status in (401, 403), "who is shut out has no access", who.id, answer.text)
    again = world.send("POST", f"{_API}/users/token/refresh/", {"refresh": who.old_refresh}, token=None)
    require(again.status in (401, 403), "who is shut out gets no token", who.id, again.text)
