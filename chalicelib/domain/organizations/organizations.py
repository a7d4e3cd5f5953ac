"""The organizations of Tix: registration of admins, members who join by invite code, and log-ins.

An invite code contains its organization's id and a generation number, authenticated by a MAC. It is not stored and can
be shown again at any time. Rotation increments the generation, so former codes become invalid.
"""

import base64
import binascii
import hashlib
import hmac
from dataclasses import asdict, dataclass

from ulid import ULID

from chalicelib import clock
from chalicelib.clients.secrets import SESSIONS
from chalicelib.domain.access import accounts, limits, passwords, sessions
from chalicelib.domain.access.accounts import log_security_event
from chalicelib.domain.access.security_log import note_factors
from chalicelib.domain.access.visitors import Visitor
from chalicelib.errors import AlreadyExists, NotFound, OrganizationFull, ValidationFailed
from chalicelib.identifiers import new_id, ulid_of
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login, Organization
from chalicelib.table.operations import Write
from chalicelib.vocabulary import AccountStatus, Factor, Portal, TixRole

DEFAULT_TIMEZONE, DEFAULT_PREFIX, DEFAULT_MAX_USERS = "UTC", "TIX", 10
_PREFIX = "ogn"
_PURPOSE = "invite code"
_MAC_BYTES = 12
_GENERATION_BYTES = 2
_CODE_BYTES = 16 + _GENERATION_BYTES + _MAC_BYTES


@dataclass(frozen=True, slots=True)
class TixUser:
    """A user of Tix, as shown to that user."""

    id: str
    email: str
    name: str
    role: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class OwnOrganization:
    """An organization as its members see it."""

    id: str
    name: str
    timezone: str
    ticket_prefix: str
    logo_url: str | None


@dataclass(frozen=True, slots=True)
class TixUserWithOrganization(TixUser):
    """A user with their organization."""

    organization: OwnOrganization


@dataclass(frozen=True, slots=True)
class TixLogIn:
    """An access token and its user."""

    token: str
    user: TixUser


@dataclass(frozen=True, slots=True)
class TixRegistration:
    """Registration data: the e-mail address for logging in, the password in clear text, the name."""

    email: str
    password: str
    name: str


def get(organization_id: str) -> Organization:
    """Return an organization. Raises NotFound."""
    organization = operations.get(keys.organizations.organization(organization_id))
    if organization is None:
        raise NotFound
    return organization


def register(who: TixRegistration, *, organization: str | None, invite_code: str | None, visitor: Visitor) -> TixLogIn:
    """Create an organization, or join one by invite code, and log in.

    Raises AlreadyExists where the e-mail address is registered, OrganizationFull, ValidationFailed, RateLimited.
    """
    limits.REGISTRATIONS_OF_ORGANIZATIONS.take(limits.network(visitor.address))
    if invite_code is not None:
        return logged_in(join(who, invite_code=invite_code), visitor)
    return logged_in(found(who, organization=organization or who.name), visitor)


def found(who: TixRegistration, *, organization: str, timezone: str = DEFAULT_TIMEZONE) -> Account:
    """Create an organization and its admin.

    Raises AlreadyExists where the e-mail address is registered, ValidationFailed.
    """
    organization_id = new_id(_PREFIX)
    account = _account(who, organization_id=organization_id, organization=organization, role=TixRole.ADMIN)
    made = Organization(
        *keys.organizations.organization(organization_id),
        organization_id=organization_id,
        name=organization,
        timezone=timezone,
        ticket_prefix=DEFAULT_PREFIX,
        max_users=DEFAULT_MAX_USERS,
        members=1,
        created_at=clock.now(),
    )
    _create(account, operations.put(made, Organization.pk.does_not_exist()))
    log_security_event("organization founded", account_id=account.account_id, organization_id=organization_id)
    return account


def join(who: TixRegistration, *, invite_code: str) -> Account:
    """Create a member of the organization of an invite code.

    Raises AlreadyExists where the e-mail address is registered, OrganizationFull, ValidationFailed, also for an
    invalid code.
    """
    organization_id, generation = _unseal(invite_code)
    organization = operations.get(keys.organizations.organization(organization_id))
    if organization is None:
        raise _no_invitation()
    account = _account(who, organization_id=organization_id, organization=organization.name, role=TixRole.MEMBER)
    one_more = operations.change(
        keys.organizations.organization(organization_id),
        [Organization.members.add(1)],
        (Organization.invite_generation == generation) & (Organization.members < Organization.max_users),
    )
    _create(account, one_more)
    log_security_event("member joined", account_id=account.account_id, organization_id=organization_id)
    return account


