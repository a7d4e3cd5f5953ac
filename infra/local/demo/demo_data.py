"""Demo data for a local run (contract/local.md); loading it twice changes nothing."""

from contextlib import suppress
from datetime import datetime, timedelta

from chalicelib import clock
from chalicelib.config import config
from chalicelib.domain.access import accounts, new_accounts, users
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import categories, events, venues
from chalicelib.domain.ledger import account_names, card_balances, journals, postings
from chalicelib.domain.money import AmountInput
from chalicelib.domain.organizations import batches, numbered_tickets, numbering, organizations
from chalicelib.domain.organizations.batches import BatchInput
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.domain.organizations.voiding import NumberSpan
from chalicelib.domain.organizers import event_drafts
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.errors import AlreadyExists, NotFound
from chalicelib.schemas.examples import demo
from chalicelib.table import operations
from chalicelib.table.items import Account, Venue
from chalicelib.vocabulary.access import AdminRole, Portal, UsherRole
from chalicelib.vocabulary.cards import CardStatus, EntryType
from infra.local.demo import campus, demo_passwords, demo_prices, past_event


def load_first_admin() -> None:
    """Create the first administrator, where there is none."""
    with suppress(AlreadyExists):
        new_accounts.create_admin(
            email=demo.ADMIN_EMAIL, password=demo_passwords.ADMIN, name=demo.ADMIN_NAME, role=AdminRole.SUPER_ADMIN
        )


def load() -> None:
    """Create the demo event with its log-ins, tickets and cards."""
    load_first_admin()
    organizer = _load_partners()
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    events.create(
        events.EventDraft(
            event_id=demo.EVENT_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title=demo.EVENT_TITLE,
            description=demo.EVENT_DESCRIPTION,
            category=demo.EVENT_CATEGORY,
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(days=30),
            timezone=demo.TIMEZONE,
            scanning_opens_at=now - timedelta(hours=1),
            children_enabled=True,
            venue=Venue(name=demo.EVENT_VENUE.name, city=demo.EVENT_VENUE.city),
            gates=list(demo.GATES),
        )
    )
    _load_sale(now, organizer)
    with suppress(AlreadyExists):
        new_accounts.create_usher(
            username=demo.USHER_USERNAME,
            password=demo_passwords.USHER,
            name=demo.USHER_NAME,
            roles=[UsherRole.USHERING, UsherRole.LEAVE_DESK],
            event_ids=[demo.EVENT_ID],
        )
    customer = _load_customer(demo.CUSTOMER_NUMBER, name=demo.CUSTOMER_NAME)
    _load_customer(demo.RELATIVE_NUMBER, name=demo.RELATIVE_NAME)
    customer_id = customer.account_id
    past_event.load(organizer, customer, now=now)
    _load_draft(now, organizer)
    card_of = {demo.HOLDER: demo.CARD_UID, **dict.fromkeys(demo.FAMILY, demo.FAMILY_UID)}
    for guest in (demo.HOLDER, *demo.FAMILY, *demo.OTHERS):
        owner = customer_id if guest is demo.HOLDER else None
        # The family's card is its father's, who has no account.
        child = f"dpd_demo_{guest.number}" if guest in demo.FAMILY[1:] else None
        holder = Holder(name=guest.name, labels=list(guest.labels), customer_id=owner, dependent_id=child)
        tickets.issue(
            TicketToIssue(
                event_id=demo.EVENT_ID,
                holder=holder,
                number=guest.number,
                tier=guest.tier,
                ticket_id=guest.ticket_id,
                card_uid=card_of.get(guest),
            )
        )
    for uid, guests in ((demo.CARD_UID, (demo.HOLDER,)), (demo.FAMILY_UID, demo.FAMILY)):
        with suppress(AlreadyExists):
            owner = customer_id if uid == demo.CARD_UID else None
            opens = {demo.EVENT_ID: [guest.ticket_id for guest in guests]}
            cards.register(CardRegistration(uid=uid, customer_id=owner, tickets=opens))
    _load_balance()
    _load_organization()
    campus.load()


def _load_sale(now: datetime, organizer: Account) -> None:
    """Create the categories of the demo event, and another event a week later."""
    events.create(
        events.EventDraft(
            event_id=demo.MATINEE_ID,
            organizer_id=organizer.account_id,
            organizer_name=organizer.name,
            title=demo.MATINEE_TITLE,
            description=demo.MATINEE_DESCRIPTION,
            category=demo.MATINEE_CATEGORY,
            starts_at=now + timedelta(days=7),
            ends_at=now + timedelta(days=7, hours=4),
            timezone=demo.TIMEZONE,
            children_enabled=True,
            venue=Venue(name=demo.MATINEE_VENUE.name, city=demo.MATINEE_VENUE.city),
            featured=True,
        )
    )
    for event_id in (demo.EVENT_ID, demo.MATINEE_ID):
        for place, tier in enumerate(demo.TIERS):
            categories.add(
                event_id,
                categories.CategoryDraft(
                    category_id=demo.category_id(event_id, tier),
                    name=tier.name,
                    tier=tier.name,
                    price=demo_prices.minor(tier.price),
                    capacity=tier.capacity,
                    position=place,
                ),
            )


