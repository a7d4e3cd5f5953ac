"""Deeds of staff and organizers: events, refunds, cards, people, and the company's money."""

from datetime import timedelta
from random import Random
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import accounts
from chalicelib.table.items import (
    Card,
    CardRequest,
    Category,
    Deposit,
    Dispute,
    EditRequest,
    Event,
    Expense,
    Leftover,
    Payout,
    RefundRequest,
    Settlement,
    Withdrawal,
)
from chalicelib.vocabulary.access import AdminRole
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus
from tests.domain.histories.buyers import a_ticket
from tests.domain.histories.world import Person, World, one_of
from tests.support import paid_out
from tests.support.codes import code_in, has_code

_AMOUNTS = ("1.00", "75.50", "1500.00", "20000.00")


def _event(world: World, draw: Random) -> Event:
    event_id = draw.choice(world.event_ids)
    return next(one for one in world.store.all(Event) if one.event_id == event_id)


def _categories(world: World, event: Event) -> list[Category]:
    return [one for one in world.store.all(Category) if one.event_id == event.event_id]


def _changes(world: World, draw: Random, event: Event) -> dict[str, Any]:
    category = draw.choice(_categories(world, event))
    by = timedelta(hours=draw.choice((-3, 1, 30)))
    return draw.choice(
        (
            {"ticket_categories": [{"id": category.category_id, "capacity": draw.randint(1, 9)}]},
            {"ticket_categories": [{"id": category.category_id, "sales_end": clock.to_text(clock.now() + by)}]},
            {"ticket_categories": [{"id": category.category_id, "price": draw.choice(("0.00", "1200.00", "1999.99"))}]},
            {"ticket_categories": [{"name": f"Balcony {world.number()}", "price": "700.00", "capacity": 2}]},
            {"starts_at": clock.to_text(event.starts_at + by), "ends_at": clock.to_text(event.ends_at + by)},
            {"title": "Qawwali Nights"},
        )
    )


def change_event(world: World, draw: Random) -> None:
    """Change an event as staff, also its state."""
    event = _event(world, draw)
    more = draw.choice(
        (
            {"status": draw.choice(("live", "ended", "published", "archived"))},
            {"re_entry_allowed": draw.random() < 0.5},
            {"platform_fee_percent": 2.5},
            {"refund_deadline": clock.to_text(event.starts_at + timedelta(hours=draw.choice((-30, 2))))},
        )
    )
    changes = more if draw.random() < 0.3 else _changes(world, draw, event)
    if draw.random() < 0.3:
        changes = {**changes, "version": draw.choice((0, 1, 2))}
    world.ask(draw, "PUT", f"/api/events/{event.event_id}/", changes, token=world.admin())


def ask_change(world: World, draw: Random) -> None:
    """Ask for a change of an event as its organizer."""
    event = _event(world, draw)
    who = next(one for one in world.organizers if one.id == event.organizer_id)
    body = {"changes": _changes(world, draw, event), "reason": "The band asked for it."}
    world.ask(draw, "POST", f"/api/organizer/events/{event.event_id}/edit-request/", body, token=world.token(who))


def answer_change(world: World, draw: Random) -> None:
    """Approve or reject an organizer's request."""
    if asked := one_of(draw, world.store.all(EditRequest)):
        body = {"decision": draw.choice(("approve", "approve", "reject")), "note": "Seen."}
        world.ask(draw, "PUT", f"/api/event-edit-requests/{asked.request_id}/", body, token=world.admin())


def cancel_event(world: World, draw: Random) -> None:
    """Cancel an event with the code and the sum of a preview."""
    event = _event(world, draw)
    staff = world.staff[AdminRole.ADMIN]
    path = f"/api/events/{event.event_id}/cancellation/"
    shown = world.send("POST", path, {"dry_run": True}, token=world.token(staff))
    if shown.status != 200 or draw.random() < 0.4:
        return
    world.collect()
    sent = [one for one in world.codes if one.to == staff.account.login and has_code({"body": one.body})]
    if not sent:
        return
    body = {
        "dry_run": False,
        "reason": "Rain.",
        "refund": draw.choice(("all", "all", "none")),
        "confirm_code": code_in({"body": sent[-1].body}),
        "expected_total": shown.json["preview"]["total"],
    }
    world.ask(draw, "POST", path, body, token=world.token(staff))


