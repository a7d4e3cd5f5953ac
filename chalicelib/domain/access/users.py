"""Users of the portals as staff manage them: organizers, merchants, ushers and members of staff.

A route's guard admits every role that may change some kind of user. Which kinds is decided here, by the role that the
member of staff has at the moment of the write: the transaction checks it.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain.access import accounts, new_accounts, notices, password_links, permissions
from chalicelib.domain.access.permissions import Permission
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.events import events
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.lists.users import USERS
from chalicelib.domain.paging import Page
from chalicelib.errors import Forbidden, InvalidCursor, InvalidState, NotFound, ValidationFailed
from chalicelib.table import keys, operations
from chalicelib.table.items import Account, Item, MerchantSettings, OrganizerProfile
from chalicelib.table.operations import Write
from chalicelib.table.places import Place
from chalicelib.vocabulary.access import AccountStatus, AdminRole, Portal, UserType, UsherRole

# What a role must grant to change users of a portal.
_NEEDED = {
    Portal.ADMIN: Permission.OWN,
    Portal.ORGANIZER: Permission.MANAGE,
    Portal.MERCHANT: Permission.MANAGE,
    Portal.USHER: Permission.USHERS,
}
# What a new user of each kind needs beside a name: the attribute, and the field of the body.
_REQUIRED = {
    UserType.ORGANIZER: {"mobile_number": "contact_mobile"},
    UserType.MERCHANT: {"mobile_number": "mobile_number"},
    UserType.USHER: {name: name for name in ("username", "password", "roles", "event_ids")},
    UserType.ADMIN: {"email": "email", "role": "role"},
}
# Portals whose accounts staff check, before a payout or stock.
CHECKED = (Portal.ORGANIZER, Portal.MERCHANT)


class UserAssignment(Struct, frozen=True):
    """An event that an usher is assigned to."""

    event_id: str
    title: str
    starts_at: datetime


class User(Struct, frozen=True):
    """A user as staff see them; fields that their kind does not have are None, or empty."""

    id: str
    type: UserType
    name: str
    email: str | None
    mobile_number: str | None
    username: str | None
    role: AdminRole | None
    roles: list[UsherRole]
    event_ids: list[str]
    status: AccountStatus
    verified: bool
    verified_at: datetime | None
    second_factor: bool
    created_at: datetime
    version: int
    assignments: list[UserAssignment]


class NewUser(Struct, frozen=True):
    """A user to create. Without a password a link to set one is sent."""

    type: UserType
    name: str
    email: str | None = None
    mobile_number: str | None = None
    username: str | None = None
    password: str | None = None
    role: AdminRole | None = None
    roles: Sequence[UsherRole] | None = None
    event_ids: Sequence[str] | None = None


def show(user_id: str, *, by: str) -> User:
    """Return a user. Raises NotFound, Forbidden (a role that handles ushers only)."""
    account = get(user_id)
    require_may_see(by, account.portal)
    return shown([account])[0]


def require_may_see(by: str, portal: Portal) -> None:
    """Raise Forbidden if a member of staff may not see users of a portal."""
    role = accounts.get(by).role
    if portal is not Portal.USHER and not permissions.may(role, Permission.READ):
        raise Forbidden("Your role handles ushers only.")


def page(asked: Asked, *, only: UserType | None = None, with_events: bool = False) -> Page[User]:
    """Return a page of users, of one type where `only` names it; roles that handle ushers only see only these.

    Raises InvalidCursor, ValidationFailed.
    """
    if only is None and not permissions.may(accounts.get(asked.caller_id).role, Permission.READ):
        only = UserType.USHER
    if only is not None:
        asked = _of_type(asked, only)
    if only is UserType.ORGANIZER and "event_id" in asked.filters:
        return Page(results=shown(_organizer_of_event(asked), with_events=with_events))
    found = pages.page(USERS, asked)
    return found.showing(shown(found.results, with_events=with_events))


def selected(asked: Asked, only: UserType) -> Asked:
    """Return what an export of the users of one type selects. Raises ValidationFailed."""
    if only is UserType.ORGANIZER and "event_id" in asked.filters:
        message = "names one organizer; read the list, or export it without"
        raise ValidationFailed(details=[{"field": "event_id", "message": message}])
    return _of_type(asked, only)


def _of_type(asked: Asked, only: UserType) -> Asked:
    if asked.filters.get("type", only) != only:
        raise ValidationFailed(details=[{"field": "type", "message": f"this list has {only}s only"}])
    return replace(asked, filters={**asked.filters, "type": only})


def _organizer_of_event(asked: Asked) -> list[Account]:
    """Return the organizer of the event that is asked for, if they fit the rest: the event names them.

    Raises InvalidCursor: there is no second page.
    """
    if asked.cursor is not None:
        raise InvalidCursor
    event = operations.get(keys.events.event(str(asked.filters["event_id"])), consistent=False)
    if event is None or event.organizer_id is None:
        return []
    found = operations.get(keys.access.account(event.organizer_id))
    rest = replace(asked, filters={name: value for name, value in asked.filters.items() if name != "event_id"})
    return [found] if found is not None and pages.fits(USERS, rest, found) else []


def get(user_id: str) -> Account:
    """Return the account of a user whom staff manage. Raises NotFound."""
    account = accounts.get(user_id)
    if account.portal not in _NEEDED:
        raise NotFound
    return account


def create(new: NewUser, *, by: str) -> User:
    """Create a user, and send them a link to set their password where none is given.

    Raises Forbidden, AlreadyExists (the log-in), ValidationFailed (a weak password, an unknown event).
    """
    actor = acting(by, Portal(new.type))
    account = _made(new)
    link = password_links.make(account.account_id) if new.password is None else None
    if link is not None:
        account.link_hash, account.link_until = link.hash, link.until
    details = _details(account, new.email)
    if details is not None:
        account.email = new.email
    try:
        acts.commit(
            *new_accounts.creation(account),
            *([operations.put(details, type(details).pk.does_not_exist())] if details else []),
            still(actor),
            subject=AuditSubject("user", account.account_id, after=state(account, new.email)),
        )
    except operations.ConditionFailed as failure:
        if 0 in failure.failures:
            raise new_accounts.name_taken() from failure
        raise role_changed() from failure
    accounts.log_security_event("user created", account_id=account.account_id, by=by)
    if link is not None:
        password_links.send(link, account, notices.owner_with(account, details))
    return shown([account], {account.account_id: details})[0]


def _require_complete(new: NewUser) -> None:
    missing = [field for name, field in _REQUIRED[new.type].items() if getattr(new, name) is None]
    if missing:
        raise ValidationFailed(details=[{"field": f, "message": f"is required for {new.type}s"} for f in missing])


def _made(new: NewUser) -> Account:
    """Return the account of a new user, not yet written."""
    _require_complete(new)
    if new.type is UserType.USHER:
        event_ids = list(dict.fromkeys(new.event_ids or ()))
        require_events(event_ids)
        account, _ = new_accounts.usher(
            username=new.username or "",
            password=str(new.password),
            name=new.name,
            roles=list(dict.fromkeys(new.roles or ())),
            event_ids=event_ids,
            email=new.email,
        )
    elif new.type is UserType.ADMIN:
        role = AdminRole(str(new.role))
        account, _ = new_accounts.admin(email=str(new.email), password=new.password, name=new.name, role=role)
    else:
        number, portal = str(new.mobile_number), Portal(new.type)
        account, _ = new_accounts.partner(portal, mobile_number=number, password=new.password, name=new.name)
    return account


def require_events(event_ids: Sequence[str]) -> None:
    """Raise ValidationFailed if one of these events does not exist, naming it."""
    known = {event.event_id for event in events.get_many(list(event_ids))}
    unknown = [event_id for event_id in event_ids if event_id not in known]
    if unknown:
        raise ValidationFailed(details=[{"field": "event_ids", "message": f"there is no event {unknown[0]}"}])


def acting(by: str, portal: Portal) -> Account:
    """Return the member of staff who acts. Raises Forbidden if their present role may not change users of a portal."""
    actor = accounts.get(by)
    if actor.status != AccountStatus.ACTIVE or not permissions.may(actor.role, _NEEDED[portal]):
        only = "a super_admin" if portal is Portal.ADMIN else "an administrator"
        raise Forbidden(f"Only {only} may change users of this kind.")
    return actor


def still(actor: Account) -> Write:
    """Return the condition that a member of staff is active and has the role that was checked."""
    return operations.check(actor.place, (Account.status == AccountStatus.ACTIVE) & (Account.role == actor.role))


def role_changed() -> Forbidden:
    """Return the refusal where the acting member's role changed during the request."""
    return Forbidden("Your role has changed. Log in again.")


