"""What each role is shown agrees with what is stored: lists with items, and sums with lists."""

from collections import Counter
from typing import Any

from chalicelib.domain.lists.tickets import shown_status
from chalicelib.domain.organizations import organizations
from chalicelib.table.items import (
    Account,
    Card,
    CardBalance,
    Category,
    Counters,
    Event,
    NumberedTicket,
    Order,
    Payment,
    Payout,
    RefundRequest,
    Scan,
    Settlement,
    Ticket,
)
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal
from chalicelib.vocabulary.cards import CardStatus
from chalicelib.vocabulary.gate import Direction, ScanKind
from chalicelib.vocabulary.payments import OrderStatus
from chalicelib.vocabulary.payouts import PayoutStatus
from chalicelib.vocabulary.tickets import RefundRequestStatus, TicketShown, TicketStatus
from tests.domain.histories.buyers import require_shut_out
from tests.domain.histories.world import World, require
from tests.support import books, numbered


def check(world: World) -> None:
    """Require that everybody is shown what is stored, once the background has nothing to do."""
    _gates(world)
    _staff(world)
    _customers(world)
    _organizers(world)
    _company(world)
    _numbers(world)
    _who_is_gone(world)


def _minor(shown: dict[str, Any]) -> int:
    return round(float(shown["amount"]) * 100)


def _same(rule: str, shown: object, stored: object, *where: object) -> None:
    require(shown == stored, rule, "shown", shown, "stored", stored, *where)


def _gates(world: World) -> None:
    """Each scan is counted once, and the totals agree with the log and the tickets."""
    for counters in world.store.all(Counters):
        event_id = counters.pk.partition("#")[2]
        if event_id not in world.event_ids:
            continue
        scans = [one for one in world.store.all(Scan) if one.event_id == event_id]
        issued = [one for one in world.store.all(Ticket) if one.event_id == event_id]
        results = Counter(str(one.result) for one in scans)
        admitted = [one for one in issued if one.admission is not None]
        inside = sum(one.presence == "inside" for one in issued)
        names = ("valid", "invalid", "already_scanned", "not_found")
        told = {name: int(getattr(counters, f"result_{name}")) for name in names}
        _same("each scan is counted once", told, {name: results[name] for name in names}, event_id)
        heads = {"admitted": int(counters.admitted), "inside": int(counters.inside), "on_leave": int(counters.on_leave)}
        true = {"admitted": len(admitted), "inside": inside, "on_leave": len(admitted) - inside}
        _same("the head count is the entries without the exits", heads, true, event_id)
        first = Counter(one.ticket_id for one in scans if one.result == "valid" and one.first_entry)
        _same("a ticket enters first once", first, Counter(one.ticket_id for one in admitted), event_id)
        for ticket in issued:
            _passes_one_by_one([one for one in scans if one.ticket_id == ticket.ticket_id], ticket)
        usher = world.ushers[event_id][0]
        shown = world.read(f"/api/usher/events/{event_id}/status/", token=world.token(usher, event_id))
        _same("an usher sees the head count", shown["admitted"], len(admitted), event_id)
        log = world.rows(f"/api/logs/checkin/?event_id={event_id}", token=world.admin(AdminRole.USHER_MANAGER))
        _same("the log has each scan", sorted(one["scan_id"] for one in log), sorted(one.scan_id for one in scans))


def _passes_one_by_one(scans: list[Scan], ticket: Ticket) -> None:
    """Require that a ticket enters only while it is outside, and leaves only while it is inside."""
    passed = [one for one in scans if one.result == "valid" and not (one.idle or one.repeat or one.error)]
    is_inside = False
    for one in sorted(passed, key=lambda one: (one.scanned_at, one.log_id)):
        goes_in = one.direction is Direction.ENTRY and one.scan_kind is not ScanKind.LEAVE
        told = [(str(each.direction), str(each.scan_kind), each.scanned_at, each.scan_id) for each in passed]
        require(goes_in is not is_inside, "a ticket admits once at a time", ticket.ticket_id, told)
        is_inside = goes_in
    require(is_inside == (ticket.presence == "inside"), "a ticket is where it last went", ticket.ticket_id)