def open_refund(world: World, draw: Random) -> None:
    """Open a refund for a customer, in part or in full."""
    if ticket := a_ticket(world, draw, TicketStatus.VALID):
        body: dict[str, Any] = {"ticket_id": ticket.ticket_id, "reason": "The customer fell ill."}
        if draw.random() < 0.4:
            body["amount"] = draw.choice(_AMOUNTS)
        world.ask(draw, "POST", "/api/refund-requests/", body, token=world.admin(AdminRole.SUPPORT))


def decide_refund(world: World, draw: Random) -> None:
    """Approve or reject a refund, also one that was decided before."""
    found = world.store.all(RefundRequest)
    asked = one_of(draw, [one for one in found if one.status is RefundRequestStatus.PENDING] or found)
    if asked:
        body: dict[str, Any] = {"decision": draw.choice(("approve", "approve", "approve", "reject")), "note": "Seen."}
        if body["decision"] == "approve" and draw.random() < 0.3:
            body["amount"] = draw.choice(_AMOUNTS)
        world.ask(draw, "PUT", f"/api/refund-requests/{asked.refund_id}/", body, token=world.admin())


def change_ticket(world: World, draw: Random) -> None:
    """Change a ticket: its state, its holder, or its category."""
    ticket = a_ticket(world, draw)
    if not ticket:
        return
    shown = world.send("GET", f"/api/tickets/{ticket.ticket_id}/", token=world.admin())
    if shown.status != 200:
        return
    body: dict[str, Any] = {"reason": "Asked by phone.", "version": shown.json["version"]}
    category = one_of(draw, [one for one in world.store.all(Category) if one.event_id == ticket.event_id])
    body |= draw.choice(
        (
            {"status": draw.choice(("cancelled", "valid", "refunded"))},
            {"holder_name": "Fatima Noor"},
            {"category_id": category.category_id if category else None},
        )
    )
    world.ask(draw, "PUT", f"/api/tickets/{ticket.ticket_id}/", body, token=world.admin())


def hand_on(world: World, draw: Random) -> None:
    """Transfer a ticket as staff."""
    if ticket := a_ticket(world, draw):
        body = {"mobile_number": draw.choice(world.customers).number, "reason": "Asked by phone."}
        path = f"/api/tickets/{ticket.ticket_id}/transfer/"
        world.ask(draw, "POST", path, body, token=world.admin(AdminRole.SUPPORT))


def change_card(world: World, draw: Random) -> None:
    """Block a card, or put it into another state."""
    if card := one_of(draw, world.store.all(Card)):
        body = {"status": draw.choice(("blocked", "lost", "active", "stock")), "reason": "Found."}
        world.ask(draw, "PUT", f"/api/nfc-cards/{card.card_id}/", body, token=world.admin())


def replace_card(world: World, draw: Random) -> None:
    """Move balance and tickets of a card to another one."""
    found = world.store.all(Card)
    owned = [one for one in found if one.customer_id]
    spare = [one for one in found if one.status is CardStatus.STOCK]
    if owned and spare:
        old, new = draw.choice(owned), draw.choice(spare if draw.random() < 0.7 else owned)
        body = {"to_uid": new.uid, "reason": "Broken."}
        world.ask(draw, "POST", f"/api/nfc-cards/{old.card_id}/transfer/", body, token=world.admin())


