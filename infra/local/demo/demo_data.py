"""Demo data for a local run (contract/local.md); loading it twice changes nothing."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain import ledger
from chalicelib.domain.access import accounts
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import categories, events
from chalicelib.domain.organizations import numbered_tickets, numbering, organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.errors import AlreadyExists, NotFound
from chalicelib.table import operations
from chalicelib.table.items import Account, Venue
from chalicelib.vocabulary import AdminRole, CardStatus, EntryType, Portal, UsherRole
from infra.local.demo import past_event

EVENT_ID = "evt_demo"
CARD_UID = "04A1B2C3D4E5F6"
ADMIN_EMAIL, ADMIN_PASSWORD = "admin@example.com", "demo-Admin-2026"
CUSTOMER_NUMBER, CUSTOMER_PASSWORD = "+923001000003", "demo-Customer-2026"
ORGANIZER_NUMBER, ORGANIZER_PASSWORD = "+923001000001", "demo-Organizer-2026"
MERCHANT_NUMBER, MERCHANT_PASSWORD = "+923001000002", "demo-Merchant-2026"
TIX_EMAIL, TIX_PASSWORD = "owner@tix.example.com", "demo-Tix-2026"
USHER_NAME, USHER_PASSWORD = "usher1", "demo-Usher-2026"


@dataclass(frozen=True, slots=True)
class _Guest:
    """A guest of the demo event; `ticket` is the last letter of a fixed ticket id."""

    ticket: str
    name: str
    tier: str
    labels: tuple[str, ...] = ()


_VIP = _Guest("1", "Ayesha Khan", "VIP", ("vip",))
_FAMILY = (
    _Guest("2", "Bilal Ahmed", "Standard"),
    _Guest("3", "Sara Ahmed", "Child"),
    _Guest("4", "Omar Ahmed", "Child"),
)
_FAMILY_UID = "04B1B2C3D4E5F6"
MATINEE_ID = "evt_demo_matinee"
# Name, price in minor units, how many there are.
_TIERS = (("Standard", 150_000, 500), ("VIP", 500_000, 100), ("Child", 50_000, 200))
_BALANCE = 1_000_000
# How many cards the demo merchant has to hand out.
_IN_STOCK = 12
# How many numbered tickets the demo organization has: a sheet of its paper.
_SHEET = 24
_OTHERS = (_Guest("5", "Zoë Müller", "Standard"), _Guest("6", "Hamza Siddiqui", "Standard"))


def ticket_id(suffix: str) -> str:
    """Return the fixed id of a demo ticket."""
    return f"tkt_01JDEM0000000000000000000{suffix}"


def load_first_admin() -> None:
    """Create the first administrator, where there is none."""
    with suppress(AlreadyExists):
        accounts.create_admin(email=ADMIN_EMAIL, password=ADMIN_PASSWORD, name="Demo Admin", role=AdminRole.SUPER_ADMIN)


def load() -> None:
    """Create the demo event with its log-ins, tickets and cards."""
    load_first_admin()
    organizer = _load_partners()
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    events.create(
        events.EventDraft(
            event_id=EVENT_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title="Gatehouse Demo Night",
            description="One evening, one admission each.",
            category="music",
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(days=30),
            timezone="Asia/Karachi",
            scanning_opens_at=now - timedelta(hours=1),
            children_enabled=True,
            venue=Venue(name="Alhamra Arts Centre", city="Lahore"),
            gates=["Gate 1", "Gate 2"],
        )
    )
    _load_sale(now, organizer)
    with suppress(AlreadyExists):
        accounts.create_usher(
            username=USHER_NAME,
            password=USHER_PASSWORD,
            name="Demo Usher",
            roles=[UsherRole.USHERING, UsherRole.LEAVE_DESK],
            event_ids=[EVENT_ID],
        )
    customer = _load_customer()
    customer_id = customer.account_id
    past_event.load(organizer, customer, now=now)
    for guest in (_VIP, *_FAMILY, *_OTHERS):
        owner = customer_id if guest is _VIP else None
        holder = Holder(name=guest.name, labels=list(guest.labels), customer_id=owner)
        tickets.issue(
            TicketToIssue(
                event_id=EVENT_ID,
                holder=holder,
                number=f"DEMO-{guest.ticket:0>6}",
                tier=guest.tier,
                ticket_id=ticket_id(guest.ticket),
            )
        )
    for uid, guests in ((CARD_UID, (_VIP,)), (_FAMILY_UID, _FAMILY)):
        with suppress(AlreadyExists):
            owner = customer_id if uid == CARD_UID else None
            opens = {EVENT_ID: [ticket_id(guest.ticket) for guest in guests]}
            cards.register(CardRegistration(uid=uid, customer_id=owner, tickets=opens))
    _load_balance()
    _load_organization()


def _load_sale(now: datetime, organizer: Account) -> None:
    """Create the categories of the demo event, and another event a week later."""
    events.create(
        events.EventDraft(
            event_id=MATINEE_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title="Gatehouse Matinée",
            description="An afternoon for the whole family.",
            category="family",
            starts_at=now + timedelta(days=7),
            ends_at=now + timedelta(days=7, hours=4),
            timezone="Asia/Karachi",
            children_enabled=True,
            venue=Venue(name="National Academy of Performing Arts", city="Karachi"),
            featured=True,
        )
    )
    for event_id in (EVENT_ID, MATINEE_ID):
        for place, (tier, price, capacity) in enumerate(_TIERS):
            categories.add(
                event_id,
                categories.CategoryDraft(
                    category_id=f"cat_{event_id.removeprefix('evt_')}_{tier.lower()}",
                    name=tier,
                    tier=tier,
                    price=price,
                    capacity=capacity,
                    position=place,
                ),
            )


def _load_partners() -> Account:
    """Create the demo merchant with cards in stock, and the demo organizer; return the organizer."""
    with suppress(AlreadyExists):
        accounts.create_merchant(mobile_number=MERCHANT_NUMBER, password=MERCHANT_PASSWORD, name="Liberty Books")
    with suppress(AlreadyExists):
        accounts.create_organizer(contact_mobile=ORGANIZER_NUMBER, password=ORGANIZER_PASSWORD, name="Lahore Live")
    merchant = accounts.find(Portal.MERCHANT, MERCHANT_NUMBER)
    organizer = accounts.find(Portal.ORGANIZER, ORGANIZER_NUMBER)
    if merchant is None or organizer is None:
        raise NotFound("The demo merchant and organizer were not created.")
    for number in range(_IN_STOCK):
        with suppress(AlreadyExists):
            uid = f"04D0{number:010X}"
            cards.register(CardRegistration(uid=uid, merchant_id=merchant.account_id, status=CardStatus.STOCK))
    return organizer


def _load_organization() -> None:
    """Create the demo organization with its admin and a sheet of tickets, three of them scanned."""
    with suppress(AlreadyExists):
        owner = TixRegistration(email=TIX_EMAIL, password=TIX_PASSWORD, name="Demo Owner")
        organizations.found(owner, organization="Lahore Marathon", timezone="Asia/Karachi")
    admin = accounts.find(Portal.TIX, TIX_EMAIL)
    if admin is None or admin.organization_id is None:
        raise NotFound("The demo organization was not created.")
    wanted, by = numbering.GenerationInput(_SHEET, "RUN"), admin.account_id
    made = numbering.generate(admin.organization_id, wanted, user_id=by, operation_id="op_demo_sheet")
    for ticket in numbering.as_generated(made)[:3]:
        numbered_tickets.scan(admin.organization_id, ticket.ticket_id, user_id=by, operation_id="op_demo_scan")


def _load_balance() -> None:
    """Credit the demo customer's card, once."""
    entries = [
        ledger.Posting(ledger.clearing("sandbox"), -_BALANCE),
        ledger.Posting(ledger.card(CARD_UID), _BALANCE),
    ]
    writes = ledger.post(
        ledger.Movement(
            "jrn_demo_reload", type=EntryType.RELOAD, currency=config().currency, entries=entries, references={}
        ),
        balances=[ledger.balance(CARD_UID)],
        card_entry_type=EntryType.RELOAD,
    )
    with suppress(operations.ConditionFailed):  # it was loaded before
        operations.commit(*writes)


def _load_customer() -> Account:
    """Create the demo customer and return their account."""
    with suppress(AlreadyExists):
        accounts.create_customer(mobile_number=CUSTOMER_NUMBER, password=CUSTOMER_PASSWORD, name=_VIP.name)
    customer = accounts.find(Portal.WEBAPP, CUSTOMER_NUMBER)
    if customer is None:
        raise NotFound("The demo customer was not created.")
    return customer