def _staff(world: World) -> None:
    admin = world.admin()
    rows = world.rows("/api/tickets/", token=admin)
    stored = {one.ticket_id: one for one in world.store.all(Ticket)}
    _same("staff see each ticket", sorted(one["id"] for one in rows), sorted(stored))
    for row in rows:
        one = stored[row["id"]]
        _same("staff see a ticket's state", row["status"], shown_status(one), row["id"])
        _same("staff see whose it is", row["customer_id"], one.customer_id, row["id"])
    cards = world.rows("/api/nfc-cards/", token=admin)
    _same(
        "staff see each card",
        sorted((one["uid"], one["status"], one["customer_id"]) for one in cards),
        sorted((one.uid, str(one.status), one.customer_id) for one in world.store.all(Card)),
    )
    asked = world.rows("/api/refund-requests/", token=admin)
    _same(
        "staff see each refund",
        sorted((one["id"], one["status"]) for one in asked),
        sorted((one.refund_id, str(one.status)) for one in world.store.all(RefundRequest)),
    )
    payouts = world.rows("/api/payouts/", token=admin)
    _same(
        "staff see each payout",
        sorted((one["id"], one["status"], _minor(one["net"])) for one in payouts),
        sorted((one.payout_id, str(one.status), int(one.net)) for one in world.store.all(Payout)),
    )
    closed = world.rows("/api/finances/settlements/", token=admin)
    _same("staff see each settlement", len(closed), len(world.store.all(Settlement)))
    _dashboard(world, admin)


def _dashboard(world: World, admin: str) -> None:
    shown = world.read("/api/dashboard/stats/", token=admin)
    paid = [one for one in world.store.all(Order) if one.status is OrderStatus.PAID]
    people = [one for one in world.store.all(Account) if one.portal is Portal.WEBAPP]
    gone = AccountStatus.DEACTIVATED
    _same("the dashboard counts customers", shown["customers"], sum(one.status is not gone for one in people))
    _same("the dashboard adds up revenue", _minor(shown["revenue"]), sum(one.total for one in paid))
    active = sum(one.status is CardStatus.ACTIVE for one in world.store.all(Card))
    _same("the dashboard counts cards", shown["active_cards"], active)
    waiting = (RefundRequestStatus.PENDING, RefundRequestStatus.AWAITING_SECOND)
    pending = sum(one.status in waiting for one in world.store.all(RefundRequest))
    _same("the dashboard counts refunds that wait", shown["pending"]["refunds"], pending)
    returned = (RefundRequestStatus.APPROVED, RefundRequestStatus.REFUNDED)
    refunded = sum(one.status in returned for one in world.store.all(RefundRequest))
    sold = sum(len(one.tickets) for one in paid) - refunded
    _same("the dashboard counts tickets", shown["tickets_sold"], sold)


def _customers(world: World) -> None:
    cards, balances = world.store.all(Card), {one.uid: one for one in world.store.all(CardBalance)}
    for who in world.customers:
        if who.shut_since is not None:
            continue
        token = world.token(who)
        rows = world.rows("/api/v1/users/tickets/", token=token)
        theirs = [one for one in world.store.all(Ticket) if one.customer_id == who.id and not _has_run_out(one)]
        _same(
            "a customer sees their tickets",
            sorted((one["id"], one["status"]) for one in rows),
            sorted((one.ticket_id, str(shown_status(one))) for one in theirs),
            who.id,
        )
        own = [one for one in cards if one.customer_id == who.id]
        listed = world.rows("/api/v1/users/nfc-cards/", token=token)
        _same(
            "a customer sees their cards",
            sorted((one["uid"], one["status"], _minor(one["balance"])) for one in listed),
            sorted(
                (one.uid, str(one.status), int(balances[one.uid].amount) if one.uid in balances else 0) for one in own
            ),
            who.id,
        )
        for card in own:
            lines = world.rows(f"/api/v1/users/nfc-cards/{card.card_id}/transactions/", token=token)
            amount = int(balances[card.uid].amount) if card.uid in balances else 0
            _same("a card's statement adds up", sum(_minor(one["amount"]) for one in lines), amount, card.uid)
        paid = world.rows("/api/v1/users/payment-history/", token=token)
        mine = [one for one in world.store.all(Payment) if one.customer_id == who.id]
        _same(
            "a customer sees their payments",
            sorted((one["id"], _minor(one["amount"])) for one in paid),
            sorted((one.payment_id, int(one.amount)) for one in mine),
            who.id,
        )