def stock_cards(world: World, draw: Random) -> None:
    """Create cards for a shop, or act on some cards at once."""
    new = [f"04{world.number():012X}" for _ in range(2)]
    known = [one.uid for one in world.store.all(Card)]
    merchant_id = draw.choice(world.merchants).id
    body: dict[str, Any] = draw.choice(
        (
            {"action": "create", "cards": new, "merchant_id": merchant_id},
            {"action": "create", "cards": new, "merchant_id": merchant_id},
            {"action": "assign_merchant", "cards": draw.sample(known, min(2, len(known))), "merchant_id": merchant_id},
            {"action": "block", "cards": draw.sample(known, min(2, len(known))), "reason": "Stolen."},
            {"action": "activate", "cards": draw.sample(known, min(2, len(known))), "reason": "Found."},
        )
    )
    world.ask(draw, "POST", "/api/nfc-cards/bulk/", body, token=world.admin())


def answer_card_request(world: World, draw: Random) -> None:
    """Answer a request for a card, also by sending one."""
    spare = [one for one in world.store.all(Card) if one.status is CardStatus.STOCK]
    if asked := one_of(draw, world.store.all(CardRequest)):
        action = draw.choice(("approve", "send", "send", "reject"))
        body: dict[str, Any] = {"action": action, "reason": "Seen."}
        if action == "send" and spare:
            body["card_uid"] = draw.choice(spare).uid
        world.ask(draw, "PUT", f"/api/card-requests/{asked.request_id}/", body, token=world.admin())


def return_leftovers(world: World, draw: Random) -> None:
    """Pay leftover money back, or make a link by which it is claimed."""
    if left := world.store.all(Leftover):
        body = {"ids": [draw.choice(left).leftover_id], "action": draw.choice(("pay_back", "claim_link"))}
        world.ask(draw, "POST", "/api/finances/unclaimed/", body, token=world.admin())


def answer_dispute(world: World, draw: Random) -> None:
    """Accept or contest a dispute."""
    if found := one_of(draw, world.store.all(Dispute)):
        body = {"action": draw.choice(("accept", "contest")), "evidence": "It was scanned."}
        world.ask(draw, "PUT", f"/api/disputes/{found.dispute_id}/", body, token=world.admin())


def suspend(world: World, draw: Random) -> None:
    """Suspend or block a customer, or lift that again."""
    who = draw.choice(world.customers)
    status = draw.choice(("suspended", "blocked")) if who.shut_since is None else "active"
    world.token(who)
    path = f"/api/customers/{who.id}/status/"
    answer = world.ask(draw, "PUT", path, {"status": status, "reason": "Charge-backs."}, token=world.admin())
    if answer.status == 200:
        if status == "active":
            who.shut_since = None
            world.forget_tokens(who)
        elif who.shut_since is None:
            who.shut_since = world.time.moment


def erase(world: World, draw: Random) -> None:
    """Erase a customer, by force or not."""
    if len(world.customers) < 4:
        return
    who = draw.choice(world.customers)
    world.token(who)
    force = "?force=true" if draw.random() < 0.5 else ""
    answer = world.ask(draw, "DELETE", f"/api/customers/{who.id}/{force}", token=world.admin())
    if answer.status < 300:
        who.shut_since = who.shut_since or world.time.moment
        world.customers.remove(who)
        world.gone.append(who)


def renumber(world: World, draw: Random) -> None:
    """Give a customer another number as staff."""
    who = draw.choice(world.customers)
    shown = world.send("GET", f"/api/customers/{who.id}/", token=world.admin())
    if shown.status != 200:
        return
    number = draw.choice((world.phone("7"), draw.choice(world.customers).number))
    body = {"mobile_number": number, "version": shown.json["version"]}
    answer = world.ask(draw, "PUT", f"/api/customers/{who.id}/", body, token=world.admin())
    if answer.status == 200:
        who.number, who.account = str(number), accounts.get(who.id)
        world.forget_tokens(who)


