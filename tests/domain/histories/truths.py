"""The rules that hold on what is stored, at each moment and where all is done."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from chalicelib.domain.audit.verification import Walk
from chalicelib.domain.ledger import account_names
from chalicelib.table.items import (
    AccountTotal,
    Card,
    CardBalance,
    CardEntry,
    Category,
    Journal,
    NumberedTicket,
    Order,
    Payment,
    RefundRequest,
    SandboxCharge,
    SandboxPayout,
    Stock,
    Ticket,
)
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.payments import OrderStatus, PaymentStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketStatus
from tests.domain.histories.world import World, require
from tests.support import wallets

_TAKEN = (PaymentStatus.SUCCEEDED, PaymentStatus.REFUND_DUE, PaymentStatus.REFUNDED)


def check(world: World) -> None:
    """Require each rule that holds whenever the background has nothing to do."""
    _books(world)
    _nobody_gets_more_back(world)
    _stock(world)
    _orders(world)
    _cards(world)
    _numbers(world)


def check_end(world: World) -> None:
    """Require what holds when all that was due is done and every callback has arrived."""
    check(world)
    _nothing_is_stuck(world)
    _provider(world)
    require(Walk().run(), "the audit log verifies")


def _books(world: World) -> None:
    found = wallets.Books()
    found.journals = world.store.all(Journal)
    found.balances = {one.uid: one for one in world.store.all(CardBalance)}
    for line in sorted(world.store.all(CardEntry), key=lambda one: one.number):
        found.lines[line.uid].append(line)
    for total in world.store.all(AccountTotal):
        found.totals[total.account, total.currency] += total.amount
    found.statuses = {one.uid: one.status for one in world.store.all(Card)}
    try:
        wallets.assert_balanced(found)
    except AssertionError as wrong:
        require(not wrong, "the books balance", str(wrong))


def balances(world: World) -> Counter[str]:
    """Return the balance of each account, by its entries."""
    sums: Counter[str] = Counter()
    for journal in world.store.all(Journal):
        for entry in journal.entries:
            sums[entry["account"]] += int(entry["amount"])
    return sums


def _nobody_gets_more_back(world: World) -> None:
    charges = {one.reference: one for one in world.store.all(SandboxCharge)}
    granted: Counter[str] = Counter()
    for payment in world.store.all(Payment):
        charge = charges.get(payment.provider_reference or "")
        if charge is not None:
            back = int(charge.refunded or 0) + sum(_disputed([payment]))
            require(back <= charge.amount, "no more goes back than was charged", payment.payment_id, payment.moves)
        if payment.status in _TAKEN:
            require(0 <= int(payment.refunded) <= payment.amount, "no refund exceeds its payment", payment.payment_id)
    tickets = {one.ticket_id: one for one in world.store.all(Ticket)}
    for asked in world.store.all(RefundRequest):
        if asked.status in (RefundRequestStatus.APPROVED, RefundRequestStatus.REFUNDED):
            granted[asked.ticket_id] += asked.amount
    for ticket_id, amount in granted.items():
        if ticket_id in tickets:
            require(amount <= int(tickets[ticket_id].price or 0), "no ticket is refunded twice", ticket_id, amount)


def _stock(world: World) -> None:
    kept: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for shard in world.store.all(Stock):
        counts = {name: int(getattr(shard, name)) for name in ("capacity", "free", "reserved", "sold", "returned")}
        require(min(counts.values()) >= 0, "no stock is negative", shard.category_id, counts)
        kept[shard.event_id, shard.category_id].update(counts)
    states: dict[str, Counter[TicketStatus]] = defaultdict(Counter)
    for ticket in world.store.all(Ticket):
        states[str(ticket.category_id)][ticket.status] += 1
    for category in world.store.all(Category):
        counts = kept[category.event_id, category.category_id]
        require(
            counts["free"] + counts["reserved"] + counts["sold"] == counts["capacity"] == category.capacity,
            "stock adds up to the capacity",
            category.category_id,
            category.capacity,
            counts,
        )
        seen = states[category.category_id]
        require(
            (counts["sold"], counts["reserved"]) == (_sold(seen), seen[TicketStatus.RESERVED]),
            "stock agrees with the tickets",
            category.category_id,
            dict(counts),
            dict(seen),
        )


def _sold(states: Counter[TicketStatus]) -> int:
    """Return how many tickets are sold; the seat of one that staff cancelled stays sold."""
    return states[TicketStatus.VALID] + states[TicketStatus.CANCELLED]


def _orders(world: World) -> None:
    paid: dict[str, list[Payment]] = defaultdict(list)
    for payment in world.store.all(Payment):
        if payment.order_id and payment.receipt_number and payment.taken is None:
            paid[payment.order_id].append(payment)
    tickets: dict[str, list[Ticket]] = defaultdict(list)
    for ticket in world.store.all(Ticket):
        tickets[str(ticket.order_id)].append(ticket)
    for order in world.store.all(Order):
        mine = tickets[order.order_id]
        if order.status is OrderStatus.PAID:
            by = [one for one in paid[order.order_id] if one.payment_id == order.payment_id]
            require(len(by) == 1 and by[0].amount == order.total, "a paid order has its payment", order.order_id, by)
            require(len(mine) == len(order.tickets), "a paid order has its tickets", order.order_id, len(mine))
            fit = {TicketStatus.VALID, TicketStatus.REFUNDED, TicketStatus.CANCELLED}
            require({one.status for one in mine} <= fit, "a paid order has no reserved ticket", order.order_id)
        elif order.status is not OrderStatus.RESERVED:
            require(not mine, "an order that is not paid keeps no ticket", order.order_id, order.status, mine)


def _cards(world: World) -> None:
    tickets = {one.ticket_id: one for one in world.store.all(Ticket)}
    opened: Counter[str] = Counter()
    for card in world.store.all(Card):
        if card.status is not CardStatus.ACTIVE:
            continue
        for event_id, ticket_ids in card.tickets.items():
            for ticket_id in ticket_ids:
                opened[ticket_id] += 1
                ticket = tickets.get(ticket_id)
                if ticket is None or ticket.status is not TicketStatus.VALID:
                    continue
                require(ticket.event_id == event_id, "a card opens tickets of its events", card.uid, ticket_id)
                owner = card.customer_id
                require(ticket.customer_id == owner, "a card opens its owner's tickets", card.uid, ticket_id, owner)
    require(all(times == 1 for times in opened.values()), "a ticket is on one card", opened)


def _numbers(world: World) -> None:
    seen = Counter((one.organization_id, one.prefix, one.number) for one in world.store.all(NumberedTicket))
    require(all(times == 1 for times in seen.values()), "no number is used twice", seen)


def _nothing_is_stuck(world: World) -> None:
    now = world.time.moment
    for order in world.store.all(Order):
        require(order.status is not OrderStatus.RESERVED, "no order is stuck", order.order_id, order.expires_at)
    for payment in world.store.all(Payment):
        done = (PaymentStatus.SUCCEEDED, PaymentStatus.FAILED, PaymentStatus.REFUNDED)
        # Staff decide how a refund that could not be delivered is paid.
        waits = any("failed" in move["words"] for move in (payment.moves or {}).values())
        require(waits or payment.status in done, "no payment is stuck", payment.payment_id, payment.status, now)
    for asked in world.store.all(RefundRequest):
        require(asked.status is not RefundRequestStatus.APPROVED, "no refund is stuck", asked.refund_id, asked.amount)
    given_up = list(_set_aside(world))
    require(not given_up, "nothing is given up", given_up)


def _set_aside(world: World) -> Iterator[tuple[tuple[str, str], str]]:
    for place, item in world.store.shelves().items():
        if "gsi2pk" in item.attrs and item.attrs["gsi2pk"].value == "SET_ASIDE":
            yield place, item.attrs["kind"].value


def _provider(world: World) -> None:
    """The provider holds what the books say: charges without refunds and lost disputes, less what it paid out."""
    charges = {one.reference: one for one in world.store.all(SandboxCharge)}
    held = sum(one.amount - int(one.refunded or 0) for one in charges.values() if one.status == "succeeded")
    held -= sum(_disputed(world.store.all(Payment)))
    held -= sum(one.amount for one in world.store.all(SandboxPayout) if one.status != "failed")
    sums = balances(world)
    booked = -sums[account_names.clearing("sandbox")] - sums[account_names.in_transit("sandbox")]
    require(booked == held, "the provider holds what the books say", booked, held)


def _disputed(payments: Iterable[Payment]) -> Iterator[int]:
    """Yield what disputes took of each payment, by the words that the provider has said of them."""
    for payment in payments:
        for move in (payment.moves or {}).values():
            words = set(move["words"])
            if move["kind"] == "dispute" and words & {"withdrawn", "lost"} and not words & {"won", "reinstated"}:
                yield int(move["amount"])