def _details(account: Account, email: str | None) -> OrganizerProfile | MerchantSettings | None:
    if account.portal == Portal.ORGANIZER:
        place = keys.organizers.profile(account.account_id)
        return OrganizerProfile(*place, organizer_id=account.account_id, email=email)
    if account.portal == Portal.MERCHANT:
        return MerchantSettings(
            *keys.merchants.settings(account.account_id), merchant_id=account.account_id, email=email
        )
    return None


def details_place(account: Account) -> Place[Any] | None:
    """Return where the e-mail address of an organizer or merchant is, None for other users."""
    details = _details(account, None)
    return details.place if details else None


def emailed(account: Account, email: str | None) -> list[Action]:
    """Return the changes of the details of an organizer or merchant that set or clear the e-mail address."""
    item = type(_details(account, None))
    if item is OrganizerProfile:
        own = [OrganizerProfile.kind.set(OrganizerProfile), OrganizerProfile.organizer_id.set(account.account_id)]
        return [*own, OrganizerProfile.email.set(email) if email else OrganizerProfile.email.remove()]
    own = [MerchantSettings.kind.set(MerchantSettings), MerchantSettings.merchant_id.set(account.account_id)]
    return [*own, MerchantSettings.email.set(email) if email else MerchantSettings.email.remove()]