def replace_usher(world: World, draw: Random) -> None:
    """Deactivate an usher, and hire another one."""
    event_id = draw.choice(world.event_ids)
    old = draw.choice(world.ushers[event_id])
    token = world.token(old, event_id)
    if world.ask(draw, "DELETE", f"/api/users/{old.id}/", token=world.admin()).status >= 300:
        return
    old.shut_since, old.old_token = world.time.moment, token
    world.ushers[event_id].remove(old)
    world.gone.append(old)
    body = {
        "type": "usher",
        "name": "Usher",
        "username": f"usher{world.number()}",
        "password": "a long enough password",
        "roles": ["ushering", "leave_desk"],
        "event_ids": [event_id],
    }
    made = world.ask(draw, "POST", "/api/users/", body, token=world.admin())
    if made.status == 201:
        world.ushers[event_id].append(Person(accounts.get(made.json["id"])))


def settle(world: World, draw: Random) -> None:
    """Close the books of an event."""
    body = {"event_id": draw.choice(world.event_ids)}
    world.ask(draw, "POST", "/api/finances/settlements/", body, token=world.admin(AdminRole.FINANCE))


def pay_out(world: World, draw: Random) -> None:
    """Act on a payout, or make another one for a settlement."""
    token = draw.choice((world.admin(AdminRole.FINANCE), world.other_admin()))
    payout = one_of(draw, world.store.all(Payout))
    closed = one_of(draw, world.store.all(Settlement))
    if payout and draw.random() < 0.8:
        body = {"action": draw.choice(("approve", "approve", "hold", "release", "cancel", "retry"))}
        world.ask(draw, "PUT", f"/api/payouts/{payout.payout_id}/", body, token=token)
    elif closed:
        body = {"settlement_id": f"stl_{closed.event_id.removeprefix('evt_')}"}
        world.ask(draw, "POST", "/api/payouts/", body, token=token)


def give_account(world: World, draw: Random) -> None:
    """Change an organizer's bank account: some banks fail, pend or decline."""
    body = {
        "bank_account": {"title": "Lahore Live", "iban": paid_out.iban(draw.choice(("02", "91", "92", "93", "94")))}
    }
    world.ask(draw, "PUT", "/api/organizer/profile/", body, token=world.token(draw.choice(world.organizers)))


def keep_books(world: World, draw: Random) -> None:
    """Enter, change or take back an expense or a deposit."""
    token = world.admin(AdminRole.FINANCE)
    day = (clock.now() - timedelta(days=draw.choice((0, 1, 40)))).date().isoformat()
    expense, deposit = one_of(draw, world.store.all(Expense)), one_of(draw, world.store.all(Deposit))
    way = draw.choice(("spend", "change", "delete", "receive", "reverse"))
    if way == "spend":
        body = {"category": "Rent", "amount": draw.choice(_AMOUNTS), "description": "Office", "incurred_on": day}
        world.ask(draw, "POST", "/api/expenses/", body, token=token)
    elif way == "change" and expense:
        body = {"amount": draw.choice(_AMOUNTS), "incurred_on": day}
        world.ask(draw, "PUT", f"/api/expenses/{expense.expense_id}/", body, token=token)
    elif way == "delete" and expense:
        world.ask(draw, "DELETE", f"/api/expenses/{expense.expense_id}/", token=token)
    elif way == "receive":
        body = {"amount": draw.choice(_AMOUNTS), "source": "Partner", "received_on": day, "reference": "T 1"}
        world.ask(draw, "POST", "/api/finances/deposits/", body, token=token)
    elif way == "reverse" and deposit:
        world.ask(draw, "POST", "/api/finances/deposits/", {"reverses": deposit.deposit_id}, token=token)


def withdraw(world: World, draw: Random) -> None:
    """Withdraw profit, or decide about a withdrawal."""
    waiting = one_of(draw, world.store.all(Withdrawal))
    if waiting and draw.random() < 0.6:
        body = {"withdrawal_id": waiting.withdrawal_id, "decision": draw.choice(("approve", "approve", "reject"))}
        token = draw.choice((world.admin(), world.other_admin()))
    else:
        body = {"partner": draw.choice(("Ayesha", "Bilal")), "amount": draw.choice(_AMOUNTS)}
        token = world.admin()
    world.ask(draw, "POST", "/api/finances/profit-withdrawals/", body, token=token)