def _load_draft(now: datetime, organizer: Account) -> None:
    """Create a venue, and a draft of the demo organizer that is to take place there."""
    venue = venues.add(name=demo.KNOWN_VENUE.name, city=demo.KNOWN_VENUE.city, venue_id=demo.KNOWN_VENUE_ID)
    event_drafts.create(
        organizer.account_id,
        {
            "title": demo.DRAFT_TITLE,
            "description": demo.DRAFT_DESCRIPTION,
            "category": demo.DRAFT_CATEGORY,
            "venue_id": venue.venue_id,
            "starts_at": now + timedelta(days=30),
            "ends_at": now + timedelta(days=30, hours=5),
            "timezone": demo.TIMEZONE,
            "ticket_categories": [
                {"name": tier.name, "price": demo_prices.written(tier.price), "capacity": tier.capacity}
                for tier in demo.TIERS
            ],
        },
        operation_id="op_demo_draft",
        event_id=demo.DRAFT_ID,
    )


def _load_partners() -> Account:
    """Create the demo merchant with cards in stock, and the demo organizer; return the organizer."""
    with suppress(AlreadyExists):
        new_accounts.create_merchant(
            mobile_number=demo.MERCHANT_NUMBER, password=demo_passwords.MERCHANT, name=demo.MERCHANT_NAME
        )
    with suppress(AlreadyExists):
        new_accounts.create_organizer(
            contact_mobile=demo.ORGANIZER_NUMBER, password=demo_passwords.ORGANIZER, name=demo.ORGANIZER_NAME
        )
    merchant = accounts.find(Portal.MERCHANT, demo.MERCHANT_NUMBER)
    organizer = accounts.find(Portal.ORGANIZER, demo.ORGANIZER_NUMBER)
    if merchant is None or organizer is None:
        raise NotFound("The demo merchant and organizer were not created.")
    for partner in (merchant, organizer):
        users.mark_verified(partner, by=demo.ADMIN_EMAIL)
    for number in range(demo.STOCK_COUNT):
        with suppress(AlreadyExists):
            uid = demo.stock_uid(number)
            cards.register(CardRegistration(uid=uid, merchant_id=merchant.account_id, status=CardStatus.STOCK))
    return organizer


def _load_organization() -> None:
    """Create the demo organization with its admin, a sheet of tickets, three of them scanned, and a seller's batch."""
    with suppress(AlreadyExists):
        owner = TixRegistration(email=demo.TIX_EMAIL, password=demo_passwords.TIX, name=demo.TIX_NAME)
        organizations.found(owner, organization=demo.ORGANIZATION, timezone=demo.TIMEZONE, needs_proof=False)
    admin = accounts.find(Portal.TIX, demo.TIX_EMAIL)
    if admin is None or admin.organization_id is None:
        raise NotFound("The demo organization was not created.")
    if admin.address_proven_at is None:
        # It was made by a release without proofs, and its data is kept.
        operations.record(operations.change(admin.place, [Account.address_proven_at.set(admin.created_at)]))
    wanted, by = numbering.GenerationInput(demo.SHEET_COUNT, demo.PREFIX), admin.account_id
    made = numbering.generate(admin.organization_id, wanted, user_id=by, operation_id="op_demo_sheet")
    for ticket in numbering.as_generated(made)[: demo.SCANNED_COUNT]:
        numbered_tickets.scan(admin.organization_id, ticket.ticket_id, user_id=by, operation_id="op_demo_scan")
    sold = BatchInput(
        seller=demo.SELLER,
        numbers=NumberSpan(demo.PREFIX, demo.BATCH_FIRST, demo.SHEET_COUNT),
        price=AmountInput(**demo_prices.written(demo.BATCH_PRICE)),
    )
    batches.create(admin.organization_id, sold, user_id=by, operation_id="op_demo_batch")


def _load_balance() -> None:
    """Credit the demo customer's card, once."""
    balance = demo_prices.minor(demo.BALANCE)
    entries = [
        postings.Posting(account_names.clearing("sandbox"), -balance),
        postings.Posting(account_names.card(demo.CARD_UID), balance),
    ]
    writes = journals.post(
        journals.Movement(
            "jrn_demo_reload", type=EntryType.RELOAD, currency=config().currency, entries=entries, references={}
        ),
        balances=[card_balances.of(demo.CARD_UID)],
        card_entry_type=EntryType.RELOAD,
    )
    with suppress(operations.ConditionFailed):  # it was loaded before
        operations.commit(*writes)


def _load_customer(mobile_number: str, *, name: str) -> Account:
    """Create a demo customer and return their account."""
    with suppress(AlreadyExists):
        new_accounts.create_customer(mobile_number=mobile_number, password=demo_passwords.CUSTOMER, name=name)
    customer = accounts.find(Portal.WEBAPP, mobile_number)
    if customer is None:
        raise NotFound("The demo customer was not created.")
    return customer