def copied_email(email: str | None) -> Action:
    """Return the change of a partner's account that goes with one of the details' e-mail address: lists find it."""
    return Account.email.set(email) if email else Account.email.remove()


def own_changes(account_id: str, changes: Mapping[str, Any]) -> list[Write]:
    """Return the writes of a partner's account that go with their own changes of name and e-mail address."""
    actions: list[Action] = [Account.name.set(changes["name"])] if "name" in changes else []
    if "email" in changes:
        actions.append(copied_email(changes["email"]))
    if not actions:
        return []
    place = keys.access.account(account_id)
    return [operations.change(place, [*actions, Account.version.add(1)], Account.pk.exists())]


def email_of(account: Account, details: Item | None) -> str | None:
    """Return the e-mail address of a user, by their details."""
    if isinstance(details, OrganizerProfile | MerchantSettings):
        return details.email
    return account.login if account.portal == Portal.ADMIN else account.email


def state(account: Account, email: str | None) -> dict[str, Any]:
    """Return what staff may change of a user, as the audit log and a refused change show it."""
    common = {"name": account.name, "email": email, "status": str(account.status)}
    if account.portal == Portal.ADMIN:
        return {**common, "role": account.role}
    if account.portal == Portal.USHER:
        return {**common, "roles": list(account.roles or []), "event_ids": list(account.event_ids or [])}
    return common


def shown(
    found: Sequence[Account], details: Mapping[str, Item | None] | None = None, *, with_events: bool = False
) -> list[User]:
    """Return users as staff see them: one read for the e-mail addresses, one more for the events of ushers."""
    known = details if details is not None else details_of(found)
    ids = sorted({str(event_id) for account in found for event_id in account.event_ids or []}) if with_events else []
    by_id = {event.event_id: UserAssignment(event.event_id, event.title, event.starts_at) for event in _events(ids)}
    return [
        _shown(
            account,
            email_of(account, known.get(account.account_id)),
            [by_id[str(each)] for each in account.event_ids or [] if str(each) in by_id],
        )
        for account in found
    ]


def _events(event_ids: list[str]) -> list[Any]:
    return events.get_many(event_ids) if event_ids else []


def details_of(found: Sequence[Account]) -> dict[str, Item | None]:
    """Return the items with the e-mail addresses of these users, by account id."""
    places = {account.account_id: place for account in found if (place := details_place(account))}
    items = operations.get_many(places.values()) if places else {}
    return {account_id: items.get(place) for account_id, place in places.items()}


def _shown(account: Account, email: str | None, assignments: list[UserAssignment]) -> User:
    return User(
        id=account.account_id,
        type=UserType(account.portal),
        name=account.name,
        email=email,
        mobile_number=account.mobile_number,
        username=account.login if account.portal == Portal.USHER else None,
        role=AdminRole(account.role) if account.role else None,
        roles=[UsherRole(role) for role in account.roles or []],
        event_ids=[str(event_id) for event_id in account.event_ids or []],
        status=account.status,
        verified=account.verified_at is not None,
        verified_at=account.verified_at,
        second_factor=account.totp_sealed is not None,
        created_at=account.created_at,
        version=account.version,
        assignments=assignments,
    )


def verify(user_id: str, *, by: str) -> User:
    """Mark an organizer or a merchant as checked by a member of staff. Idempotent: the first check stays.

    Raises NotFound, Forbidden, InvalidState (another kind of user).
    """
    account = get(user_id)
    if account.portal not in CHECKED:
        raise InvalidState(f"Only organizers and merchants are verified; this is a user of {account.portal}.")
    acting(by, account.portal)
    mark_verified(account, by=by)
    return shown([accounts.get(user_id)])[0]


def mark_verified(account: Account, *, by: str) -> None:
    """Write that an organizer or a merchant was checked, if nobody has checked them yet."""
    if account.verified_at is not None:
        return
    now = clock.now()
    change = operations.change(
        account.place,
        [Account.verified_at.set(now), Account.verified_by.set(by), Account.version.add(1)],
        Account.pk.exists() & Account.verified_at.does_not_exist(),
    )
    after = {"verified_at": clock.to_text(now)}
    # Where it fails, another check was first, or an earlier try of this one.
    with suppress(operations.ConditionFailed):
        acts.commit(change, subject=AuditSubject("user", account.account_id, before={"verified_at": None}, after=after))