def _has_run_out(ticket: Ticket) -> bool:
    """Whether a ticket is of a reservation that ran out and is not swept yet."""
    return ticket.status is TicketStatus.RESERVED and shown_status(ticket) is TicketShown.CANCELLED


def _organizers(world: World) -> None:
    for who in world.organizers:
        token = world.token(who)
        events = [one for one in world.store.all(Event) if one.organizer_id == who.id]
        paid = [one for one in world.store.all(Order) if one.status is OrderStatus.PAID]
        shown = world.read("/api/organizer/dashboard/stats/", token=token)
        mine = [one for one in paid if one.organizer_id == who.id]
        _same(
            "an organizer's revenue is their orders", _minor(shown["revenue"]), sum(one.total for one in mine), who.id
        )
        rows = world.rows("/api/organizer/events/", token=token)
        _same(
            "an organizer sees their events", sorted(one["id"] for one in rows), sorted(one.event_id for one in events)
        )
        sold = 0
        for row in rows:
            page = world.read(f"/api/organizer/events/{row['id']}/", token=token)["analytics"]
            orders = [one for one in paid if one.event_id == row["id"]]
            issued = [one for one in world.store.all(Ticket) if one.event_id == row["id"]]
            valid = sum(one.status in (TicketStatus.VALID, TicketStatus.CANCELLED) for one in issued)
            sold += page["sold"]
            _same(
                "an event's revenue is its orders", _minor(page["revenue"]), sum(one.total for one in orders), row["id"]
            )
            _same("the list says what the page says", row["sold"], page["sold"], row["id"])
            by_category = page["by_category"]
            _same("its categories add up", sum(one["sold"] for one in by_category), page["sold"], row["id"])
            _same("an event's tickets are its valid ones", page["sold"], valid, row["id"])
            capacity = sum(one.capacity for one in world.store.all(Category) if one.event_id == row["id"])
            _same("an event's capacity is its categories'", page["capacity"], capacity, row["id"])
            admitted = sum(one.admission is not None for one in issued)
            _same("an event's check-ins are its admissions", page["check_ins"]["admitted"], admitted, row["id"])
            days = page["sales_by_day"]
            _same("its days add up", sum(_minor(one["revenue"]) for one in days), _minor(page["revenue"]), row["id"])
        _same("an organizer's tickets are their events'", shown["tickets_sold"], sold, who.id)
        closed = {one.payout_id for one in world.store.all(Settlement) if one.reversed_at is None}
        owed = [one for one in world.store.all(Payout) if one.payout_id in closed and one.organizer_id == who.id]
        due = sum(int(one.net) for one in owed if one.status is not PayoutStatus.PAID)
        _same("an organizer sees what is to come", _minor(shown["pending_payouts"]), due, who.id)


def _company(world: World) -> None:
    shown = world.read(
        "/api/finances/company/?date_from=2027-01-01&date_to=2027-12-31", token=world.admin(AdminRole.FINANCE)
    )
    true = books.figures()
    names = (
        "ticket_revenue",
        "card_fees",
        "platform_fees",
        "refunds",
        "expenses",
        "payouts",
        "deposits",
        "withdrawals",
        "net_profit",
    )
    _same("the company's figures are the journal's", {n: _minor(shown[n]) for n in names}, {n: true[n] for n in names})


def _numbers(world: World) -> None:
    owner = world.tix[0]
    stats = world.read("/api/tix/reports/stats", token=world.token(owner))
    there = world.store.all(NumberedTicket)
    rows = world.read("/api/tix/tickets?limit=1000", token=world.token(owner))
    _same("its list and its report agree", rows["total"], stats["total"])
    _same("its list has its rows", len(rows["tickets"]), rows["total"], len(there))
    try:
        numbered.assert_reports_are_true(organizations.get(owner.account.organization_id).organization_id)
    except AssertionError as wrong:
        require(not wrong, "its reports are its tickets", str(wrong))


def _who_is_gone(world: World) -> None:
    for who in [*world.gone, *world.customers]:
        if who.shut_since is None or (world.time.moment - who.shut_since).total_seconds() < 61:
            continue
        if who.account.portal is Portal.WEBAPP:
            require_shut_out(world, who)
        else:
            answer = world.send("GET", "/api/usher/events/", token=who.old_token)
            require(answer.status in (401, 403), "who is shut out has no access", who.id, answer.text)
