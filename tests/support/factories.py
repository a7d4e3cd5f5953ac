"""Test data, made through the domain, with defaults that a test changes only where it is about them."""

import base64
import itertools
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import jwt
import pyotp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chalicelib import clock
from chalicelib.domain.access import accounts, devices, new_accounts, second_factor, sessions, users
from chalicelib.domain.cards import cards
from chalicelib.domain.cards.cards import CardRegistration
from chalicelib.domain.events import events
from chalicelib.domain.organizations import invitations, organizations
from chalicelib.domain.organizations.organizations import TixRegistration
from chalicelib.domain.tickets import tickets
from chalicelib.domain.tickets.tickets import Holder, TicketToIssue
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Card, Event, Organization, Ticket
from chalicelib.vocabulary.access import AdminRole, UsherRole
from chalicelib.vocabulary.cards import CardStatus, CardType
from chalicelib.vocabulary.tickets import TicketStatus

PASSWORD = "a long enough password"
_numbers = itertools.count(1)


def unused_number(series: str = "0") -> str:
    """Return a Pakistani mobile number that this process has not used; `series` is one digit."""
    return f"+9230{series}{next(_numbers):07}"


def make_event(**changes: Any) -> Event:
    """Create an event whose gates are open now."""
    now = clock.now()
    settings = {"title": "Concert", "starts_at": now, "ends_at": now + timedelta(hours=6), "gates": ["Gate 1"]}
    return events.create(events.EventDraft(**{**settings, **changes}))


def make_ticket(event: Event, *, name: str = "Ayesha Khan", status: TicketStatus = TicketStatus.VALID) -> Ticket:
    """Issue a ticket."""
    number = uuid.uuid4().hex[:8].upper()
    return tickets.issue(
        TicketToIssue(event_id=event.event_id, holder=Holder(name=name), number=number, tier="VIP", status=status)
    )


def make_card(
    *opens: Ticket, status: CardStatus = CardStatus.ACTIVE, card_type: CardType = CardType.UID, uid: str | None = None
) -> Card:
    """Register a card that opens these tickets, the holder's first."""
    bound: dict[str, list[str]] = {}
    for ticket in opens:
        bound.setdefault(ticket.event_id, []).append(ticket.ticket_id)
    uid = uid or f"04{uuid.uuid4().hex[:12]}"
    return cards.register(CardRegistration(uid=uid, type=card_type, status=status, tickets=bound))


def make_usher(
    event: Event, *, username: str | None = None, roles: tuple[UsherRole, ...] = (UsherRole.USHERING,)
) -> Account:
    """Create an usher with an assignment to the event."""
    name = username or f"usher-{uuid.uuid4().hex[:8]}"
    return new_accounts.create_usher(
        username=name, password=PASSWORD, name=name, roles=list(roles), event_ids=[event.event_id]
    )


def usher_token(event: Event, usher: Account | None = None) -> str:
    """Return an access token of an usher at the event."""
    return sessions.start(usher or make_usher(event), event_id=event.event_id).access


def admin_token(role: AdminRole = AdminRole.SUPER_ADMIN) -> str:
    """Return an access token of a member of staff."""
    email = f"{uuid.uuid4().hex}@example.com"
    return sessions.start(new_accounts.create_admin(email=email, password=PASSWORD, name="Staff", role=role)).access


def make_customer(*, mobile_number: str | None = None, name: str = "Ayesha Khan") -> Account:
    """Create a customer whose number is proven."""
    number = mobile_number or unused_number("0")
    return new_accounts.create_customer(mobile_number=number, password=PASSWORD, name=name)


def make_merchant(*, mobile_number: str | None = None, name: str = "Liberty Books") -> Account:
    """Create a merchant whom staff have verified."""
    number = mobile_number or unused_number("1")
    return verified(new_accounts.create_merchant(mobile_number=number, password=PASSWORD, name=name))


def make_organizer(*, contact_mobile: str | None = None, name: str = "Lahore Live") -> Account:
    """Create an organizer whom staff have verified."""
    number = contact_mobile or unused_number("2")
    return verified(new_accounts.create_organizer(contact_mobile=number, password=PASSWORD, name=name))


def verified(partner: Account) -> Account:
    """Mark an organizer or a merchant as checked by staff."""
    users.mark_verified(partner, by="adm_test")
    return accounts.get(partner.account_id)