def _account(who: TixRegistration, *, organization_id: str, organization: str, role: TixRole) -> Account:
    account_id = new_id("usr")
    about = (who.name, who.email, organization)
    return Account(
        *keys.access.account(account_id),
        account_id=account_id,
        portal=Portal.TIX,
        login=who.email.casefold(),
        name=who.name,
        status=AccountStatus.ACTIVE,
        password_hash=passwords.hash_password(who.password, Portal.TIX, about=about),
        role=role,
        organization_id=organization_id,
        created_at=clock.now(),
    )


def _create(account: Account, of_organization: Write) -> None:
    note_factors(Factor.REGISTRATION)
    login = Login(*keys.access.login(account.portal, account.login), account_id=account.account_id)
    try:
        operations.commit(
            operations.put(login, Login.pk.does_not_exist()),
            operations.put(account, Account.pk.does_not_exist()),
            of_organization,
        )
    except operations.ConditionFailed as failure:
        known = failure.found(Login) if 0 in failure.failures else None
        if known is not None and known.account_id == account.account_id:
            return  # our own first try, whose answer was lost
        if 0 in failure.failures:
            raise AlreadyExists("This address is registered already. Log in with it.") from failure
        organization = failure.found(Organization, 2)
        if organization is None or organization.members < organization.max_users:
            raise _no_invitation() from failure
        raise OrganizationFull from failure


def log_in(*, email: str, password: str, visitor: Visitor) -> TixLogIn:
    """Start a session. Raises InvalidCredentials, RateLimited, AccountSuspended."""
    return logged_in(accounts.verify_password(Portal.TIX, email, password, address=visitor.address), visitor)


def logged_in(account: Account, visitor: Visitor) -> TixLogIn:
    """Start a session of an account."""
    return TixLogIn(token=sessions.start(account, visitor=visitor).access, user=user_of(account))


def me(account_id: str, organization_id: str) -> TixUserWithOrganization:
    """Return a user with their organization, in one read. Raises NotFound."""
    places = keys.access.account(account_id), keys.organizations.organization(organization_id)
    found = operations.get_many(places)
    account, organization = (found.get(place) for place in places)
    if not isinstance(account, Account) or not isinstance(organization, Organization):
        raise NotFound
    shown = OwnOrganization(
        id=organization_id,
        name=organization.name,
        timezone=organization.timezone,
        ticket_prefix=organization.ticket_prefix,
        logo_url=organization.logo_url,
    )
    return TixUserWithOrganization(**asdict(user_of(account)), organization=shown)


def user_of(account: Account) -> TixUser:
    """Return an account as shown to its user."""
    return TixUser(
        id=account.account_id,
        email=account.login,
        name=account.name,
        role=account.role,
        organization_id=account.organization_id,
    )


def invite_code(organization: Organization) -> str:
    """Return the current invite code of an organization. Raises NotFound where its id is malformed."""
    ulid = ulid_of(organization.organization_id)
    if ulid is None:
        raise NotFound
    content = ulid.bytes + organization.invite_generation.to_bytes(_GENERATION_BYTES)
    return base64.b32encode(content + _mac(SESSIONS.current(_PURPOSE), content)).decode()


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()[:_MAC_BYTES]


def _unseal(code: str) -> tuple[str, int]:
    """Verify an invite code and return its organization's id and its generation. Raises ValidationFailed."""
    try:
        raw = base64.b32decode(code.strip().upper())
    except (binascii.Error, ValueError) as error:
        raise _no_invitation() from error
    content, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    if len(raw) != _CODE_BYTES or not _is_genuine(content, mac):
        raise _no_invitation()
    organization_id = f"{_PREFIX}_{ULID.from_bytes(content[:-_GENERATION_BYTES])}"
    return organization_id, int.from_bytes(content[-_GENERATION_BYTES:])


def _is_genuine(content: bytes, mac: bytes) -> bool:
    return _was_made(content, mac) or (SESSIONS.read_again() and _was_made(content, mac))


def _was_made(content: bytes, mac: bytes) -> bool:
    genuine = [hmac.compare_digest(_mac(key, content), mac) for key in SESSIONS.candidates(_PURPOSE)]
    return any(genuine)


def _no_invitation() -> ValidationFailed:
    message = "is no invitation, or one that was withdrawn; ask an admin of the organization for the present code"
    return ValidationFailed(details=[{"field": "invite_code", "message": message}])
