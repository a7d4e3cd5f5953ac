"""The platform on which a history begins: staff, two organizers, two shops, four customers, and two events on sale."""

from datetime import timedelta
from typing import Any

from chalicelib import clock
from chalicelib.domain.access import new_accounts
from chalicelib.domain.events import events
from chalicelib.domain.organizers import organizers
from chalicelib.vocabulary.access import AdminRole, UsherRole
from tests.domain.histories.world import Person, World, require
from tests.support import paid_out, sweeps
from tests.support.factories import (
    PASSWORD,
    make_customer,
    make_merchant,
    make_organization,
    make_organizer,
    make_reader,
    make_tix_user,
)
from tests.support.shops import in_stock

GATES = ["North", "South"]


def lay(world: World) -> None:
    """Create what a history begins with."""
    sweeps.begin()
    for role in AdminRole:
        world.staff[role] = _staff(role)
    world.second = _staff(AdminRole.SUPER_ADMIN)
    for ending in ("02", "03"):
        organizer = make_organizer(contact_mobile=world.phone("2"))
        account = {"title": "Lahore Live", "iban": paid_out.iban(ending)}
        organizers.change(organizer.account_id, {"bank_account": account})
        world.organizers.append(Person(organizer, organizer.login))
    for _ in range(2):
        merchant = make_merchant(mobile_number=world.phone("1"))
        world.merchants.append(Person(merchant, merchant.mobile_number))
        for _ in range(4):
            in_stock(merchant.account_id, uid=f"04{world.number():012X}")
    for name in ("Ayesha Khan", "Bilal Ahmed", "Chand Bibi", "Dawud Shah"):
        customer = make_customer(mobile_number=world.phone("0"), name=name)
        world.customers.append(Person(customer, customer.mobile_number))
    owner = make_organization()
    world.tix = [Person(owner), Person(make_tix_user(owner))]
    shares = {"shares": [{"partner": "Ayesha", "percent": "60.00"}, {"partner": "Bilal", "percent": "40.00"}]}
    _done(world, "PUT", "/api/finances/profit-share/", shares)
    venue = _done(world, "POST", "/api/venues/", {"name": "Garden", "city": "Lahore", "gates": GATES})["id"]
    first = timedelta(hours=5)
    put_on(world, venue, after=first, organizer=0, re_entry_allowed=True, scanning_opens_at=clock.to_text(clock.now()))
    put_on(world, venue, after=timedelta(days=3), organizer=0, platform_fee_percent=7.5)
    put_on(world, venue, after=timedelta(days=2), organizer=1, scanning_opens_at=clock.to_text(clock.now()))
    world.settle()


def _staff(role: AdminRole) -> Person:
    number = len(list(AdminRole)) if role is None else role.value
    return Person(new_accounts.create_admin(email=_address(str(number)), password=PASSWORD, name="Staff", role=role))


_made = 0


def _address(name: str) -> str:
    global _made  # each address is used once in a process
    _made += 1
    return f"{name}{_made}@staff.example.com"


def put_on(world: World, venue: str, *, after: timedelta, organizer: int, **more: Any) -> str:
    """Put an event on sale, with ushers and a reader at its gates; return its id."""
    begins = clock.now() + after
    body = {
        "title": "Qawwali Night",
        "category": "music",
        "organizer_id": world.organizers[organizer].id,
        "venue_id": venue,
        "starts_at": clock.to_text(begins),
        "ends_at": clock.to_text(begins + timedelta(hours=4)),
        "timezone": "Asia/Karachi",
        "status": "published",
        "children_enabled": True,
        "refund_deadline": clock.to_text(begins),
        "ticket_categories": [
            {"name": "Standard", "tier": "standard", "price": "1500.00", "capacity": 12, "per_order_limit": 6},
            {"name": "Box", "tier": "VIP", "price": "2333.33", "capacity": 4, "per_order_limit": 3},
            {"name": "Gallery", "tier": "VIP", "price": "1500.00", "capacity": 4, "per_order_limit": 4},
            {"name": "Free", "tier": "free", "price": "0.00", "capacity": 4, "per_order_limit": 2},
        ],
        **more,
    }
    event_id = str(_done(world, "POST", "/api/events/", body)["id"])
    world.event_ids.append(event_id)
    event = events.get(event_id)
    world.ushers[event_id] = [
        Person(
            new_accounts.create_usher(
                username=f"usher{world.number()}",
                password=PASSWORD,
                name="Usher",
                roles=list(UsherRole),
                event_ids=[event_id],
            )
        )
        for _ in range(2)
    ]
    world.readers[event_id] = [make_reader(event, gate="North")]
    return event_id


def _done(world: World, method: str, path: str, body: dict[str, Any]) -> Any:
    answer = world.send(method, path, body, token=world.admin())
    require(answer.status in (200, 201), "the ground can be laid", path, answer.text)
    return answer.json
