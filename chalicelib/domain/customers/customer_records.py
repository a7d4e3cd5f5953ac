"""Customers as staff see and change them. Health and bank data are not shown: they are only in an export.

A change is one transaction with its entry in the audit log, under the version that the caller read.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib import clock
from chalicelib.domain import photos
from chalicelib.domain.access import accounts, lock_outs, notices, otp
from chalicelib.domain.access.notices import Changed, Owner
from chalicelib.domain.audit import acts
from chalicelib.domain.audit.acts import AuditSubject
from chalicelib.domain.lists import pages
from chalicelib.domain.lists.customers import CUSTOMERS
from chalicelib.domain.lists.pages import Asked
from chalicelib.domain.tickets import gifts
from chalicelib.errors import AlreadyExists, Conflict, InvalidState, NotFound, Unavailable
from chalicelib.observability import logger
from chalicelib.table import keys, operations, retries
from chalicelib.table.items import Account, Login, Profile
from chalicelib.table.operations import Write
from chalicelib.vocabulary.access import AccountStatus, Portal

_OF_ACCOUNT = ("name", "mobile_number", "labels")
_OF_PROFILE = ("email", "date_of_birth")
_ENTITY = "customer"
# How many customers whose address begins alike are compared.
_SAME_ADDRESS = 25


class CustomerRecord(Struct, frozen=True):
    """A customer as staff see them; `version` changes with each field that staff can change."""

    id: str
    name: str
    mobile_number: str | None
    email: str | None
    date_of_birth: str | None
    photo_url: str | None
    labels: list[str]
    status: AccountStatus
    fee_paid: bool
    created_at: datetime
    version: int


def get(customer_id: str) -> CustomerRecord:
    """Return a customer, with one read. Raises NotFound."""
    return shown(*_read(customer_id))


def shown(account: Account, profile: Profile | None) -> CustomerRecord:
    """Return the record of an account and its profile."""
    return CustomerRecord(
        id=account.account_id,
        name=account.name,
        mobile_number=account.mobile_number,
        email=profile.email if profile else None,
        date_of_birth=profile.date_of_birth if profile else None,
        photo_url=photos.link(profile.photo_key) if profile and profile.photo_key else None,
        labels=[str(label) for label in account.labels or []],
        status=account.status,
        fee_paid=bool(profile and profile.fee_paid),
        created_at=account.created_at,
        version=account.version,
    )


def change(customer_id: str, changes: Mapping[str, Any], *, version: int) -> CustomerRecord:
    """Change the given fields and return the whole record; None clears a field.

    Another number moves the log-in, ends all sessions and codes of the old one, and both numbers are notified. Raises
    NotFound, Conflict for a stale version (with the present state), AlreadyExists for a number that another customer
    has, InvalidState for an erased customer, Unavailable.
    """
    account, profile = _read(customer_id)
    require_not_erased(account)
    before = shown(account, profile)
    if before.version != version:
        raise _stale(before)
    asked = {name: _stored(value) for name, value in changes.items()}
    new = {name: value for name, value in asked.items() if value != getattr(before, name)}
    if not new:
        return before
    if new.get("email"):
        _require_free(new["email"], customer_id)
    renumbering = _renumbering(account, new["mobile_number"]) if "mobile_number" in new else []
    subject = AuditSubject(
        _ENTITY, customer_id, before={name: getattr(before, name) for name in new}, after=new, personal_to=customer_id
    )
    writes = [_account_change(account, new), *_profile_change(customer_id, new), *renumbering]
    try:
        acts.commit(*writes, subject=subject)
    except operations.ConditionFailed as failure:
        if 0 not in failure.failures:
            raise AlreadyExists("Another customer logs in with this number.") from failure
        # Another change, or an earlier try of this one.
        raise _stale(get(customer_id)) from failure
    logger.info("customer changed by staff", extra={"customer_id": customer_id, "fields": sorted(new)})
    if renumbering:
        _follow_number(account, profile, new["mobile_number"])
    return get(customer_id)


def set_status(customer_id: str, status: AccountStatus, *, reason: str) -> CustomerRecord:
    """Activate, suspend or block a customer; unless activated, all sessions end at once.

    The status that the customer has already changes nothing. Tickets and cards never change: a gate asks for the
    ticket, and staff withdraw a ticket or a card by its own route. Raises NotFound, InvalidState for an erased
    customer, Unavailable.
    """
    for _ in retries.attempts():
        account, _ = _read(customer_id)
        require_not_erased(account)
        if account.status == status:
            return get(customer_id)
        actions: list[Action] = [Account.status.set(status), Account.version.add(1)]
        ending: list[Write] = []
        if status is not AccountStatus.ACTIVE:
            actions += [Account.sessions_end_before.set(clock.now()), Account.kept_session_id.remove()]
            ending = lock_outs.revocations(Portal.WEBAPP, customer_id)
        subject = AuditSubject(
            _ENTITY,
            customer_id,
            before={"status": account.status},
            after={"status": status, "reason": reason},
            personal_to=customer_id,
        )
        changed = operations.change(keys.access.account(customer_id), actions, Account.status == account.status)
        try:
            acts.commit(changed, *ending, subject=subject)
        except operations.ConditionFailed:
            continue  # another status was set after the read
        lock_outs.forget()
        accounts.log_security_event("customer status changed", account_id=customer_id, status=status)
        return get(customer_id)
    raise Unavailable(retry_after=1)


def account(customer_id: str) -> Account:
    """Return the account of a customer. Raises NotFound, also for another portal's account."""
    return _read(customer_id)[0]


