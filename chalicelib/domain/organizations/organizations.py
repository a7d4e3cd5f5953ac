"""The organizations of Tix: registration of admins, members who join by invite code, and log-ins."""

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib import clock
from chalicelib.domain import timezones
from chalicelib.domain.access import accounts, limits, passwords, sessions
from chalicelib.domain.access.accounts import log_security_event
from chalicelib.domain.access.security_log import note_factors
from chalicelib.domain.access.visitors import Visitor
from chalicelib.domain.organizations import addresses, invitations
from chalicelib.errors import AccountUnverified, AlreadyExists, NotFound, OrganizationFull
from chalicelib.identifiers import new_id
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Login, Member, Organization
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Factor, Portal, TixRole

DEFAULT_TIMEZONE, DEFAULT_PREFIX, DEFAULT_MAX_USERS = "UTC", "TIX", 10


class TixUser(Struct, frozen=True):
    """A user of Tix, as shown to that user."""

    id: str
    email: str
    name: str
    role: str
    organization_id: str


class OwnOrganization(Struct, frozen=True):
    """An organization as its members see it."""

    id: str
    name: str
    timezone: str
    ticket_prefix: str
    logo_url: str | None


class TixUserWithOrganization(TixUser, frozen=True):
    """A user with their organization."""

    email_verified: bool
    organization: OwnOrganization


class TixLogIn(Struct, frozen=True):
    """An access token and its user."""

    token: str
    user: TixUser


class TixRegistration(Struct, frozen=True):
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


def ordered_by(organization_id: str, user_id: str) -> Organization:
    """Return the organization of a user who orders numbers or sheets, in one read.

    Raises NotFound, AccountUnverified where the user has not proven their address.
    """
    places = keys.organizations.organization(organization_id), keys.access.account(user_id)
    found = operations.get_many(places)
    organization, account = (found.get(place) for place in places)
    if not isinstance(organization, Organization):
        raise NotFound
    if organization.needs_proof and (not isinstance(account, Account) or account.address_proven_at is None):
        raise AccountUnverified
    return organization


def register(who: TixRegistration, *, organization: str | None, invite_code: str | None, visitor: Visitor) -> TixLogIn:
    """Create an organization, or join one by invite code, log in, and mail the code that proves the address.

    Raises AlreadyExists where the e-mail address is registered, OrganizationFull, ValidationFailed, RateLimited.
    """
    limits.REGISTRATIONS_OF_ORGANIZATIONS.take(limits.network(visitor.address))
    if invite_code is not None:
        account = join(who, invite_code=invite_code)
    else:
        account = found(who, organization=organization or who.name)
    addresses.send_proof(account, address=visitor.address)
    return logged_in(account, visitor)


def found(
    who: TixRegistration, *, organization: str, timezone: str = DEFAULT_TIMEZONE, needs_proof: bool = True
) -> Account:
    """Create an organization and its admin. Without `needs_proof` its users order without a proven address.

    Raises AlreadyExists where the e-mail address is registered, ValidationFailed.
    """
    organization_id = new_id(invitations.PREFIX)
    account = _account(who, organization_id=organization_id, organization=organization, role=TixRole.ADMIN)
    if not needs_proof:
        account.address_proven_at = account.created_at
    made = Organization(
        *keys.organizations.organization(organization_id),
        organization_id=organization_id,
        name=organization,
        timezone=timezones.require_known(timezone),
        ticket_prefix=DEFAULT_PREFIX,
        max_users=DEFAULT_MAX_USERS,
        members=1,
        admins=1,
        invite_expires_at=invitations.expiry(),
        invite_uses=invitations.USES,
        needs_proof=needs_proof,
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
    invitation = invitations.read(invite_code)
    organization_id = invitation.organization_id
    organization = operations.get(keys.organizations.organization(organization_id))
    if organization is None:
        raise invitations.refusal()
    account = _account(who, organization_id=organization_id, organization=organization.name, role=TixRole.MEMBER)
    _create(account, invitations.spending(invitation))
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
    place = keys.organizations.member(account.organization_id, account.account_id)
    member = Member(*place, user_id=account.account_id, joined_at=account.created_at)
    try:
        operations.commit(
            operations.put(login, Login.pk.does_not_exist()),
            operations.put(account, Account.pk.does_not_exist()),
            of_organization,
            operations.put(member, Member.pk.does_not_exist()),
        )
    except operations.ConditionFailed as failure:
        known = failure.found(Login) if 0 in failure.failures else None
        if known is not None and known.account_id == account.account_id:
            return  # our own first try, whose answer was lost
        if 0 in failure.failures:
            raise AlreadyExists("This address is registered already. Log in with it.") from failure
        organization = failure.found(Organization, 2)
        if organization is None or organization.members < organization.max_users:
            raise invitations.refusal() from failure
        raise OrganizationFull from failure


def log_in(*, email: str, password: str, visitor: Visitor) -> TixLogIn:
    """Start a session, and mail another code where the address is not proven.

    Raises InvalidCredentials, RateLimited, AccountSuspended.
    """
    account = accounts.verify_password(Portal.TIX, email, password, address=visitor.address)
    addresses.send_proof(account, address=None)
    return logged_in(account, visitor)


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
    return TixUserWithOrganization(
        **asdict(user_of(account)), email_verified=account.address_proven_at is not None, organization=shown
    )


def user_of(account: Account) -> TixUser:
    """Return an account as shown to its user."""
    return TixUser(
        id=account.account_id,
        email=account.login,
        name=account.name,
        role=account.role,
        organization_id=account.organization_id,
    )