def make_organization(*, name: str = "Lahore Marathon", max_users: int = 10, timezone: str = "UTC") -> Account:
    """Found an organization with its own tickets; return its admin."""
    email = f"{uuid.uuid4().hex}@tix.example.com"
    admin = organizations.found(
        TixRegistration(email=email, password=PASSWORD, name="Owner"), organization=name, timezone=timezone
    )
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.max_users.set(max_users)]))
    return prove_address(admin)


def make_tix_user(admin: Account, *, email: str | None = None) -> Account:
    """Register a user who joins the organization of an admin and proves their address."""
    place = keys.organizations.organization(admin.organization_id)
    operations.record(operations.change(place, [Organization.invite_uses.set(10)]))
    address = email or f"{uuid.uuid4().hex}@tix.example.com"
    who = TixRegistration(email=address, password=PASSWORD, name="Member")
    return prove_address(organizations.join(who, invite_code=invite_code(admin)))


def invite_code(admin: Account) -> str:
    """Return the present invite code of an admin's organization."""
    code = invitations.code(organizations.get(admin.organization_id))
    assert code is not None
    return code


def prove_address(user: Account) -> Account:
    """Note that a user of Tix has proven their address."""
    user.address_proven_at = clock.now()
    proven = Account.address_proven_at.set(user.address_proven_at)
    operations.record(operations.change(keys.access.account(user.account_id), [proven]))
    return user


def token_of(account: Account) -> str:
    """Return an access token of a merchant, an organizer or a user of Tix."""
    return sessions.start(account).access


def customer_token(customer: Account) -> str:
    """Return an access token of a customer."""
    return sessions.start(customer).access


@dataclass(frozen=True)
class Reader:
    """An enrolled device with its own key."""

    device_id: str
    key: Ed25519PrivateKey

    def assertion(self, **changes: Any) -> str:
        """Return the JWT by which the device proves itself."""
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.device_id,
            "sub": self.device_id,
            "aud": devices.ASSERTION_AUDIENCE,
            "iat": now,
            "exp": now + 60,
            "jti": uuid.uuid4().hex,
        }
        return jwt.encode({**claims, **changes}, self.key, algorithm="EdDSA", headers={"typ": "device-assertion+jwt"})

    def token(self) -> str:
        """Return an access token."""
        return devices.token(device_id=self.device_id, assertion=self.assertion())


def public(key: Ed25519PrivateKey) -> str:
    """Return a public key as the wire carries it."""
    return base64.urlsafe_b64encode(key.public_key().public_bytes_raw()).decode().rstrip("=")


def make_reader(event: Event, *, gate: str = "Gate 1") -> Reader:
    """Provision and enrol a device."""
    made = devices.provision(event_id=event.event_id, gate_name=gate, name="Reader", by="adm_test")
    key = Ed25519PrivateKey.generate()
    devices.enroll(code=made.enrollment_code, public_key=public(key), address="192.0.2.7")
    return Reader(made.device_id, key)


def scan_id() -> str:
    """Return a fresh scan id."""
    return f"scn_{uuid.uuid4().hex}"


def at(text: str) -> datetime:
    """Return a moment from RFC 3339."""
    return datetime.fromisoformat(text)


def second_factor_codes(secret: str, moment: datetime, *, steps: int = 1) -> set[str]:
    """Return the codes of a second factor at a moment and at so many time steps before and after it."""
    return {pyotp.TOTP(secret).at(moment, counter_offset=step) for step in range(-steps, steps + 1)}


def wrong_second_factor(secret: str, moment: datetime) -> str:
    """Return six digits that are no code of a second factor within five minutes of a moment."""
    right = second_factor_codes(secret, moment, steps=10)
    return next(code for code in map("{:06}".format, itertools.count()) if code not in right)


def with_second_factor(admin: Account) -> str:
    """Switch on the second factor of a member of staff, some minutes ago; return its secret."""
    return with_recovery_codes(admin)[0]


def with_recovery_codes(admin: Account) -> tuple[str, list[str]]:
    """Switch the second factor on, some minutes ago; return its secret and its recovery codes."""
    step: Any = partial(second_factor.set_up, admin.account_id, current=None, address="192.0.2.200")
    with clock.set_to(clock.now() - timedelta(minutes=5)):
        secret = step(code=None).secret
        state = step(code=pyotp.TOTP(secret).at(clock.now()))
    return secret, state.recovery_codes
