"""Deeds of an organization that numbers its own tickets."""

from random import Random
from typing import Any

from chalicelib.table.items import NumberedTicket, SellerBatch
from tests.domain.histories.world import World, one_of, require

_API = "/api/tix"


def generate(world: World, draw: Random) -> None:
    """Number tickets."""
    count = draw.randint(1, 6)
    body = {"count": count, "prefix": draw.choice(("RUN", "VIP"))}
    answer = world.ask(draw, "POST", f"{_API}/tickets/generate", body, token=world.token(draw.choice(world.tix)))
    if answer.status == 200:
        numbers = [int(one["number"].rpartition("-")[2]) for one in answer.json]
        require(numbers == list(range(numbers[0], numbers[0] + count)), "numbers have no gap", numbers)


def scan(world: World, draw: Random) -> None:
    """Scan a numbered ticket: it is scanned once."""
    ticket = one_of(draw, world.store.all(NumberedTicket))
    if not ticket:
        return
    name = ticket.ticket_id if draw.random() < 0.5 else f"{ticket.prefix}-{ticket.number:06d}"
    before = ticket.scanned_at
    answer = world.send("PUT", f"{_API}/tickets/{name}/scan", token=world.token(draw.choice(world.tix)))
    if answer.status == 200:
        require(before is None, "a numbered ticket is scanned once", answer.text)


def void(world: World, draw: Random) -> None:
    """Void a range, or delete a ticket or all of them."""
    ticket = one_of(draw, world.store.all(NumberedTicket))
    if not ticket:
        return
    owner = world.token(world.tix[0])
    way = draw.choice(("void", "void", "delete", "clear"))
    if way == "void":
        body = {
            "prefix": ticket.prefix,
            "from": ticket.number,
            "to": ticket.number + draw.randint(0, 2),
            "reason": "lost",
        }
        world.ask(draw, "POST", f"{_API}/tickets/void", body, token=owner)
    elif way == "delete":
        world.ask(draw, "DELETE", f"{_API}/tickets/{ticket.ticket_id}", token=owner)
    elif draw.random() < 0.3:
        world.ask(draw, "DELETE", f"{_API}/tickets?confirm=Lahore%20Marathon", token=owner)


def sell(world: World, draw: Random) -> None:
    """Hand a range to a seller, or settle with one."""
    owner, batch = world.token(world.tix[0]), one_of(draw, world.store.all(SellerBatch))
    ticket = one_of(draw, world.store.all(NumberedTicket))
    if batch and draw.random() < 0.5:
        returned = [{"from": batch.first, "to": batch.first}] if draw.random() < 0.5 else []
        body: dict[str, Any] = {"returned": returned, "cash": draw.choice(("0.00", "500.00"))}
        world.ask(draw, "PUT", f"{_API}/batches/{batch.batch_id}", body, token=owner)
    elif ticket:
        body = {
            "seller": "Bilal",
            "prefix": ticket.prefix,
            "from": ticket.number,
            "to": ticket.number + 1,
            "price": "500.00",
        }
        world.ask(draw, "POST", f"{_API}/batches", body, token=owner)