def require_not_erased(account: Account) -> None:
    """Raise InvalidState for a customer whose personal data is erased, or being erased."""
    if account.status == AccountStatus.ERASED:
        raise InvalidState("This customer is erased. Nothing of them can be changed any more.")


def _read(customer_id: str) -> tuple[Account, Profile | None]:
    places = keys.access.account(customer_id), keys.customers.profile(customer_id)
    found = operations.get_many(places)
    account, profile = found.get(places[0]), found.get(places[1])
    if not isinstance(account, Account) or account.portal != Portal.WEBAPP:
        raise NotFound("There is no such customer.")
    return account, profile if isinstance(profile, Profile) else None


def _require_free(email: str, customer_id: str) -> None:
    """Raise AlreadyExists where another customer has this e-mail address.

    Customers enter theirs without proof, and families share one, so this is no rule of the table: staff must not give
    one person's notices to another by mistake (D-ERA-02).
    """
    asked = Asked(caller_id=customer_id, page_size=_SAME_ADDRESS, search=email)
    found = pages.page(CUSTOMERS, asked).results
    if any((one.email or "").casefold() == email.casefold() and one.account_id != customer_id for one in found):
        raise AlreadyExists("Another customer has this e-mail address.")


def _stored(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _stale(present: CustomerRecord) -> Conflict:
    names = (*_OF_ACCOUNT, *_OF_PROFILE, "status", "version")
    return Conflict.stale("The customer", {name: getattr(present, name) for name in names})


def _account_change(account: Account, new: Mapping[str, Any]) -> Write:
    """Return the change of the account under its version; it fails where the account is not as it was read."""
    actions: list[Action] = [Account.version.add(1)]
    if "name" in new:
        actions.append(Account.name.set(new["name"]))
    if "email" in new:
        actions.append(Account.email.set(new["email"]) if new["email"] else Account.email.remove())
    if "labels" in new:
        actions.append(Account.labels.set(list(new["labels"])) if new["labels"] else Account.labels.remove())
    if "mobile_number" in new:
        number = new["mobile_number"]
        actions += [
            Account.mobile_number.set(number),
            Account.login.set(number),
            Account.sessions_end_before.set(clock.now()),
            Account.kept_session_id.remove(),
        ]
    return operations.change(keys.access.account(account.account_id), actions, _as_read(account))


def _as_read(account: Account) -> Condition:
    same: Condition = (Account.status == account.status) & (Account.login == account.login)
    is_version: Condition = Account.version == account.version
    if not account.version:
        # Accounts of earlier releases have none.
        is_version |= Account.version.does_not_exist()
    both: Condition = same & is_version
    return both


def _profile_change(customer_id: str, new: Mapping[str, Any]) -> list[Write]:
    named = {name: new[name] for name in _OF_PROFILE if name in new}
    if not named:
        return []
    attributes = {name: getattr(Profile, name) for name in named}
    actions: list[Action] = [
        *(attributes[name].remove() if value is None else attributes[name].set(value) for name, value in named.items()),
        Profile.kind.set(Profile),
        Profile.customer_id.set(customer_id),
    ]
    return [operations.change(keys.customers.profile(customer_id), actions)]


def _renumbering(account: Account, mobile_number: str) -> list[Write]:
    """Return the writes that move a log-in to another number: they end the codes and sessions of the old one."""
    portal, old = account.portal, account.login
    login = Login(*keys.access.login(portal, mobile_number), account_id=account.account_id)
    return [
        operations.put(login, Login.pk.does_not_exist()),
        operations.remove(keys.access.login(portal, old), Login.account_id == account.account_id),
        *otp.voiding(portal, old),
        *lock_outs.revocations(portal, account.account_id),
    ]


def _follow_number(account: Account, profile: Profile | None, mobile_number: str) -> None:
    """Do what follows the change of a number: end caches, notify both numbers, and claim gifts for the new one."""
    lock_outs.forget()
    accounts.log_security_event("number changed", account_id=account.account_id)
    notices.send(notices.owner_with(account, profile), Changed.NUMBER)
    notices.send(Owner(account.account_id, account.portal, mobile_number, None), Changed.NUMBER)
    try:
        gifts.claim_all(accounts.get(account.account_id))
    except Unavailable:
        # They are claimed at the next log-in.
        logger.warning("gifts not claimed now", extra={"customer_id": account.account_id})
